"""Leases: short promises that a candidate is being looked at by an expert."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils import timezone

from labeling.db.clock import MAX_AHEAD, database_now
from labeling.db.prepared import Param, Upsert


class Sample(models.TextChoices):
    """The part of the queue that a lease came from; the expert never sees it."""

    POOL = "pool", "training pool, by uncertainty"
    CONTROL = "control", "control sample, in random order"
    REPEAT = "repeat", "the expert's own earlier candidate, to measure self-consistency"


OVERDUE_AFTER = timedelta(minutes=2)
"""After this time a lease may pass to an expert who would otherwise have nothing to do."""

REQUEST_TIME = timedelta(seconds=2)
"""Longest time from reading the database's clock to changing a row in one request."""

_RENEWED = Q(renewed_at__lt=Now() + MAX_AHEAD)
"""A lease that was renewed later than now would hold for as long as the clock was ahead."""

_HOLDS = Q(expires_at__gt=Now(), skipped_at=None) & _RENEWED

LIVE = ExpressionWrapper(_HOLDS, output_field=models.BooleanField())
"""Whether a lease holds, by the database's clock."""


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Queries about leases."""

    def live(self) -> Self:
        """Leases that hold by the database's clock: neither expired nor skipped."""
        return self.filter(_HOLDS)

    def promises(self) -> Self:
        """Live leases of the pool and the control sample, whose votes the queue waits for.

        Not those of hidden repeats, nor of control candidates that the expert chose: a vote on
        these is no control vote.
        """
        return self.live().filter(sample__in=(Sample.POOL, Sample.CONTROL))

    def overdue(self) -> Self:
        """Promises that have waited long for their vote, the longest first.

        A page renews all leases that it holds, so time since the lease began is what counts. Of
        leases that began together, the last one is the farthest from being looked at.
        """
        return (
            self.promises().filter(leased_at__lt=Now() - OVERDUE_AFTER).order_by("leased_at", "-pk")
        )

    def skipped(self) -> Self:
        """Leases of candidates that their expert skipped."""
        return self.exclude(skipped_at=None)

    def of(self, expert: User | Param) -> Self:
        """Leases of one expert."""
        return self.filter(expert=expert)


class Lease(models.Model):
    """One expert is looking at one candidate, until a moment in time."""

    candidate = models.ForeignKey("Candidate", models.CASCADE, related_name="leases")
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="leases")
    sample = models.CharField(choices=Sample, max_length=8)
    strategy = models.CharField(
        max_length=16,
        blank=True,
        help_text="Strategy that placed the candidate in the queue; empty in the control sample.",
    )
    leased_at = models.DateTimeField(default=timezone.now)
    renewed_at = models.DateTimeField(default=timezone.now, db_default=Now())
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
        """Renew the lease for the field's lease time; False if it has expired meanwhile."""
        now = database_now()
        self.renewed_at = now
        self.expires_at = now + timedelta(minutes=self.candidate.field.lease_minutes)
        # One that expires while this request is on its way may have passed to somebody else.
        live = Lease.objects.live().filter(pk=self.pk, expires_at__gt=now + REQUEST_TIME)
        return live.update(expires_at=self.expires_at, renewed_at=now) == 1

    def skip(self) -> None:
        """Free the candidate; this expert gets it again after all the others."""
        Lease.objects.filter(pk=self.pk).update(skipped_at=Now())

    def end_overdue(self) -> bool:
        """End the lease so that it can pass to somebody else; False if it ended meanwhile.

        The caller holds the candidate's lock. A vote of the first expert is then a late vote.
        """
        promise = Lease.objects.promises().filter(pk=self.pk, leased_at=self.leased_at)
        # Into the past: its holder's page may be about to extend what was live a moment ago.
        return promise.update(expires_at=models.F("leased_at")) == 1


WRITE_LEASE = Upsert(Lease, "candidate", "expert")
"""Insert a lease, or replace the expert's earlier lease on the candidate."""
