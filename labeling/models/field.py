"""Fields: one pointing of a galaxy, with its rules for voting."""

from __future__ import annotations

from math import inf, radians
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Exists, OuterRef

from labeling.models.lease import Lease, Sample
from labeling.models.vote import Vote
from labeling.ordering import takes_control

if TYPE_CHECKING:
    from labeling.models.candidate_queryset import CandidateQuerySet

_AT_LEAST_ONE = MinValueValidator(1)


def positive(value: float) -> None:
    """Refuses what is no finite number above zero."""
    if not 0 < value < inf:
        raise ValidationError("Must be a number above zero.")


class Field(models.Model):
    """One Hubble pointing of a galaxy, and how its candidates are put to the vote."""

    name = models.SlugField(unique=True, help_text="Short name for addresses and commands.")
    galaxy = models.CharField(max_length=80)
    distance_mpc = models.FloatField("distance (Mpc)", null=True, blank=True, validators=[positive])
    pixel_scale_arcsec = models.FloatField(
        "pixel scale (arcsec)", null=True, blank=True, validators=[positive]
    )
    north_deg = models.FloatField(
        "north (deg)",
        null=True,
        editable=False,
        help_text="From +y of the frame, anticlockwise; unknown without WCS.",
    )
    east_left = models.BooleanField(
        default=True, editable=False, help_text="East lies left of north."
    )
    simulated = models.BooleanField(
        default=False, help_text="The pixels come from a simulator; every page says so."
    )
    votes_needed = models.PositiveSmallIntegerField(default=3, validators=[_AT_LEAST_ONE])
    control_share = models.FloatField(
        default=0.2,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="Share of an expert's candidates that comes from the control sample.",
    )
    lease_minutes = models.PositiveSmallIntegerField(default=10, validators=[_AT_LEAST_ONE])
    promoted_run = models.ForeignKey(
        "TrainingRun", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    if TYPE_CHECKING:
        candidates: CandidateQuerySet

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def pc_per_arcsec(self) -> float | None:
        """Parsec that one arcsec spans at the field's distance."""
        return self.distance_mpc * 1e6 * radians(1 / 3600) if self.distance_mpc else None

    def lease_next(self, expert: Any, count: int) -> list[Lease]:
        """Lease the next candidates to this expert: by uncertainty, mixed with the control sample.

        Fewer than `count`, or none, when no more are waiting for this expert. Each lease is a
        transaction of its own, so that nobody ever holds more than one candidate's lock.
        """
        leases: list[Lease] = []
        votes = Vote.objects.by(expert).filter(candidate__field=self).count()
        held = Lease.objects.live().of(expert).filter(candidate__field=self).count()
        for place in range(votes + held, votes + held + count):
            first, second = Sample.POOL, Sample.CONTROL
            if takes_control(place, self.control_share):
                first, second = second, first
            lease = self._lease_one(expert, first) or self._lease_one(expert, second)
            if lease is None:
                break
            leases.append(lease)
        return leases

    def _lease_one(self, expert: Any, sample: Sample) -> Lease | None:
        """Lease the first candidate of a sample that nobody else is being given right now."""
        waiting = self.candidates.waiting_for(expert)
        in_order = waiting.in_order_for(expert, sample)
        free = in_order.select_for_update(of=("self",), skip_locked=True)
        while True:
            with transaction.atomic():
                # Locks of others are no reason to say that nothing is left: the last ones
                # are waited for.
                candidate = free.first() or in_order.select_for_update(of=("self",)).first()
                if candidate is None:
                    return None
                # Asked again after the lock: a lease committed between our snapshot and our
                # lock is invisible to the query above, and visible to this one.
                if waiting.filter(pk=candidate.pk).exists():
                    lease: Lease = candidate.lease_to(expert, sample)
                    return lease

    @transaction.atomic
    def refresh_consensus(self) -> None:
        """Recompute the consensus of every candidate with votes, after a change of the rules."""
        voted = Vote.objects.filter(candidate=OuterRef("pk"))
        for candidate in self.candidates.filter(Exists(voted)).select_for_update():
            candidate.refresh_consensus()
