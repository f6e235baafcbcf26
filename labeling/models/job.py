"""Long work as rows with a lifecycle: what a training run and an experiment have in common."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import capfirst

from labeling import jobs
from labeling.files.json_values import finite

HEARTBEAT_LOST = timedelta(minutes=3)
"""A worker that is silent for so long has died: another one goes on."""

QUIET = timedelta(minutes=1)
"""A silence that people are told of; one batch of a large network may take half of it."""

MOST_ATTEMPTS = 5
"""Work at which so many workers died in a row, with nothing kept, is left to a person."""


class JobConflict(Exception):
    """The job's status, its labels or the gate forbid what was asked for; the text says why."""


class RunCancelled(Exception):
    """The work was cancelled, or taken over, while a worker was at it."""


class RunStatus(models.TextChoices):
    """Where a run, or an experiment, is in its life."""

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

_HOPELESS = (
    f"{MOST_ATTEMPTS} workers died over it, or fell silent for "
    f"{HEARTBEAT_LOST.seconds // 60} minutes. See the log of the worker: did the machine run out "
    "of memory? Then let it go on; what was finished is kept."
)

Job = TypeVar("Job", bound="WorkerJob")


class WorkerJobQuerySet(models.QuerySet[Job]):
    """Questions about such work, and the claim."""

    def active(self) -> Self:
        """What waits for a worker or has one."""
        return self.filter(status__in=ACTIVE)

    def lost(self) -> Self:
        """Running ones whose worker has been silent for too long."""
        silent = timezone.now() - HEARTBEAT_LOST
        return self.filter(status=RunStatus.RUNNING, heartbeat_at__lt=silent)

    def claim(self, pk: int, message: str = "") -> Job | None:
        """The queued row, now this worker's own; None if another worker has it already.

        `message` is the id of the one that brought the worker.
        """
        now = timezone.now()
        waiting = self.filter(pk=pk, status=RunStatus.QUEUED)
        claim: dict[str, Any] = {"started_at": now, "heartbeat_at": now, "message": message}
        claim |= {count: F(count) + 1 for count in ("attempts", "fruitless")}
        if not waiting.update(status=RunStatus.RUNNING, **claim):
            return None
        return self.get(pk=pk)

    def mourn(self, message: str) -> bool:
        """Take what the worker that this message brought was at as lost: it is known to be dead."""
        silent = timezone.now() - 2 * HEARTBEAT_LOST
        bereaved = self.filter(status=RunStatus.RUNNING, message=message)
        return bool(bereaved.update(heartbeat_at=silent))

    def requeue_lost(self) -> list[int]:
        """Put lost rows back into the queue; all queued ones, for whoever sends the messages.

        Those that kill every worker end here: an administrator may let them go on.
        """
        hopeless = self.lost().filter(fruitless__gte=MOST_ATTEMPTS)
        for row in hopeless:
            row.tell("The last of too many workers died over it: it waits for a person.")
        hopeless.update(status=RunStatus.STALLED, finished_at=timezone.now(), error=_HOPELESS)
        for row in self.lost():
            row.tell("Its worker died or fell silent: queued again.")
        self.lost().update(status=RunStatus.QUEUED)
        return list(self.filter(status=RunStatus.QUEUED).values_list("pk", flat=True))


