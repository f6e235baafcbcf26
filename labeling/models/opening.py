"""Openings: who has been shown what others say of a candidate, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import UniqueConstraint
from django.utils import timezone


class OpeningQuerySet(models.QuerySet["Opening"]):
    """The verb that records them."""

    def note(self, expert: Any, candidates: Iterable[int]) -> None:
        """Record that the expert is shown these, as far as there is anything that others say.

        Called when all that is to be shown has been read, and before it is: what comes meanwhile
        counts as shown, and what cannot be recorded is not shown.
        """
        shown = apps.get_model("labeling", "Candidate").objects.filter(pk__in=list(candidates))
        new = shown.spoken_of_to(expert).exclude(openings__expert=expert)
        openings = [Opening(candidate=candidate, expert=expert) for candidate in new]
        self.bulk_create(openings, ignore_conflicts=True)


class Opening(models.Model):
    """One expert has been shown what the network, others or catalogues say of one candidate."""

    candidate = models.ForeignKey(
        "Candidate", models.CASCADE, related_name="openings", db_index=False
    )
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="openings")
    opened_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OpeningQuerySet.as_manager()

    class Meta:
        constraints = [UniqueConstraint(fields=["candidate", "expert"], name="one_opening")]

    def __str__(self) -> str:
        return f"{self.expert} was shown what others say of {self.candidate}"
