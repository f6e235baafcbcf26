"""Training runs: requests to train, as rows with a lifecycle; the message only wakes a worker."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from labeling import jobs
from labeling.export.training_set import VOTES, write_training_set
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.prediction import Prediction
from labeling.models.promotion import Promotion
from labeling.plain_json import finite

HEARTBEAT_LOST = timedelta(minutes=3)


class RunCancelled(Exception):
    """The run was cancelled, or taken over, while a worker was at it."""


class Preset(models.TextChoices):
    """The classifier's configurations by name; their contents live in `classifier.PRESETS`."""

    PAPER_RESNET18 = "paper-resnet18", "as in the paper, ResNet18"
    PAPER_VGG19BN = "paper-vgg19bn", "as in the paper, VGG19-BN"
    QUICK = "quick", "quick: small input, few members, minutes on a CPU"


class RunStatus(models.TextChoices):
    """Where a run is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    """Questions about runs, and the claim."""

    def active(self) -> Self:
        """Runs that wait for a worker or have one."""
        return self.filter(status__in=[RunStatus.QUEUED, RunStatus.RUNNING])

    def lost(self) -> Self:
        """Running ones whose worker has been silent for too long."""
        silent = timezone.now() - HEARTBEAT_LOST
        return self.filter(status=RunStatus.RUNNING, heartbeat_at__lt=silent)

    def claim(self, pk: int) -> TrainingRun | None:
        """The queued run, now this worker's own; None if another worker has it already."""
        now = timezone.now()
        waiting = self.filter(pk=pk, status=RunStatus.QUEUED)
        if not waiting.update(status=RunStatus.RUNNING, started_at=now, heartbeat_at=now):
            return None
        return self.get(pk=pk)

    def requeue_lost(self) -> list[int]:
        """Put lost runs back into the queue; all queued runs, for whoever sends the messages."""
        self.lost().update(status=RunStatus.QUEUED)
        return list(self.filter(status=RunStatus.QUEUED).values_list("pk", flat=True))

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


class TrainingRun(models.Model):
    """One request to train an ensemble: configuration, frozen labels, progress, outcome."""

    fields = models.ManyToManyField(Field, related_name="runs")
    preset = models.CharField(choices=Preset, max_length=32)
    overrides = models.JSONField(default=dict, blank=True)
    label_source = models.CharField(max_length=80, default=VOTES)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(
        choices=RunStatus, default=RunStatus.QUEUED, max_length=12, db_index=True
    )
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    manifest_sha256 = models.CharField("sha256 of the training set", max_length=64)
    label_counts = models.JSONField(default=dict, help_text="Labels by sample and class.")
    progress = models.JSONField(default=dict)
    outcome = models.JSONField(default=dict, help_text="Device, weights, history, metrics.")
    error = models.TextField(blank=True)

    objects = TrainingRunQuerySet.as_manager()

    _recorded_at = 0.0

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def directory(self) -> Path:
        """Where the run keeps its training set and its members."""
        return Path(settings.RUNS) / str(self.pk)

    @property
    def manifest_path(self) -> Path:
        """The frozen training set."""
        return self.directory / "training_set.csv"

    @property
    def is_active(self) -> bool:
        """Whether it waits for a worker or has one."""
        return self.status in {RunStatus.QUEUED, RunStatus.RUNNING}

    @property
    def promoted_fields(self) -> models.QuerySet[Field]:
        """Fields whose queue and exports use this run."""
        return Field.objects.filter(promoted_run=self)

    def request_again(self, requested_by: Any) -> TrainingRun:
        """Queue the same configuration on the labels of today."""
        return TrainingRun.objects.request(
            requested_by,
            self.preset,
            fields=self.fields.all(),
            label_source=self.label_source,
            overrides=self.overrides,
        )

    def record(self, progress: Mapping[str, Any]) -> None:
        """Note how far the worker is; raises RunCancelled if it should stop.

        Writes at most once a second, however often it is called.
        """
        if time.monotonic() - self._recorded_at < 1:
            return
        self._recorded_at = time.monotonic()
        now = timezone.now()
        if not self._mine().update(progress=finite(dict(progress)), heartbeat_at=now):
            raise RunCancelled(f"{self} was cancelled or taken over.")

    def cancel(self) -> bool:
        """Stop the run, waiting or at work; False if it had ended before."""
        return self._end(TrainingRun.objects.active().filter(pk=self.pk), RunStatus.CANCELLED)

    def fail(self, error: str) -> bool:
        """Record why the run ended without a network."""
        return self._end(self._mine(), RunStatus.FAILED, error=error)

    @transaction.atomic
    def succeed(self, predictions: Iterable[Mapping[str, Any]], outcome: Mapping[str, Any]) -> None:
        """Store all predictions at once; a field that has no promoted run yet gets this one."""
        if not self._end(self._mine(), RunStatus.READY, outcome=finite(dict(outcome)), error=""):
            return
        self.predictions.all().delete()
        waiting = Candidate.objects.filter(open=True, control=False, field__in=self.fields.all())
        Prediction.objects.write(self, predictions, dict(waiting.values_list("pk", "field")))
        for field in Field.objects.select_for_update().filter(runs=self):
            self.predictions.filter(candidate__field=field).with_votes().set_places()
            if field.promoted_run_id is None:
                Promotion.objects.promote(self, by=self.requested_by, fields=[field])

    def _mine(self) -> TrainingRunQuerySet:
        """This run, unless it was cancelled or claimed anew since this worker claimed it."""
        return TrainingRun.objects.filter(
            pk=self.pk, status=RunStatus.RUNNING, started_at=self.started_at
        )

    def _end(self, going: TrainingRunQuerySet, status: RunStatus, **values: Any) -> bool:
        """Leave the given state for the end, once."""
        if not going.update(status=status, finished_at=timezone.now(), **values):
            return False
        self.refresh_from_db()
        return True
