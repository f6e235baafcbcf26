"""Training runs: requests to train, as rows with a lifecycle; the message only wakes a worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from django.db import models, transaction
from numpy.typing import NDArray

from labeling import gate, jobs, run_files
from labeling.export.training_set import VOTES, control_labels, write_training_set
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.prediction import Prediction
from labeling.models.promotion import Promotion
from labeling.models.work import FINISHED, RunStatus, WorkerJob, WorkerJobQuerySet
from labeling.plain_json import finite

_SILENT = (nan,) * 4
"""In place of the probabilities of a network that says nothing of a candidate."""


class Preset(models.TextChoices):
    """The classifier's configurations by name; their contents live in `classifier.PRESETS`."""

    PAPER_RESNET18 = "paper-resnet18", "as in the paper, ResNet18"
    PAPER_VGG19BN = "paper-vgg19bn", "as in the paper, VGG19-BN"
    STARCNET = "starcnet", "StarcNet's architecture, from random weights"
    QUICK = "quick", "quick: small input, few members, minutes on a CPU"

    @property
    def members(self) -> int:
        """Number of networks that it trains."""
        return 3 if self == Preset.QUICK else 10


class TrainingRunQuerySet(WorkerJobQuerySet["TrainingRun"]):
    """The verb that makes runs."""

    @transaction.atomic
    def request(
        self,
        requested_by: Any,
        preset: str,
        *,
        fields: Iterable[Field] = (),
        label_source: str = VOTES,
        overrides: Mapping[str, Any] | None = None,
    ) -> TrainingRun:
        """Freeze the labels as they are now and queue a run on them.

        No fields means all of them. Raises `training_set.NotTrainable`, with what to do, when
        fewer than two classes are labelled; nothing is left behind then.
        """
        chosen = list(fields) or list(Field.objects.all())
        run = self.create(
            requested_by=requested_by,
            preset=preset,
            label_source=label_source,
            overrides=dict(overrides or {}),
        )
        run.fields.set(chosen)
        frozen = write_training_set(run.manifest_path, chosen, label_source)
        run.manifest_sha256, run.label_counts = frozen.sha256, frozen.label_counts
        run.save(update_fields=["manifest_sha256", "label_counts"])
        jobs.start(jobs.TRAIN, run.pk)
        return run


class TrainingRun(WorkerJob):
    """One request to train an ensemble: configuration, frozen labels, progress, outcome."""

    fields = models.ManyToManyField(Field, related_name="runs")
    preset = models.CharField(choices=Preset, max_length=32)
    overrides = models.JSONField(default=dict, blank=True)
    label_source = models.CharField(max_length=80, default=VOTES)
    manifest_sha256 = models.CharField("sha256 of the training set", max_length=64)
    label_counts = models.JSONField(default=dict, help_text="Labels by sample and class.")
    outcome = models.JSONField(default=dict, help_text="Device, weights, history, metrics.")
    verdict = models.JSONField(default=dict, help_text="What the gate said of it, the last time.")

    objects = TrainingRunQuerySet.as_manager()

    task = jobs.TRAIN

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def directory(self) -> Path:
        """Where the run keeps its training set and its members."""
        return run_files.directory(self.pk)

    @property
    def manifest_path(self) -> Path:
        """The frozen training set."""
        return self.directory / "training_set.csv"

    @property
    def embeddings_path(self) -> Path:
        """What its members see of each candidate."""
        return run_files.embeddings(self.pk)

    @property
    def n_learnt(self) -> int:
        """Number of labels that it was trained on."""
        return sum(self.label_counts.get("train", {}).values())

    @property
    def figures(self) -> list[str]:
        """Names of the figures that were drawn at its end; none of runs before figures were."""
        names: list[str] = self.outcome.get("figures", [])
        return names

    @property
    def promoted_fields(self) -> models.QuerySet[Field]:
        """Fields whose queue and exports use this run."""
        return Field.objects.filter(promoted_run=self)

    @property
    def may_go_live(self) -> bool:
        """Whether it has ended well and some field of its own uses another run, or none."""
        elsewhere = self.fields.exclude(promoted_run=self)
        return self.status in FINISHED and elsewhere.exists()

    def request_again(self, requested_by: Any) -> TrainingRun:
        """Queue the same configuration on the labels of today."""
        return TrainingRun.objects.request(
            requested_by,
            self.preset,
            fields=self.fields.all(),
            label_source=self.label_source,
            overrides=self.overrides,
        )

    @property
    def control_labels(self) -> dict[int, int]:
        """Labels of the control sample by candidate: as frozen, else our experts' of today."""
        if self.manifest_sha256:
            return control_labels(self.manifest_path)
        settled = Candidate.objects.filter(field__in=self.fields.all(), control=True)
        labels = settled.values_list("pk", "consensus__label")
        return {pk: label for pk, label in labels if label is not None}

    def judge(self) -> None:
        """Let the gate say whether it may go live, beside what its fields use now."""
        labels = self.control_labels
        measured = Prediction.objects.filter(
            candidate__control=True, candidate__field__in=self.fields.all()
        )
        mine = _probabilities(measured.filter(run=self))
        live = _probabilities(measured.promoted().exclude(run=self))
        labelled = [candidate for candidate in mine if candidate in labels]
        verdict = gate.judge(
            np.array([labels[candidate] for candidate in labelled], dtype=np.int64),
            _table(mine[candidate] for candidate in labelled),
            _table(live.get(candidate, _SILENT) for candidate in labelled),
        )
        self.verdict = finite(verdict.to_dict())
        if self.status != RunStatus.PROMOTED:
            self.status = RunStatus.REFUSED if verdict.refused else RunStatus.READY
        self.save(update_fields=["verdict", "status"])

    def put_to_use(self, by: Any, reason: str = "") -> None:
        """Promote it in all its fields, judged anew beside what they use now.

        Raises NotReady before its end, and Refused if the gate says so and no reason is given to
        overrule it.
        """
        if self.status in FINISHED:
            self.judge()
        Promotion.objects.promote(self, by, reason=reason)

    @transaction.atomic
    def succeed(self, predictions: Iterable[Mapping[str, Any]], outcome: Mapping[str, Any]) -> None:
        """Store all predictions at once, and let the gate judge them.

        A field that has no promoted run yet gets this one, if it was not refused.
        """
        if not self._end(self._mine(), RunStatus.READY, outcome=finite(dict(outcome)), error=""):
            return
        self.predictions.all().delete()
        waiting = Candidate.objects.filter(open=True, control=False, field__in=self.fields.all())
        Prediction.objects.write(self, predictions, dict(waiting.values_list("pk", "field")))
        self.judge()
        for field in Field.objects.select_for_update().filter(runs=self):
            self.predictions.filter(candidate__field=field).with_votes().set_places()
            if field.promoted_run_id is None and self.status != RunStatus.REFUSED:
                Promotion.objects.promote(self, by=self.requested_by, fields=[field])


def _probabilities(predictions: models.QuerySet[Prediction]) -> dict[int, Sequence[float]]:
    """The four probabilities by candidate, in the order of the candidates."""
    columns = ("candidate_id", "p_class1", "p_class2", "p_class3", "p_class4")
    return {pk: p for pk, *p in predictions.order_by("candidate_id").values_list(*columns)}


def _table(rows: Iterable[Sequence[float]]) -> NDArray[np.float64]:
    return np.array(list(rows), dtype=np.float64).reshape(-1, len(_SILENT))
