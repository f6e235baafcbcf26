"""Jobs: long work as rows with a lifecycle, which runs and experiments have in common."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar, cast

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.text import capfirst

from labeling import jobs
from labeling.db.clock import database_now
from labeling.files.json_values import nonfinite_to_none
from labeling.rules.conflicts import JobConflict

HEARTBEAT_LOST = timedelta(minutes=3)
"""A worker that is silent for this long has died: another one continues."""

QUIET = timedelta(minutes=1)
"""Silence that pages report; one batch of a large network may take half of it."""

MAX_ATTEMPTS = 5
"""A job is stalled after this number of attempts in a row without progress."""


class RunCancelled(Exception):
    """The job was cancelled, or taken over, while a worker was at it."""


class RunStatus(models.TextChoices):
    """State of a run or an experiment in its lifecycle."""

    QUEUED = "queued"
    RUNNING = "running"
    STALLED = "stalled"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    READY = "ready"
    PROMOTED = "promoted"
    RETIRED = "retired"


ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING)
STOPPED = (RunStatus.STALLED, RunStatus.FAILED, RunStatus.CANCELLED)
FINISHED = (RunStatus.REFUSED, RunStatus.READY, RunStatus.PROMOTED, RunStatus.RETIRED)

_STALLED = (
    f"{MAX_ATTEMPTS} workers died, or were silent for {HEARTBEAT_LOST.seconds // 60} minutes, "
    "without progress. See the log of the worker: did the machine run out of memory? Then resume "
    "it; what was finished is kept."
)

Job = TypeVar("Job", bound="WorkerJob")


def silent_since(column: str) -> Q:
    """Condition that a worker reported in this column too long ago, by the database's clock.

    A report from the future was written while the clock was wrong. It counts as none; otherwise a
    worker that died then would keep its work for as long as the clock was ahead.
    """
    past, future = Now() - HEARTBEAT_LOST, Now() + HEARTBEAT_LOST
    return Q((f"{column}__lt", past)) | Q((f"{column}__gt", future))


class WorkerJobQuerySet(models.QuerySet[Job]):
    """Queries about jobs, and their claim by a worker."""

    def active(self) -> Self:
        """Jobs that wait for a worker or have one."""
        return self.filter(status__in=ACTIVE)

    def lost(self) -> Self:
        """Running jobs whose worker has been silent for too long."""
        return self.filter(silent_since("heartbeat_at"), status=RunStatus.RUNNING)

    def claim(self, pk: int, message: str = "") -> Job | None:
        """Return the queued job, now claimed by this worker; None if another worker has it.

        `message` is the id of the message that the worker received.
        """
        now = database_now()
        queued = self.filter(pk=pk, status=RunStatus.QUEUED)
        claim: dict[str, Any] = {"started_at": now, "heartbeat_at": now, "message": message}
        claim |= {name: F(name) + 1 for name in ("attempts", "attempts_without_progress")}
        if not queued.update(status=RunStatus.RUNNING, **claim):
            return None
        return self.get(pk=pk)

    def mark_lost(self, message: str) -> bool:
        """Mark the running job of this message as lost, if there is one: its worker is dead."""
        running = self.filter(status=RunStatus.RUNNING, message=message)
        return bool(running.update(heartbeat_at=Now() - 2 * HEARTBEAT_LOST))

    def requeue_lost(self) -> list[int]:
        """Queue lost jobs again, stall those that made no progress; return all queued ones."""
        stalled = self.lost().filter(attempts_without_progress__gte=MAX_ATTEMPTS)
        for job in stalled:
            job.log_event("Stalled: too many workers died without progress.")
        stalled.update(status=RunStatus.STALLED, finished_at=Now(), error=_STALLED)
        for job in self.lost():
            job.log_event("Its worker died or fell silent: queued again.")
        self.lost().update(status=RunStatus.QUEUED)
        return list(self.filter(status=RunStatus.QUEUED).values_list("pk", flat=True))


class WorkerJob(models.Model):
    """A request that a worker carries out, with its progress and its end."""

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(
        choices=RunStatus, default=RunStatus.QUEUED, max_length=12, db_index=True
    )
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Number of workers that started since it was requested or resumed."
    )
    attempts_without_progress = models.PositiveSmallIntegerField(
        default=0, help_text="Number of latest attempts that finished no part of the job."
    )
    message = models.CharField(
        max_length=40, blank=True, editable=False, help_text="Id of its worker's message."
    )
    progress = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    task: ClassVar[str]
    """Name of the task that carries it out, for `jobs.send`."""

    _recorded_at = 0.0
    _part: tuple[Any, ...] | None = None
    """The part of the job that this worker is at."""
    _first_batch = 0
    """The batch of that part from which this worker counts its progress."""

    class Meta:
        abstract = True
        ordering = ["-pk"]

    @property
    def directory(self) -> Path:
        """The folder of its files."""
        raise NotImplementedError

    @property
    def has_stopped(self) -> bool:
        """True if it ended without a result and can be resumed."""
        return self.status in STOPPED

    @property
    def figures(self) -> list[str]:
        """Names of the figures that were drawn at its end."""
        raise NotImplementedError

    @property
    def figures_directory(self) -> Path:
        """The folder of its figures, each in several formats."""
        return self.directory / "figures"

    @property
    def is_active(self) -> bool:
        """True if it waits for a worker or has one."""
        return self.status in ACTIVE

    @property
    def silence(self) -> float | None:
        """Seconds since the last heartbeat of its worker, if more than QUIET."""
        if self.status != RunStatus.RUNNING or self.heartbeat_at is None:
            return None
        silence = database_now() - self.heartbeat_at
        return silence.total_seconds() if silence > QUIET else None

    def record(self, progress: Mapping[str, Any]) -> None:
        """Record the worker's progress, at most once a second; RunCancelled tells it to stop."""
        if time.monotonic() - self._recorded_at < 1:
            return
        self._recorded_at = time.monotonic()
        values: dict[str, Any] = {
            "progress": nonfinite_to_none(dict(progress)),
            "heartbeat_at": Now(),
        }
        if self._finished_part(progress):
            values["attempts_without_progress"] = 0
        if not self._claimed().update(**values):
            raise RunCancelled(f"{self} was cancelled or taken over.")
        self._record_part(progress)

    def _finished_part(self, progress: Mapping[str, Any]) -> bool:
        """True if this worker has finished a part, or enough batches of one for a checkpoint."""
        stage, batch = progress.get("stage"), progress.get("batch", 0)
        if stage not in ("train", "predict"):
            # Finished parts are prepared again as well.
            return False
        training = stage == "train"
        part = (progress.get("arm_number"), stage, progress.get("member") if training else None)
        is_checkpoint_due = training and batch - self._first_batch >= settings.CHECKPOINT_BATCHES
        if part == self._part and not is_checkpoint_due:
            return False
        is_first, self._part, self._first_batch = self._part is None, part, batch
        return not is_first

    def log_event(self, text: str, worker: str = "") -> None:
        """Add a line to the log, if the job keeps one."""

    def _record_part(self, progress: Mapping[str, Any]) -> None:
        """Record the progress of the member or shard that this worker is at, if the job has any."""

    def cancel(self) -> None:
        """Cancel it, queued or running; raises JobConflict if it has ended."""
        if not self._end(self._row().filter(status__in=ACTIVE), RunStatus.CANCELLED):
            self.refresh_from_db()
            raise JobConflict(f"{capfirst(str(self))} cannot be cancelled: it is {self.status}.")

    @transaction.atomic
    def resume(self) -> None:
        """Queue it again, to continue from its last checkpoint with the same labels.

        Raises JobConflict unless it ended without a result.
        """
        stopped = self._row().filter(status__in=STOPPED)
        values = {"finished_at": None, "error": "", "attempts": 0, "attempts_without_progress": 0}
        if not stopped.update(status=RunStatus.QUEUED, **values):
            self.refresh_from_db()
            raise JobConflict(f"{capfirst(str(self))} cannot be resumed: it is {self.status}.")
        self.refresh_from_db()
        self.log_event("Resumed by an administrator.")
        jobs.send_on_commit(self.task, self.pk)

    def fail(self, error: str) -> bool:
        """Record why it ended without a result."""
        return self._end(self._claimed(), RunStatus.FAILED, error=error)

    def _row(self) -> models.QuerySet[Self]:
        return type(self)._default_manager.filter(pk=self.pk)

    def _claimed(self) -> models.QuerySet[Self]:
        """This row, unless it was cancelled or claimed again since this worker claimed it."""
        return self._row().filter(status=RunStatus.RUNNING, started_at=self.started_at)

    def _end(self, rows: models.QuerySet[Self], status: RunStatus, **values: Any) -> bool:
        """End the job with this status, unless `rows` are none; True if this call ended it."""
        if not rows.update(status=status, finished_at=Now(), **values):
            return False
        self.refresh_from_db()
        self.log_event(f"Ended: {self.status}.")
        return True


def all_jobs() -> Iterator[WorkerJobQuerySet[Any]]:
    """Yield the rows of each kind of job."""
    for model in apps.get_app_config("labeling").get_models():
        if issubclass(model, WorkerJob):
            yield cast("WorkerJobQuerySet[Any]", model._default_manager.all())


def worker_name() -> str:
    """Return the name of this process for people: host and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"
