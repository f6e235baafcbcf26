"""Leases: short promises that a candidate is being looked at by an expert."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from labeling.db.prepared import Put

if TYPE_CHECKING:
    from labeling.models.candidate import Candidate


class Sample(models.TextChoices):
    """Why a candidate was served; the expert never learns it."""

    POOL = "pool", "training pool, by uncertainty"
    CONTROL = "control", "control sample, in random order"
    REPEAT = "repeat", "the expert's own earlier candidate, to measure self-consistency"


HELD_UP = timedelta(minutes=2)
"""After this time a lease may go to somebody who would otherwise have nothing to do."""

IN_FLIGHT = timedelta(seconds=2)
"""What a request may take from the web server's clock to the database's row."""


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Questions about leases."""

    def live(self, now: Any = None) -> Self:
        """Leases that still hold: not run out, not skipped."""
        return self.filter(expires_at__gt=now or timezone.now(), skipped_at=None)

    def promises(self, now: Any = None) -> Self:
        """Live leases from which a vote that counts may come: no hidden repeats."""
        return self.live(now).exclude(sample=Sample.REPEAT)

    def held_up(self) -> Self:
        """Promises that have waited for their vote for long, the longest first.

        However lively the holder: a page renews all that it holds. Of what came together, the
        last is the farthest from being looked at.
        """
        since = timezone.now() - HELD_UP
        return self.promises().filter(leased_at__lt=since).order_by("leased_at", "-pk")

    def skipped(self) -> Self:
        """Candidates that an expert put off."""
        return self.exclude(skipped_at=None)

    def of(self, expert: Any) -> Self:
        """Leases of one expert."""
        return self.filter(expert=expert)

    def give(self, expert: Any, candidates: Iterable[Candidate], sample: str = "") -> list[Lease]:
        """Promise these to the expert for the field's time; the caller holds their locks."""
        now = timezone.now()
        leases = [
            Lease(
                candidate=candidate,
                expert=expert,
                sample=sample or (Sample.CONTROL if candidate.control else Sample.POOL),
                strategy="" if sample else candidate.found_by,
                leased_at=now,
                expires_at=now + timedelta(minutes=candidate.field.lease_minutes),
            )
            for candidate in candidates
        ]
        for lease in leases:
            _PUT(lease)
        return leases


class Lease(models.Model):
    """One expert is looking at one candidate, until a moment in time."""

    candidate = models.ForeignKey("Candidate", models.CASCADE, related_name="leases")
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="leases")
    sample = models.CharField(choices=Sample, max_length=8)
    strategy = models.CharField(
        max_length=16,
        blank=True,
        help_text="What put it first in the training pool, with a network or before there is one.",
    )
    leased_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    skipped_at = models.DateTimeField(null=True, blank=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "expert"], name="one_lease_per_expert")
        ]

    def __str__(self) -> str:
        return f"{self.candidate} with {self.expert} until {self.expires_at:%H:%M:%S}"

    @property
    def is_live(self) -> bool:
        """Whether it still holds."""
        return self.expires_at > timezone.now() and self.skipped_at is None

    def extend(self) -> bool:
        """The expert is still looking: the promise holds for the field's full time again.

        False when it has run out meanwhile: others may have the candidate now.
        """
        now = timezone.now()
        self.expires_at = now + timedelta(minutes=self.candidate.field.lease_minutes)
        # In its last moments it may have run out, and the place be given away, once this arrives.
        still = Lease.objects.live(now + IN_FLIGHT).filter(pk=self.pk)
        return still.update(expires_at=self.expires_at) == 1

    def skip(self) -> None:
        """Free the candidate; this expert gets it again after all the others."""
        Lease.objects.filter(pk=self.pk).update(skipped_at=timezone.now())

    def pass_on(self, expert: Any) -> Lease | None:
        """End it and promise its candidate to somebody else; None if it has ended meanwhile.

        The caller holds the candidate's lock. What the first expert says after all is a late vote.
        """
        still = Lease.objects.promises().filter(pk=self.pk, leased_at=self.leased_at)
        # Into the past: its holder's page may be about to extend what was live a moment ago.
        if not still.update(expires_at=F("leased_at")):
            return None
        self.candidate.found_by = self.strategy
        return Lease.objects.give(expert, [self.candidate])[0]


_PUT = Put(Lease, "candidate", "expert")
