"""Training runs: requests to train, as rows with a lifecycle; the message only wakes a worker."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any, Self

import numpy as np
from django.db import models, transaction
from django.utils import timezone
from numpy.typing import NDArray

from labeling import gate, jobs, run_files
from labeling.export.training_set import VOTES, NotTrainable, control_labels, training_set
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.prediction import Prediction
from labeling.models.promotion import Promotion
from labeling.models.work import FINISHED, RunCancelled, RunStatus, WorkerJob, WorkerJobQuerySet
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
    """The verbs that make runs."""

    def taken_in(self, field: Field, network: str, sha256: str) -> Self:
        """What was imported into a field from a file with this content, under this name."""
        return self.filter(fields=field, external=network, outcome__sha256=sha256)

    def request(
        self,
        requested_by: Any,
        preset: str,
        *,
        fields: Iterable[Field] = (),
        label_source: str = VOTES,
        overrides: Mapping[str, Any] | None = None,
        automatic: bool = False,
    ) -> TrainingRun:
        """Freeze the labels as they are now and queue a run on them.

        No fields means all of them. The same request again, before a worker has begun, is one
        request: the run that waits gets the labels of now. Raises `training_set.NotTrainable`, with
        what to do, when fewer than two classes are labelled; nothing is left behind then.
        """
        asked = Field.objects.filter(pk__in=[field.pk for field in fields])
        chosen = list(asked or Field.objects.all())
        # Takes seconds in large fields: before the transaction, for which votes wait on SQLite.
        frozen = training_set(chosen, label_source)
        wish = {
            "preset": preset,
            "label_source": label_source,
            "overrides": dict(overrides or {}),
        }
        with transaction.atomic():
            chosen = Field.objects.in_turn(chosen)
            run = self._waiting(chosen, wish) or self.create(
                requested_by=requested_by, automatic=automatic, **wish
            )
            run.fields.set(chosen)
            run.manifest_sha256, run.label_counts = frozen.sha256, frozen.label_counts
            run.save(update_fields=["manifest_sha256", "label_counts"])
            frozen.write(run.manifest_path)
            jobs.start(jobs.TRAIN, run.pk)
        return run

    def _waiting(self, fields: Iterable[Field], wish: Mapping[str, Any]) -> TrainingRun | None:
        """The run of the same wish that no worker has begun, locked so that none does."""
        # One that is to go on where it stopped has networks of the labels that it began with.
        untouched = self.filter(status=RunStatus.QUEUED, attempts=0, started_at=None, **wish)
        wanted = {field.pk for field in fields}
        for run in untouched.select_for_update():
            if set(run.fields.values_list("pk", flat=True)) == wanted:
                return run
        return None

    @transaction.atomic
    def claim(self, pk: int) -> TrainingRun | None:
        """The queued run, now this worker's own; None while another one works on a field of its.

        It keeps waiting then, for the message at the other's end or the next sweep.
        """
        fields = Field.objects.in_turn(Field.objects.filter(runs=pk))
        at_work = self.filter(status=RunStatus.RUNNING, fields__in=fields)
        if (fields and at_work.exists()) or not (run := super().claim(pk)):
            return None
        # Whoever had a part in an earlier claim learns that it is over when they next report.
        run.taken.all().delete()
        run.finishing_at = None
        run.save(update_fields=["finishing_at"])
        run.tell(f"Taken up, attempt {run.attempts}.", worker_name())
        return run

    def join(self, pk: int) -> TrainingRun | None:
        """A run at which another worker is, if a member of it is still free."""
        run = self.filter(pk=pk, status=RunStatus.RUNNING, finishing_at=None).first()
        return run if run and run.taken.count() < run.members else None

    @transaction.atomic
    def take_in(
        self,
        network: str,
        field: Field,
        predictions: Iterable[Mapping[str, Any]],
        source: Mapping[str, Any],
        by: Any,
    ) -> tuple[TrainingRun, bool]:
        """Keep what somebody else's network says of a field as a run; the run, and if it is new.

        `source` says where it comes from: its `sha256` tells the same file from another. The gate
        judges the run, and it goes live only where a person promotes it.
        """
        # Votes wait, and so does who takes in the same file.
        Field.objects.select_for_update().get(pk=field.pk)
        if there := self.taken_in(field, network, source["sha256"]).first():
            return there, False
        run = self.create(
            requested_by=by,
            external=network,
            label_source="",
            status=RunStatus.READY,
            finished_at=timezone.now(),
            outcome=finite(dict(source)),
        )
        run.fields.add(field)
        run.write_predictions(predictions)
        run.predictions.set_places_of_voted(run, field)
        run.judge()
        return run, True


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
    outcome = models.JSONField(default=dict, help_text="Device, weights, history, metrics.")
    finishing_at = models.DateTimeField(null=True, help_text="When its members were all trained.")
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

    def request_again(self, requested_by: Any, *, automatic: bool = False) -> TrainingRun:
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
        )

    @property
    def members(self) -> int:
        """Number of networks; one, where nothing says."""
        own = Preset(self.preset).members if self.preset else 1
        return int(self.overrides.get("members", own))

    def free_members(self) -> Iterator[int]:
        """Members that no other worker has, each taken by this one when it is given."""
        me = worker_name()
        for number in range(self.members):
            if not self._mine().exists():
                raise RunCancelled(f"{self} was cancelled or taken over.")
            _, new = self.taken.get_or_create(number=number, defaults={"worker": me})
            if new:
                self.tell(f"Network {number + 1} is begun.", me)
                yield number
                self.tell(f"Network {number + 1} is trained.", me)

    def _note(self, progress: Mapping[str, Any]) -> None:
        """Of workers side by side each has its own."""
        if progress.get("stage") == "train":
            mine = self.taken.filter(number=progress["member"])
            mine.update(progress=finite(dict(progress)))

    @property
    def at_work(self) -> list[Mapping[str, Any]]:
        """The last report of each worker that trains a member."""
        last = {member.worker: member.progress for member in self.taken.order_by("pk")}
        return [progress for progress in last.values() if progress]

    def tell(self, text: str, worker: str = "") -> None:
        """Add a line to its log."""
        self.log.create(text=text, worker=worker)

    def begin_finishing(self) -> bool:
        """Whether this worker is the one that predicts, now that all members are trained."""
        last = bool(self._mine().filter(finishing_at=None).update(finishing_at=timezone.now()))
        if last:
            self.tell("All networks are trained; it predicts.", worker_name())
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

    @property
    def control_labels(self) -> dict[int, int]:
        """Labels of the control sample by candidate: as frozen, else our experts' of today."""
        if self.manifest_sha256:
            return control_labels(self.manifest_path)
        settled = Candidate.objects.filter(field__in=self.fields.all(), control=True)
        labels = settled.values_list("pk", "consensus__label")
        return {pk: label for pk, label in labels if label is not None}

    @transaction.atomic
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
        # Two may ask at once, and one of them has put it to use by now.
        as_it_stands = TrainingRun.objects.select_for_update().values_list("status", flat=True)
        self.status = as_it_stands.get(pk=self.pk)
        if self.status != RunStatus.PROMOTED:
            self.status = RunStatus.REFUSED if verdict.refused else RunStatus.READY
        self.save(update_fields=["verdict", "status"])
        self.tell(verdict.sentence)

    def put_to_use(self, by: Any, reason: str = "") -> None:
        """Promote it in all its fields, judged anew beside what they use now.

        Raises NotReady before its end, and Refused if the gate says so and no reason is given to
        overrule it.
        """
        if self.status in FINISHED:
            self.judge()
        Promotion.objects.promote(self, by, reason=reason)

    def write_predictions(self, predictions: Iterable[Mapping[str, Any]]) -> None:
        """Store predictions; places of candidates that have votes are still to be set."""
        waiting = Candidate.objects.filter(open=True, control=False, field__in=self.fields.all())
        Prediction.objects.write(self, predictions, dict(waiting.values_list("pk", "field")))

    @transaction.atomic
    def succeed(self, predictions: Iterable[Mapping[str, Any]], outcome: Mapping[str, Any]) -> None:
        """Store all predictions at once, and let the gate judge them.

        A field that has no promoted run yet gets this one, if it was not refused.
        """
        if not self._end(self._mine(), RunStatus.READY, outcome=finite(dict(outcome)), error=""):
            return
        self.predictions.all().delete()
        self.write_predictions(predictions)
        self.judge()
        for field in Field.objects.select_for_update().filter(runs=self):
            self.predictions.set_places_of_voted(self, field)
            if field.promoted_run_id is None and self.status != RunStatus.REFUSED:
                Promotion.objects.promote(self, by=self.requested_by, fields=[field])


def worker_name() -> str:
    """This process, for people: host and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _probabilities(predictions: models.QuerySet[Prediction]) -> dict[int, Sequence[float]]:
    """The four probabilities by candidate, in the order of the candidates."""
    columns = ("candidate_id", "p_class1", "p_class2", "p_class3", "p_class4")
    return {pk: p for pk, *p in predictions.order_by("candidate_id").values_list(*columns)}


def _table(rows: Iterable[Sequence[float]]) -> NDArray[np.float64]:
    return np.array(list(rows), dtype=np.float64).reshape(-1, len(_SILENT))
