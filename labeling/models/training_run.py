"""Training runs: requests to train, as rows with a lifecycle; the message only wakes a worker."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from django.db import models, transaction
from django.utils import timezone
from numpy.typing import NDArray

from labeling import jobs
from labeling.files import run_folders
from labeling.files.json_values import finite
from labeling.models import job
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.job import FINISHED, RunCancelled, RunStatus, WorkerJob
from labeling.models.prediction import Prediction
from labeling.models.promotion import Promotion, RefusedByGate
from labeling.models.training_run_queryset import TrainingRunQuerySet
from labeling.rules import gate
from labeling.training.training_set import (
    VOTES,
    NotTrainable,
    TrainingSet,
    control_labels,
    labels_of,
)

_GIVEN_UP = "It gives up"
"""So begins the line in the log of a worker that cannot go on."""

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


class TrainingRun(WorkerJob):
    """One request to train an ensemble: configuration, frozen labels, progress, outcome."""

    fields = models.ManyToManyField(Field, related_name="runs")
    external = models.CharField(
        "network from elsewhere",
        max_length=80,
        blank=True,
        help_text="Name of somebody else's network whose predictions were imported; else empty.",
    )
    preset = models.CharField(choices=Preset, max_length=32, blank=True)
    overrides = models.JSONField(default=dict, blank=True)
    label_source = models.CharField(max_length=80, default=VOTES, blank=True)
    automatic = models.BooleanField(
        default=False, help_text="Started by newly settled labels, in the name of the last asker."
    )
    manifest_sha256 = models.CharField("sha256 of the training set", max_length=64)
    label_counts = models.JSONField(default=dict, help_text="Labels by sample and class.")
    basis = models.JSONField(
        default=dict, help_text="Votes and rulings, or references, that the labels stand on."
    )
    outcome = models.JSONField(default=dict, help_text="Device, weights, history, metrics.")
    finishing_at = models.DateTimeField(null=True, help_text="When its members were all trained.")
    verdict = models.JSONField(default=dict, help_text="What the gate said of it, the last time.")

    objects = TrainingRunQuerySet.as_manager()

    task = jobs.TRAIN

    _training: int | None = None
    _finishing = False
    """What of it this worker has begun."""

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def directory(self) -> Path:
        """Where the run keeps its training set and its members."""
        return run_folders.directory(self.pk)

    @property
    def manifest_path(self) -> Path:
        """The frozen training set."""
        replaced = self._manifest_named(self.manifest_sha256)
        return replaced if replaced.exists() else self.directory / "training_set.csv"

    def _manifest_named(self, sha256: str) -> Path:
        return self.directory / f"training_set-{sha256[:16]}.csv"

    def freeze(self, frozen: TrainingSet) -> None:
        """Let it train on these labels, if it has none that were frozen later.

        The caller holds the locks of its fields; who was faster may have begun to freeze after it.
        Labels of a request before get no file over theirs: a process that dies between file and
        row, in whichever order, leaves each row with the file that it speaks of.
        """
        at = frozen.at.isoformat(timespec="microseconds")
        if at < self.basis.get("frozen_at", ""):
            return
        own = self.manifest_sha256 in ("", frozen.sha256)
        frozen.write(self.manifest_path if own else self._manifest_named(frozen.sha256))
        self.manifest_sha256, self.label_counts = frozen.sha256, frozen.label_counts
        self.basis = {**frozen.basis, "frozen_at": at}
        self.save(update_fields=["manifest_sha256", "label_counts", "basis"])

    @property
    def embeddings_path(self) -> Path:
        """What its members see of each candidate."""
        return run_folders.embeddings(self.pk)

    @property
    def made_with(self) -> dict[str, Any]:
        """The seed, and the versions of the code; empty before a worker has begun."""
        path = self.directory / "config.json"
        if not path.exists():
            return {}
        said = json.loads(path.read_text(encoding="utf-8"))
        versions = {**said.get("versions", {}), **self.outcome.get("versions", {})}
        return {"seed": said["config"]["seed"], "versions": versions}

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
    def is_promotable(self) -> bool:
        """Whether it has ended well and some field of its own uses another run, or none."""
        elsewhere = self.fields.exclude(promoted_run=self)
        return self.status in FINISHED and elsewhere.exists()

    def request_again(
        self, requested_by: Any, *, automatic: bool = False, frozen: TrainingSet | None = None
    ) -> TrainingRun:
        """Queue the same configuration on the labels of today; raises NotTrainable."""
        if self.external:
            raise NotTrainable(
                f"Run {self.pk} was imported: {self.external} was trained elsewhere, and what it "
                "says comes in by manage.py import_run."
            )
        return TrainingRun.objects.request(
            requested_by,
            self.preset,
            fields=self.fields.all(),
            label_source=self.label_source,
            overrides=self.overrides,
            automatic=automatic,
            frozen=frozen,
        )

    @property
    def members(self) -> int:
        """Number of networks; one, where nothing says."""
        own = Preset(self.preset).members if self.preset else 1
        return int(self.overrides.get("members", own))

    def free_members(self) -> Iterator[int]:
        """Members that no other worker has, each taken by this one when it is given.

        Those too that another one takes and gives up meanwhile, or over which it falls silent.
        """
        me = job.worker_name()
        while (number := self._take_member(me)) is not None:
            self._training = number
            yield number
            self._training = None
            self.taken.filter(number=number, worker=me).update(trained=True)
            self.tell(f"Network {number + 1} is trained.", me)

    def _take_member(self, me: str) -> int | None:
        """The first free member, now this worker's own; None if there is none."""
        taken = set(self.taken.values_list("number", flat=True))
        for number in range(self.members):
            if not self._mine().exists():
                raise RunCancelled(f"{self} was cancelled or taken over.")
            if number in taken:
                continue
            _, new = self.taken.get_or_create(number=number, defaults={"worker": me})
            if new:
                self.tell(f"Network {number + 1} is begun.", me)
                return number
        for orphan in self.taken.orphaned():
            if orphan.pass_on(me):
                self.tell(f"Network {orphan.number + 1}: {orphan.worker} fell silent.", me)
                return orphan.number
        return None

    def give_up(self, why: str) -> None:
        """Leave what this worker has begun of it to the others, and say why in the log."""
        me = job.worker_name()
        self.tell(f"{_GIVEN_UP}: {why}", me)
        if self._training is not None:
            self.taken.filter(number=self._training, worker=me).delete()
        if self._finishing:
            # Nobody else can take that up, and whoever claims the run anew does it again.
            self._mine().update(status=RunStatus.QUEUED)
        # The others may have gone, since nothing was free.
        jobs.send(jobs.TRAIN, self.pk)

    def was_given_up_by(self, worker: str) -> bool:
        """Whether this worker could not go on with it since it was last claimed."""
        own = self.log.filter(worker=worker, at__gte=self.started_at)
        return own.filter(text__startswith=_GIVEN_UP).exists()

    def _note(self, progress: Mapping[str, Any]) -> None:
        """Of workers side by side each has its own."""
        if progress.get("stage") == "train":
            member = self.taken.filter(number=progress["member"])
            mine = member.filter(worker=job.worker_name())
            told = mine.update(progress=finite(dict(progress)), heard_at=timezone.now())
            if not told and member.exists():
                raise RunCancelled(f"Another worker goes on with {self}.")

    @property
    def at_work(self) -> list[Mapping[str, Any]]:
        """The last report of each worker that trains a member."""
        return [member.progress for member in self.taken.under_way() if member.progress]

    def tell(self, text: str, worker: str = "") -> None:
        """Add a line to its log."""
        self.log.create(text=text, worker=worker)

    def begin_finishing(self) -> bool:
        """Whether this worker is the one that predicts, now that all members are trained."""
        last = bool(self._mine().filter(finishing_at=None).update(finishing_at=timezone.now()))
        self._finishing = last
        if last:
            self.tell("All networks are trained; it predicts.", job.worker_name())
        return last

    @property
    def accuracy(self) -> Mapping[str, Any]:
        """Right answers on the control sample, with their interval; empty where nobody looked.

        That of its evaluation; of a network from elsewhere, which has none, what the gate found.
        """
        evaluation = self.outcome.get("evaluation")
        if evaluation:
            found: Mapping[str, Any] = evaluation["accuracy"]
            return found
        shares = self.verdict.get("shares") if self.external else None
        return shares[0]["new"] if shares else {}

    def _control_labels(self, answered: Collection[int]) -> dict[int, int]:
        """Labels of those control candidates that it answers for, as frozen.

        Those of today where too few were frozen to judge by: nobody learns from the control sample,
        whenever it was labelled.
        """
        frozen = control_labels(self.manifest_path) if self.manifest_sha256 else {}
        labels = {pk: frozen[pk] for pk in answered if pk in frozen}
        if len(labels) >= gate.MIN_LABELS:
            return labels
        today = labels_of(self.label_source or VOTES, self.fields.all())
        return {pk: today[pk] for pk in answered if pk in today}

    @transaction.atomic
    def judge(self) -> None:
        """Let the gate say whether it may go live, beside what its fields use now."""
        measured = Prediction.objects.filter(
            candidate__control=True, candidate__field__in=self.fields.all()
        )
        mine = _probabilities(measured.filter(run=self))
        live = _probabilities(measured.promoted().exclude(run=self))
        labels = self._control_labels(mine)
        verdict = gate.judge(
            np.array(list(labels.values()), dtype=np.int64),
            _table(mine[candidate] for candidate in labels),
            _table(live.get(candidate, _SILENT) for candidate in labels),
        )
        self.verdict = finite(verdict.to_dict())
        # Two may ask at once, and one of them has put it to use by now.
        as_it_stands = TrainingRun.objects.select_for_update().values_list("status", flat=True)
        self.status = as_it_stands.get(pk=self.pk)
        if self.status != RunStatus.PROMOTED:
            self.status = RunStatus.REFUSED if verdict.refused else RunStatus.READY
        self.save(update_fields=["verdict", "status"])
        self.tell(verdict.sentence)

    @property
    def passed_gate(self) -> bool:
        """Whether the gate could judge it, and did not refuse it."""
        return bool(self.verdict.get("judged")) and not self.verdict["reasons"]

    def promote(self, by: Any, reason: str = "") -> None:
        """Promote it in all its fields, judged anew beside what they use now.

        Raises NotReady before its end, and RefusedByGate if the gate refuses it and no reason is
        given to overrule the gate.
        """
        if refused := self._judge_and_promote(by, reason):
            raise refused

    def roll_back(self) -> None:
        """Return each field that uses it to the run that the field used before, if any."""
        Promotion.objects.roll_back(self)

    @transaction.atomic
    def _judge_and_promote(self, by: Any, reason: str) -> RefusedByGate | None:
        """Promote it, or say why not; what the gate said is kept in both cases."""
        # Whoever promotes another one waits, to be judged beside this one; votes go on.
        Field.objects.lock_rows(self.fields.all())
        self.refresh_from_db()
        if self.is_promotable:
            self.judge()
        elif self.status in FINISHED:
            # In use in all of them: without itself, what is left to judge it beside is nothing.
            return None
        try:
            Promotion.objects.promote(self, by, reason=reason)
        except RefusedByGate as refused:
            return refused
        return None

    def write_predictions(self, predictions: Iterable[Mapping[str, Any]]) -> dict[int, str]:
        """Store predictions; places of candidates that have votes are still to be set.

        Returns the strategy of each field that the others were placed by.
        """
        waiting = Candidate.objects.filter(open=True, control=False, field__in=self.fields.all())
        return Prediction.objects.write(self, predictions, dict(waiting.values_list("pk", "field")))

    def update_queue_after_writing(self, field: Field, strategies: Mapping[int, str]) -> None:
        """Set the places right that are still to be set; the caller holds the field's lock."""
        there = self.predictions.filter(candidate__field=field)
        # An administrator may have chosen another strategy while they were written.
        if field.strategy == strategies[field.pk]:
            there.update_queue_of_voted(field)
        else:
            there.update_queue()

    @transaction.atomic
    def succeed(self, predictions: Iterable[Mapping[str, Any]], outcome: Mapping[str, Any]) -> None:
        """Store all predictions at once, and let the gate judge them.

        A field that has no promoted run yet gets this one, if it passed: one that the gate could
        not judge waits for a person.
        """
        if not self._end(self._mine(), RunStatus.READY, outcome=finite(dict(outcome)), error=""):
            return
        self.predictions.all().delete()
        strategies = self.write_predictions(predictions)
        Field.objects.lock_rows(self.fields.all())
        self.judge()
        for field in Field.objects.filter(runs=self).lock_out_votes():
            self.update_queue_after_writing(field, strategies)
            if field.promoted_run_id is None and self.passed_gate:
                Promotion.objects.promote(self, by=self.requested_by, fields=[field])


def _probabilities(predictions: models.QuerySet[Prediction]) -> dict[int, Sequence[float]]:
    """The four probabilities by candidate, in the order of the candidates."""
    columns = ("candidate_id", "p_class1", "p_class2", "p_class3", "p_class4")
    return {pk: p for pk, *p in predictions.order_by("candidate_id").values_list(*columns)}


def _table(rows: Iterable[Sequence[float]]) -> NDArray[np.float64]:
    return np.array(list(rows), dtype=np.float64).reshape(-1, len(_SILENT))
