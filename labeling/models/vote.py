"""Votes: what experts said, for ever."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Q, UniqueConstraint
from django.utils import timezone

from labeling.classes import Certainty, Label, Reason
from labeling.models.lease import Sample


class VoteConflict(Exception):
    """A vote's UUID came a second time with another content, or from another expert."""


class VoteQuerySet(models.QuerySet["Vote"]):
    """Questions about votes."""

    def standing(self) -> Self:
        """Votes that their voter has not taken back, hidden repeats too."""
        return self.filter(retracted_at=None)

    def live(self) -> Self:
        """Votes that count: standing, and no hidden repeats."""
        return self.standing().filter(repeat_of=None)

    def repeats(self) -> Self:
        """Answers to what the same expert had answered before; they measure, and never count."""
        return self.standing().exclude(repeat_of=None)

    def repeatable(self) -> Self:
        """Votes that count and that their voter has not answered again."""
        again = Vote.objects.repeats().filter(repeat_of=OuterRef("pk"))
        return self.live().exclude(Exists(again))

    def blind(self) -> Self:
        """Votes before which the voter was shown no opinion but their own."""
        return self.filter(informed=False)

    def informed(self) -> Self:
        """Votes before which the voter was shown what others say."""
        return self.filter(informed=True)

    def blind_before(self) -> VoteQuerySet:
        """What was said blindly, and when, of that on which any of these was cast informed."""
        told = self.informed().order_by().values("candidate")
        blind = Vote.objects.blind().filter(repeat_of=None, candidate__in=told)
        return blind.order_by("cast_at", "pk")

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
    voter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="votes", db_index=False
    )
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
        default=False, help_text="The network's opinion was open to the voter before this vote."
    )
    votes_visible = models.PositiveSmallIntegerField(
        default=0, help_text="Others' votes that were open to the voter before this one."
    )
    informed = models.BooleanField(
        default=False,
        help_text="The voter had been shown what the network, others or catalogues say.",
    )
    sample = models.CharField(
        choices=Sample, blank=True, max_length=8, help_text="Why it was served, if it was."
    )
    strategy = models.CharField(
        max_length=16, blank=True, help_text="What had put it first in the training pool."
    )
    surplus = models.BooleanField(
        default=False,
        help_text="Cast without a lease when all the votes needed were there or promised; it "
        "counts all the same.",
    )
    # Nearly all are null, and an index full of nulls only misleads the database's planner.
    repeat_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="repeated_by",
        db_index=False,
    )
    cast_at = models.DateTimeField(default=timezone.now, editable=False)
    retracted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = VoteQuerySet.as_manager()

    class Meta:
        ordering = ["-cast_at"]
        constraints = [
            UniqueConstraint(
                fields=["candidate", "voter"],
                condition=Q(retracted_at=None, repeat_of=None),
                name="one_live_vote",
            ),
            UniqueConstraint(
                fields=["repeat_of"],
                condition=Q(retracted_at=None, repeat_of__isnull=False),
                name="one_live_repeat",
            ),
        ]
        indexes = [
            models.Index(fields=["voter", "cast_at"], name="votes_by_voter"),
            models.Index(
                fields=["candidate"],
                condition=Q(flagged=True, retracted_at=None),
                name="flagged_votes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voter} on {self.candidate}: {self.get_label_display()}"

    @property
    def counts(self) -> bool:
        """Whether it is live."""
        return self.retracted_at is None and self.repeat_of_id is None

    def says(self, voter: Any, candidate_id: int, answer: dict[str, Any]) -> bool:
        """Whether this is that voter's same answer for the same candidate."""
        same_place = (self.voter_id, self.candidate_id) == (voter.pk, candidate_id)
        return same_place and all(getattr(self, name) == value for name, value in answer.items())

    @transaction.atomic
    def retract(self) -> None:
        """Take the vote back and refresh the consensus; doing so twice changes nothing."""
        candidate = self.candidate
        candidate.lock()
        standing = Vote.objects.standing().filter(pk=self.pk)
        if standing.update(retracted_at=timezone.now()):
            candidate.refresh_consensus()
