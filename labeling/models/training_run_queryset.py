"""Queries about training runs, and the methods by which workers get them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from django.db import transaction

from labeling.models import job
from labeling.models.field import Field
from labeling.models.job import RunStatus, WorkerJobQuerySet
from labeling.models.shared_run import SharedRun

Run = TypeVar("Run", bound=SharedRun)
"""The model `TrainingRun`, which is made with a subclass of these queries."""


class TrainingRunQueries(WorkerJobQuerySet[Run]):
    """Queries about training runs; a worker claims or joins them."""

    def imported_into(self, field: Field, network: str, source: Mapping[str, Any]) -> Self:
        """The run imported into a field under this name from a file, read with these options."""
        runs = self.filter(fields=field, external=network, outcome__sha256=source["sha256"])
        if "options" not in source:
            return runs.exclude(outcome__has_key="options")
        return runs.filter(outcome__options=source["options"])

    @transaction.atomic
    def claim(self, pk: int, message: str = "") -> Run | None:
        """Return the queued run, now claimed by this worker.

        None if another worker trains in one of its fields: the run waits for the message at the
        other's end, or for the next sweep.
        """
        fields = Field.objects.lock_rows(Field.objects.filter(runs=pk))
        running = self.filter(status=RunStatus.RUNNING, fields__in=fields)
        if (fields and running.exists()) or not (run := super().claim(pk, message)):
            return None
        # Workers of an earlier claim learn at their next report that it is over.
        run.member_claims.delete()
        run.trained_at = None
        run.save(update_fields=["trained_at"])
        run.log_event(f"Claimed, attempt {run.attempts}.", job.worker_name())
        return run

    def join(self, pk: int) -> Run | None:
        """Return a run of another worker if a member is free, and this worker did not give it up.

        A worker that gave it up would take the message from one that can help.
        """
        run = self.filter(pk=pk, status=RunStatus.RUNNING, trained_at=None).first()
        if run is None or run.was_given_up_by(job.worker_name()):
            return None
        claims = run.member_claims
        return run if claims.count() < run.members or claims.orphaned().exists() else None
