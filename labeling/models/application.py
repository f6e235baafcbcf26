"""Applications: a finished run predicts the candidates of a field, without a training.

The field need not be one of the run's. Workers share an application by its shards, whose
predictions wait in files until the last one is predicted; all become rows in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.text import capfirst

from classifier.core.config import TrainingConfig
from classifier.core.training_set import TRAIN
from labeling import jobs
from labeling.evaluation.candidate_columns import CandidateColumns
from labeling.files.json_values import nonfinite_to_none
from labeling.files.stored_files import DamagedFile
from labeling.models import job
from labeling.models.candidate import Candidate, CandidateQuerySet
from labeling.models.field import Field
from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.job import FINISHED, RunCancelled, RunStatus, WorkerJob, WorkerJobQuerySet
from labeling.models.prediction import Prediction
from labeling.models.promotion import NotReady, RefusedByGate
from labeling.models.run_event import RunEvent
from labeling.models.shard import Shard
from labeling.models.training_run import TrainingRun
from labeling.rules.conflicts import JobConflict
from labeling.rules.figure_question import FigureScope, TrainingOverlap
from labeling.rules.gate import has_passed
from labeling.rules.prediction_arrays import PredictionArrays

SHARD_SIZE = 4096
"""Candidates in a shard: the number that the classifier has in memory at once."""

_GAVE_UP = "Gave up"
"""The start of the log line of a worker that cannot continue."""


class NothingToPredict(JobConflict):
    """The run has predicted all candidates of the field already."""


class ApplicationQuerySet(WorkerJobQuerySet["Application"]):
    """Queries about applications, and the methods that make and claim them."""

    @transaction.atomic
    def request(
        self, run: TrainingRun, field: Field, requested_by: User, key: IdempotencyKey | None = None
    ) -> Application:
        """Queue the prediction of the field's candidates that the run has not predicted.

        The same request while one is queued or running returns that one. Raises JobConflict for a
        run that cannot predict, and NothingToPredict.
        """
        _check_applicable(run)
        (locked,) = Field.objects.lock_rows([field])
        application = self.active().filter(run=run, field=locked).first()
        if application is None:
            if not unpredicted(run, locked).exists():
                raise NothingToPredict(f"{capfirst(str(run))} has predicted all of {locked}.")
            application = self.create(run=run, field=locked, requested_by=requested_by)
            application.log_event(f"Requested by {requested_by}.")
            jobs.send_on_commit(jobs.PREDICT, application.pk)
        if key:
            key.record(application)
        return application

    @transaction.atomic
    def claim(self, pk: int, message: str = "") -> Application | None:
        """Return the queued application, now claimed by this worker, with its shards to predict."""
        application = super().claim(pk, message)
        if application is not None:
            application.divide()
            application.log_event(f"Claimed, attempt {application.attempts}.", job.worker_name())
        return application

    def to_show(self) -> Self:
        """These, with the rows that tell their field, their progress and who requested them."""
        return self.select_related("field", "requested_by", "run").prefetch_related("shards")

    def join(self, pk: int) -> Application | None:
        """Return an application of another worker if a shard waits, unless this one gave it up.

        A worker that gave it up would take the message from one that can help.
        """
        application = self.filter(pk=pk, status=RunStatus.RUNNING).first()
        if application is None or not application.shards.waiting().exists():
            return None
        return None if application.was_given_up_by(job.worker_name()) else application


class Application(WorkerJob):
    """One request to predict a field's candidates with a finished run."""

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="applications")
    field = models.ForeignKey(Field, models.CASCADE, related_name="applications")
    predicted_at = models.DateTimeField(null=True, help_text="When all shards were predicted.")
    outcome = models.JSONField(default=dict, help_text="Number of predictions, failures, versions.")
    verdict = models.JSONField(default=dict, help_text="Latest verdict of the gate in this field.")

    objects = ApplicationQuerySet.as_manager()

    task = jobs.PREDICT

    _shard: Shard | None = None
    """The shard that this worker predicts."""
    _is_finishing = False
    """True if this worker stores the predictions of all shards."""

    def __str__(self) -> str:
        return f"application {self.pk}"

    @property
    def directory(self) -> Path:
        """The folder of the predictions of its shards."""
        return self.run.directory / "applications" / str(self.pk)

    @property
    def figures(self) -> list[str]:
        """No figures are drawn of an application."""
        return []

    @property
    def share(self) -> float:
        """Share of its candidates that are predicted, 0 to 1."""
        shards = self.shards.all()
        total = sum(shard.count for shard in shards)
        return sum(shard.count * shard.fraction for shard in shards) / total if total else 0.0

    @property
    def is_finished(self) -> bool:
        """True if its predictions are stored."""
        return self.status in FINISHED

    @property
    def is_promoted(self) -> bool:
        """True if its run is promoted in its field."""
        return self.field.promoted_run_id == self.run_id

    @property
    def passed_gate(self) -> bool:
        """True if the gate could judge the run in this field and did not refuse it."""
        return has_passed(self.verdict)

    def log_event(self, text: str, worker: str = "") -> None:
        """Add a line to the log of its run."""
        RunEvent.objects.create(
            run_id=self.run_id, text=self._log_prefix + text, worker=worker, at=Now()
        )

    @property
    def _log_prefix(self) -> str:
        """The start of its lines in the log of its run."""
        return f"Application {self.pk}, {self.field}: "

    def divide(self) -> None:
        """Make its shards, or free those without a file of predictions; for a new claim."""
        if not self.shards.exists():
            pks = list(
                unpredicted(self.run, self.field).order_by("pk").values_list("pk", flat=True)
            )
            parts = [pks[first : first + SHARD_SIZE] for first in range(0, len(pks), SHARD_SIZE)]
            Shard.objects.bulk_create(
                Shard(application=self, number=n, first=part[0], last=part[-1], count=len(part))
                for n, part in enumerate(parts)
            )
        # Workers of an earlier claim learn at their next report that it is over.
        self.shards.update(worker="", heartbeat_at=None)
        predicted = self.shards.filter(predicted=True)
        with_file = [shard.pk for shard in predicted if self.shard_path(shard.number).exists()]
        self.shards.exclude(pk__in=with_file).update(fraction=0.0, predicted=False)
        self.predicted_at = None
        self.save(update_fields=["predicted_at"])

    def shard_path(self, number: int) -> Path:
        """Return the file of a shard's predictions, which is written last of its files."""
        return self.directory / f"shard-{number:05d}.safetensors"

    def free_shards(self) -> Iterator[Shard]:
        """Claim and yield one free shard after the other for this worker to predict."""
        worker = job.worker_name()
        while (shard := self._claim_shard(worker)) is not None:
            self._shard = shard
            yield shard
            self._shard = None
            claimed = self.shards.filter(pk=shard.pk, worker=worker)
            claimed.update(predicted=True, fraction=1.0)
            self._claimed().update(attempts_without_progress=0, heartbeat_at=Now())

    def _claim_shard(self, worker: str) -> Shard | None:
        """Claim the first waiting shard for this worker; None if none waits."""
        while (shard := self.shards.waiting().first()) is not None:
            if not self._claimed().exists():
                raise RunCancelled(f"{self} was cancelled or taken over.")
            if shard.pass_to(worker):
                return shard
        return None

    def candidates_of(self, shard: Shard) -> CandidateQuerySet:
        """Return the candidates of a shard that the run has still to predict."""
        return unpredicted(self.run, self.field).filter(pk__range=(shard.first, shard.last))

    def give_up(self, reason: str) -> None:
        """Release what this worker has claimed of it to the others, and log why."""
        worker = job.worker_name()
        self.log_event(f"{_GAVE_UP}: {reason}", worker)
        if self._shard is not None:
            claimed = self.shards.filter(pk=self._shard.pk, worker=worker, predicted=False)
            claimed.update(worker="", heartbeat_at=None, fraction=0.0)
        if self._is_finishing:
            # Only a worker that claims the application again can repeat this part.
            self._claimed().update(status=RunStatus.QUEUED)
        # The other workers may have left, since no shard was free.
        jobs.send(jobs.PREDICT, self.pk)

    def was_given_up_by(self, worker: str) -> bool:
        """True if this worker gave it up since it was last claimed."""
        events = RunEvent.objects.filter(run=self.run_id, worker=worker, at__gte=self.started_at)
        return events.filter(text__startswith=self._log_prefix + _GAVE_UP).exists()

    @transaction.atomic
    def resume(self) -> None:
        """Queue it again, to continue with the shards that are not predicted.

        Raises JobConflict unless it ended without a result and no other application is active that
        predicts the same field with this run.
        """
        Field.objects.lock_rows([self.field])
        same = Application.objects.active().filter(run=self.run_id, field=self.field_id)
        if other := same.exclude(pk=self.pk).first():
            raise JobConflict(
                f"{capfirst(str(self))} cannot be resumed: {other} of the same run and field is "
                f"{other.status}."
            )
        super().resume()

    def _record_part(self, progress: Mapping[str, Any]) -> None:
        if self._shard is None:
            return
        claimed = self.shards.filter(pk=self._shard.pk, worker=job.worker_name())
        if not claimed.update(heartbeat_at=Now(), fraction=progress.get("fraction") or 0.0):
            raise RunCancelled(f"Another worker has taken over {self._shard}.")

    def begin_finishing(self) -> bool:
        """Return True to one worker, which then stores all predictions, once no shard is left."""
        if self.shards.filter(predicted=False).exists():
            return False
        unfinished = self._claimed().filter(predicted_at=None)
        self._is_finishing = bool(unfinished.update(predicted_at=Now()))
        return self._is_finishing

    @transaction.atomic
    def succeed(self, predictions: PredictionArrays, outcome: Mapping[str, Any]) -> bool:
        """Store all predictions at once and let the gate judge the run in this field.

        A field without a promoted run gets this one if it passes, unless the gate has refused the
        run in its own fields. Returns False if it was cancelled or taken over meanwhile.
        """
        Field.objects.lock_rows([self.field])
        if not self._end(
            self._claimed(), RunStatus.READY, outcome=nonfinite_to_none(dict(outcome)), error=""
        ):
            return False
        # Since the claim another application may have predicted some, or an import been removed.
        missing = list(unpredicted(self.run, self.field).values_list("pk", flat=True))
        strategies = self.run.write_predictions(predictions.among(missing), [self.field])
        self.judge()
        (field,) = Field.objects.filter(pk=self.field_id).lock_out_votes()
        self.run.update_queue_after_writing(field, strategies)
        was_refused = self.run.verdict.get("reasons")
        if field.promoted_run_id is None and self.passed_gate and not was_refused:
            self.run.promote_in([field], self.requested_by, automatic=True)
        return True

    def judge(self) -> None:
        """Let the gate compare the run with the field's promoted run, and store the verdict."""
        control = self.run.control_labels([self.field])
        verdict = self.run.verdict_in([self.field], control)
        self.verdict = self.run.verdict_values(verdict, control)
        if overlap := self._training_overlap(control.labels):
            self.verdict["training_overlap"] = overlap.to_dict()
        self.status = RunStatus.REFUSED if verdict.refused else RunStatus.READY
        self.save(update_fields=["verdict", "status"])
        self.log_event(verdict.sentence)

    def _training_overlap(self, control: Collection[int]) -> TrainingOverlap | None:
        """Return how many of these candidates that are predicted share sky with the training.

        None without one, or without the training labels.
        """
        predicted = self.run.predictions.filter(candidate__field=self.field)
        measured = set(predicted.values_list("candidate", flat=True)).intersection(control)
        try:
            trained = set(self.run.snapshot_labels(TRAIN))
        except DamagedFile:
            return None
        if not measured or not trained:
            return None
        fields = {*self.run.fields.all(), self.field}
        candidates = CandidateColumns.read(fields, measured | trained)
        width_px = TrainingConfig.from_dict(self.run.preset, self.run.overrides).stamp_px
        return candidates.training_overlap(measured, trained, width_px).get(self.field.name)

    @property
    def accuracy(self) -> Mapping[str, Any]:
        """Accuracy on the field's control labels, with its interval; empty without one."""
        shares = self.verdict.get("shares")
        accuracy: Mapping[str, Any] = shares[0]["new"] if shares else {}
        return accuracy if accuracy.get("of") else {}

    @property
    def scope(self) -> FigureScope:
        """The question that its figures answer."""
        overlap = self.verdict.get("training_overlap")
        field, trained_fields = self.field, self.run.trained_fields
        return FigureScope.of(field.name, field.split, trained_fields, overlap)

    def promote(self, by: User, reason: str = "") -> None:
        """Promote the run in this field, judged again beside the promoted run.

        Raises NotReady before its end, and RefusedByGate if the gate refuses it and no reason is
        given to overrule the gate.
        """
        if refused := self._judge_and_promote(by, reason):
            raise refused

    def roll_back(self) -> None:
        """Return this field to its previous run, if its promoted run is this one."""
        self.run.roll_back([self.field])

    @transaction.atomic
    def _judge_and_promote(self, by: User, reason: str) -> RefusedByGate | None:
        """Promote the run, or return the refusal; the verdict is stored in both cases."""
        Field.objects.lock_rows([self.field])
        self.refresh_from_db()
        if not self.is_finished:
            raise NotReady(f"{capfirst(str(self))} is {self.status}; only a ready one is promoted.")
        self.judge()
        if self.verdict["reasons"] and not reason:
            return RefusedByGate(" ".join(self.verdict["reasons"]))
        self.run.promote_in([self.field], by, reason)
        return None


def unpredicted(run: TrainingRun, field: Field) -> CandidateQuerySet:
    """Return the candidates of a field that could be predicted and that the run has not."""
    predictions = Prediction.objects.filter(run=run, candidate=models.OuterRef("pk"))
    return Candidate.objects.in_play().filter(~models.Exists(predictions), field=field)


def _check_applicable(run: TrainingRun) -> None:
    """Raise JobConflict for a run that has no networks of its own, or none yet."""
    if run.external:
        raise JobConflict(
            f"Run {run.pk} was imported: its network is not here. Import its predictions for "
            "another field with manage.py import_run."
        )
    if run.status not in FINISHED:
        raise JobConflict(f"Run {run.pk} is {run.status}; only a finished run predicts.")
