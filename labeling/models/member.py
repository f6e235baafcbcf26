"""Members of a run's ensemble that workers have taken, so that several can share a run."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from labeling.models.job import HEARTBEAT_LOST


class MemberQuerySet(models.QuerySet["Member"]):
    """Questions about members."""

    def under_way(self) -> Self:
        """Those that a worker trains."""
        since = timezone.now() - HEARTBEAT_LOST
        return self.filter(trained=False, heard_at__gte=since).order_by("number")

    def orphaned(self) -> Self:
        """Those whose worker has been silent for too long."""
        since = timezone.now() - HEARTBEAT_LOST
        return self.filter(trained=False, heard_at__lt=since).order_by("number")


class Member(models.Model):
    """One network of a run that a worker has taken, for as long as the run is claimed."""

    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="taken")
    number = models.PositiveSmallIntegerField()
    worker = models.CharField(max_length=120, help_text="Host and process.")
    taken_at = models.DateTimeField(auto_now_add=True)
    heard_at = models.DateTimeField(default=timezone.now, help_text="When its worker last spoke.")
    trained = models.BooleanField(default=False)
    progress = models.JSONField(default=dict, help_text="How far its worker is with it.")

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_worker_per_member")
        ]

    def __str__(self) -> str:
        return f"network {self.number + 1} of {self.run}"

    def pass_on(self, worker: str) -> bool:
        """Give it to this worker, unless its own has spoken again, or another was faster."""
        orphan = Member.objects.orphaned().filter(pk=self.pk, worker=self.worker)
        return bool(orphan.update(worker=worker, heard_at=timezone.now()))
