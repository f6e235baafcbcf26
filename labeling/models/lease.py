"""Leases: short promises that a candidate is being looked at by an expert."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class Sample(models.TextChoices):
    """Why a candidate was served; the expert never learns it."""

    POOL = "pool", "training pool, by uncertainty"
    CONTROL = "control", "control sample, in random order"


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Questions about leases."""

    def live(self) -> Self:
        """Leases that still hold: not run out, not skipped."""
        return self.filter(expires_at__gt=timezone.now(), skipped_at=None)

    def skipped(self) -> Self:
        """Candidates that an expert put off."""
        return self.exclude(skipped_at=None)

    def of(self, expert: Any) -> Self:
        """Leases of one expert."""
        return self.filter(expert=expert)


class Lease(models.Model):
    """One expert is looking at one candidate, until a moment in time."""

    candidate = models.ForeignKey("Candidate", models.CASCADE, related_name="leases")
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="leases")
    sample = models.CharField(choices=Sample, max_length=8)
    expires_at = models.DateTimeField(db_index=True)
    skipped_at = models.DateTimeField(null=True, blank=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "expert"], name="one_lease_per_expert")
        ]

    def __str__(self) -> str:
        return f"{self.candidate} with {self.expert} until {self.expires_at:%H:%M:%S}"

    def extend(self) -> bool:
        """The expert is still looking: the promise holds for the field's full time again.

        False when it has run out meanwhile: others may have the candidate now.
        """
        self.expires_at = timezone.now() + timedelta(minutes=self.candidate.field.lease_minutes)
        still = Lease.objects.live().filter(pk=self.pk)
        return still.update(expires_at=self.expires_at) == 1

    def skip(self) -> None:
        """Free the candidate; this expert gets it again after all the others."""
        Lease.objects.filter(pk=self.pk).update(skipped_at=timezone.now())
