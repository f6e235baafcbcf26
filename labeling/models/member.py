"""Members of a run's ensemble that workers have claimed, so that several share a run."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from labeling.models.job import silent_since


class MemberQuerySet(models.QuerySet["Member"]):
    """Queries about members."""

    def in_training(self) -> Self:
        """Members that a worker trains."""
        return self.filter(~silent_since("heartbeat_at"), trained=False).order_by("number")

    def orphaned(self) -> Self:
        """Members whose worker has been silent for too long."""
        return self.filter(silent_since("heartbeat_at"), trained=False).order_by("number")


class Member(models.Model):
    """One member of a run that a worker has claimed, for as long as the run is claimed."""

    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="claimed_members")
    number = models.PositiveSmallIntegerField()
    worker = models.CharField(max_length=120, help_text="Host and process.")
    claimed_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(
        default=timezone.now, help_text="Time of its worker's last report."
    )
    trained = models.BooleanField(default=False)
    progress = models.JSONField(default=dict, help_text="Last report of its worker.")

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_worker_per_member")
        ]

    def __str__(self) -> str:
        return f"member {self.number + 1} of {self.run}"

    def pass_to(self, worker: str) -> bool:
        """Give it to this worker, unless its own has reported or another was faster."""
        orphan = Member.objects.orphaned().filter(pk=self.pk, worker=self.worker)
        return bool(orphan.update(worker=worker, heartbeat_at=Now()))
