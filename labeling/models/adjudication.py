"""Adjudications: a curator's ruling where the votes leave a tie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from labeling.classes import CLASS_CHOICES
from labeling.rules.conflicts import RulingCorrected

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class AdjudicationQuerySet(models.QuerySet["Adjudication"]):
    """Queries about rulings."""

    def standing(self) -> Self:
        """Rulings that count: the latest on each candidate, unless it is withdrawn."""
        return self.exclude(Exists(_later_rulings())).filter(withdrawn_at=None)

    def in_play(self) -> Self:
        """Rulings on candidates that are put to the vote."""
        return self.filter(candidate__set_aside="")

    def history(self) -> Self:
        """All rulings in play, the latest first, with their candidates, people and corrections."""
        rows = self.in_play().with_correction()
        return rows.select_related("candidate__field", "curator", "withdrawn_by")

    def with_correction(self) -> Self:
        """Add `corrected_at` and `corrected_by` of the ruling that came next, else None."""
        following = _later_rulings().order_by("decided_at", "pk")
        return self.annotate(
            corrected_at=models.Subquery(following.values("decided_at")[:1]),
            corrected_by=models.Subquery(following.values("curator__username")[:1]),
        )


class Adjudication(models.Model):
    """A curator's class for one candidate, with the reason. Rulings are never deleted.

    The latest one on a candidate counts. Once it is withdrawn, none counts.
    """

    candidate = models.ForeignKey("Candidate", models.PROTECT, related_name="adjudications")
    curator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="rulings")
    label = models.PositiveSmallIntegerField(choices=CLASS_CHOICES)
    reason = models.TextField()
    decided_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="withdrawn_rulings",
    )

    objects = AdjudicationQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.curator} on {self.candidate}: {self.get_label_display()}"

    @transaction.atomic
    def withdraw(self, curator: User) -> None:
        """Withdraw the ruling, so that the votes decide; doing so again changes nothing.

        Raises RulingCorrected for any ruling but the latest one on its candidate.
        """
        candidate = self.candidate
        candidate.lock()
        latest = candidate.adjudications.select_related("curator")[0]
        if latest.pk != self.pk:
            raise RulingCorrected(
                f"The ruling on {candidate} has been corrected by {latest.curator}; only the "
                "latest one can be withdrawn."
            )
        if latest.withdrawn_at is not None:
            return
        latest.withdrawn_at, latest.withdrawn_by = timezone.now(), curator
        latest.save(update_fields=["withdrawn_at", "withdrawn_by"])
        candidate.refresh_consensus()


def _later_rulings() -> AdjudicationQuerySet:
    """Rulings on the same candidate after one, in a subquery of rulings."""
    later = Q(decided_at__gt=OuterRef("decided_at")) | Q(
        decided_at=OuterRef("decided_at"), pk__gt=OuterRef("pk")
    )
    return Adjudication.objects.filter(later, candidate=OuterRef("candidate"))