class WorkerJob(models.Model):
    """A request that one worker at a time carries out, with its progress and its end."""

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(
        choices=RunStatus, default=RunStatus.QUEUED, max_length=12, db_index=True
    )
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Workers that began since a person last asked for it."
    )
    fruitless = models.PositiveSmallIntegerField(
        default=0, help_text="Of these, so many at the end that have not finished any part of it."
    )
    message = models.CharField(
        max_length=40, blank=True, editable=False, help_text="Id of what called its worker."
    )
    progress = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    task: ClassVar[str]
    """Name of the task that carries it out, for `jobs.send`."""

    _recorded_at = 0.0
    _at: tuple[Any, ...] | None = None
    _since = 0
    """The part that this worker is at, and the batch of it from which it went on."""

    class Meta:
        abstract = True
        ordering = ["-pk"]

    @property
    def directory(self) -> Path:
        """Where it keeps its files."""
        raise NotImplementedError

    @property
    def has_stopped(self) -> bool:
        """Whether it ended without a result, so that it can go on."""
        return self.status in STOPPED

    @property
    def figures(self) -> list[str]:
        """Names of the figures that were drawn at its end."""
        raise NotImplementedError

    @property
    def figures_directory(self) -> Path:
        """Where they are, each in several formats."""
        return self.directory / "figures"

    @property
    def is_active(self) -> bool:
        """Whether it waits for a worker or has one."""
        return self.status in ACTIVE

    @property
    def silence(self) -> float | None:
        """Seconds since its worker was heard of, where these are too many."""
        if self.status != RunStatus.RUNNING or self.heartbeat_at is None:
            return None
        silent = timezone.now() - self.heartbeat_at
        return silent.total_seconds() if silent > QUIET else None

    def record(self, progress: Mapping[str, Any]) -> None:
        """Note how far the worker is; raises RunCancelled if it should stop.

        Writes at most once a second, however often it is called.
        """
        if time.monotonic() - self._recorded_at < 1:
            return
        self._recorded_at = time.monotonic()
        now = timezone.now()
        told: dict[str, Any] = {"progress": finite(dict(progress)), "heartbeat_at": now}
        if self._has_kept_some(progress):
            told["fruitless"] = 0
        if not self._mine().update(**told):
            raise RunCancelled(f"{self} was cancelled or taken over.")
        self._note(progress)

    def _has_kept_some(self, progress: Mapping[str, Any]) -> bool:
        """Whether this worker has brought it further, for whoever comes after it.

        It has come to another part, or by so many batches that it has kept a network in training.
        """
        stage, batch = progress.get("stage"), progress.get("batch", 0)
        if stage not in ("train", "predict"):
            # Parts that are finished are prepared anew as well.
            return False
        training = stage == "train"
        at = (progress.get("arm_number"), stage, progress.get("member") if training else None)
        further = training and batch - self._since >= settings.CHECKPOINT_BATCHES
        if at == self._at and not further:
            return False
        first, self._at, self._since = self._at is None, at, batch
        return not first

    def tell(self, text: str, worker: str = "") -> None:
        """Add a line to the log, where one is kept."""

    def _note(self, progress: Mapping[str, Any]) -> None:
        """What else is to be kept of a report."""

    def cancel(self) -> None:
        """Stop it, waiting or at work; raises JobConflict if it has ended."""
        if not self._end(self._me().filter(status__in=ACTIVE), RunStatus.CANCELLED):
            self.refresh_from_db()
            raise JobConflict(f"{capfirst(str(self))} cannot be cancelled: it is {self.status}.")

    @transaction.atomic
    def resume(self) -> None:
        """Queue it again, to continue from its last checkpoint with the same labels.

        Raises JobConflict unless it ended without a result.
        """
        stopped = self._me().filter(status__in=STOPPED)
        anew = {"finished_at": None, "error": "", "attempts": 0, "fruitless": 0}
        if not stopped.update(status=RunStatus.QUEUED, **anew):
            self.refresh_from_db()
            raise JobConflict(f"{capfirst(str(self))} cannot be resumed: it is {self.status}.")
        self.refresh_from_db()
        self.tell("Queued again, by hand.")
        jobs.send_on_commit(self.task, self.pk)

    def fail(self, error: str) -> bool:
        """Record why it ended without a result."""
        return self._end(self._mine(), RunStatus.FAILED, error=error)

    def _me(self) -> models.QuerySet[Self]:
        return type(self)._default_manager.filter(pk=self.pk)

    def _mine(self) -> models.QuerySet[Self]:
        """This row, unless it was cancelled or claimed anew since this worker claimed it."""
        return self._me().filter(status=RunStatus.RUNNING, started_at=self.started_at)

    def _end(self, going: models.QuerySet[Self], status: RunStatus, **values: Any) -> bool:
        """Leave the given state for the end, once."""
        if not going.update(status=status, finished_at=timezone.now(), **values):
            return False
        self.refresh_from_db()
        self.tell(f"It has ended: {self.status}.")
        return True


def worker_name() -> str:
    """This process, for people: host and number."""
    return f"{socket.gethostname()}:{os.getpid()}"
