"""Runs that several workers share: each claims members of the ensemble and trains them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models
from django.db.models.functions import Now

from labeling import jobs
from labeling.files.json_values import nonfinite_to_none
from labeling.models import job
from labeling.models.job import RunCancelled, RunStatus, WorkerJob
from labeling.models.member import Member, MemberQuerySet
from labeling.models.run_event import RunEvent

_GAVE_UP = "Gave up"
"""The start of the log line of a worker that cannot continue."""


class SharedRun(WorkerJob):
    """A job whose members several workers train, and which one of them finishes."""

    trained_at = models.DateTimeField(null=True, help_text="When all its members were trained.")

    task = jobs.TRAIN

    _member: int | None = None
    """The member that this worker trains."""
    _is_finishing = False
    """True if this worker predicts with the trained members."""

    class Meta(WorkerJob.Meta):
        abstract = True

    @property
    def members(self) -> int:
        """Number of members of its ensemble."""
        raise NotImplementedError

    @property
    def member_claims(self) -> MemberQuerySet:
        """The members that workers have claimed."""
        return Member.objects.filter(run=self.pk)

    def log_event(self, text: str, worker: str = "") -> None:
        """Add a line to its log."""
        RunEvent.objects.create(run_id=self.pk, text=text, worker=worker, at=Now())

    def free_members(self) -> Iterator[int]:
        """Claim and yield one free member after the other for this worker to train.

        Members that other workers give up, or over which they fall silent, become free again.
        """
        worker = job.worker_name()
        while (number := self._claim_member(worker)) is not None:
            self._member = number
            yield number
            self._member = None
            self.member_claims.filter(number=number, worker=worker).update(trained=True)
            self.log_event(f"Member {number + 1} is trained.", worker)

    def _claim_member(self, worker: str) -> int | None:
        """Claim the first free member for this worker and return its number; None: no free one."""
        claimed = set(self.member_claims.values_list("number", flat=True))
        for number in range(self.members):
            if not self._claimed().exists():
                raise RunCancelled(f"{self} was cancelled or taken over.")
            if number in claimed:
                continue
            _, new = Member.objects.get_or_create(
                run_id=self.pk, number=number, defaults={"worker": worker, "heartbeat_at": Now()}
            )
            if new:
                self.log_event(f"Member {number + 1} is started.", worker)
                return number
        for orphan in self.member_claims.orphaned():
            if orphan.pass_to(worker):
                self.log_event(f"Member {orphan.number + 1}: {orphan.worker} fell silent.", worker)
                return orphan.number
        return None

    def give_up(self, reason: str) -> None:
        """Release what this worker has claimed of it to the others, and log why."""
        worker = job.worker_name()
        self.log_event(f"{_GAVE_UP}: {reason}", worker)
        if self._member is not None:
            self.member_claims.filter(number=self._member, worker=worker).delete()
        if self._is_finishing:
            # Only a worker that claims the run again can repeat this part.
            self._claimed().update(status=RunStatus.QUEUED)
        # The other workers may have left, since no member was free.
        jobs.send(jobs.TRAIN, self.pk)

    def was_given_up_by(self, worker: str) -> bool:
        """True if this worker gave it up since it was last claimed."""
        events = RunEvent.objects.filter(run=self.pk, worker=worker, at__gte=self.started_at)
        return events.filter(text__startswith=_GAVE_UP).exists()

    def _record_part(self, progress: Mapping[str, Any]) -> None:
        if progress.get("stage") == "train":
            member = self.member_claims.filter(number=progress["member"])
            values = {"progress": nonfinite_to_none(dict(progress)), "heartbeat_at": Now()}
            if not member.filter(worker=job.worker_name()).update(**values) and member.exists():
                raise RunCancelled(f"Another worker has taken over {self}.")

    @property
    def member_progress(self) -> list[Mapping[str, Any]]:
        """The last report of each worker that trains a member."""
        return [m.progress for m in self.member_claims.in_training() if m.progress]

    def begin_finishing(self) -> bool:
        """Return True to one worker, which then predicts, after all members are trained."""
        unfinished = self._claimed().filter(trained_at=None)
        self._is_finishing = bool(unfinished.update(trained_at=Now()))
        if self._is_finishing:
            self.log_event("All members are trained; predicting.", job.worker_name())
        return self._is_finishing
