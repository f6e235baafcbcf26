"""Votes: what experts said, for ever."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Q, UniqueConstraint
from django.utils import timezone

from labeling.classes import Certainty, Label, Reason


class VoteConflict(Exception):
    """A vote's UUID came a second time with another content, or from another expert."""


class VoteQuerySet(models.QuerySet["Vote"]):
    """Questions about votes."""

    def live(self) -> Self:
        """Votes that count: not retracted by their voter."""
        return self.filter(retracted_at=None)

    def by(self, voter: Any) -> Self:
        """Votes of one expert."""
        return self.filter(voter=voter)

    def today(self) -> Self:
        """Votes cast since midnight UTC."""
        return self.filter(cast_at__date=timezone.now().date())

    def tally(self) -> dict[int, int]:
        """Number of votes for each label that has any."""
        return dict(self.order_by().values_list("label").annotate(n=Count("pk")))


class Vote(models.Model):
    """One expert's answer for one candidate. A change of mind retracts it and adds another."""

    id = models.UUIDField(primary_key=True, help_text="Made by the client, so it counts once.")
    candidate = models.ForeignKey("Candidate", models.PROTECT, related_name="votes")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="votes")
    label = models.PositiveSmallIntegerField(choices=Label)
    certainty = models.CharField(choices=Certainty, default=Certainty.SURE, max_length=8)
    reason = models.CharField(choices=Reason, blank=True, max_length=8)
    comment = models.TextField(blank=True)
    flagged = models.BooleanField(default=False, help_text="Put up for discussion.")
    seconds = models.FloatField("seconds looked", null=True, blank=True)
    display = models.JSONField(default=dict, blank=True, help_text="Stretch, limits and zoom.")
    answers = models.JSONField(
        default=list, blank=True, help_text="The path through the questions, if it was taken."
    )
    suggestion_visible = models.BooleanField(
        default=False, help_text="The network's opinion could be seen before this vote."
    )
    surplus = models.BooleanField(
        default=False,
        help_text="Cast without a lease when all the votes needed were there; it counts all the "
        "same.",
    )
    cast_at = models.DateTimeField(default=timezone.now, editable=False)
    retracted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = VoteQuerySet.as_manager()

    class Meta:
        ordering = ["-cast_at"]
        constraints = [
            UniqueConstraint(
                fields=["candidate", "voter"], condition=Q(retracted_at=None), name="one_live_vote"
            )
        ]

    def __str__(self) -> str:
        return f"{self.voter} on {self.candidate}: {self.get_label_display()}"

    def says(self, voter: Any, candidate_id: int, answer: dict[str, Any]) -> bool:
        """Whether this is that voter's same answer for the same candidate."""
        same_place = (self.voter_id, self.candidate_id) == (voter.pk, candidate_id)
        return same_place and all(getattr(self, name) == value for name, value in answer.items())

    @transaction.atomic
    def retract(self) -> None:
        """Take the vote back and refresh the consensus; doing so twice changes nothing."""
        candidate = type(self.candidate).objects.select_for_update().get(pk=self.candidate_id)
        live = Vote.objects.live().filter(pk=self.pk)
        if live.update(retracted_at=timezone.now()):
            candidate.refresh_consensus()
