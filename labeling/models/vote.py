"""Votes: every answer of every expert, never deleted, and what each depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, UniqueConstraint
from django.db.models.functions import Now
from django.utils import timezone

from classifier.core.classes import CLASSES
from labeling.classes import Certainty, Label, Reason
from labeling.db.prepared import Param, PreparedQuery
from labeling.models.disclosure import Disclosure
from labeling.models.lease import LIVE, Lease, Sample


class VoteConflict(Exception):
    """A vote's UUID was sent again with other content, or by another expert."""


class NotReplaceable(Exception):
    """A vote names as replaced what is not its voter's vote on the same candidate."""


_SAME_PAIR = {"candidate": OuterRef("candidate"), "voter": OuterRef("voter")}
"""The votes of the same voter on the same candidate, in a subquery of votes."""


class VoteQuerySet(models.QuerySet["Vote"]):
    """Queries about votes."""

    def standing(self) -> Self:
        """Votes that are not retracted, hidden repeats included."""
        return self.filter(retracted_at=None)

    def live(self) -> Self:
        """Votes that count: neither retracted nor hidden repeats."""
        return self.standing().filter(repeat_of=None)

    def repeats(self) -> Self:
        """Hidden repeats: second answers of an expert, which measure consistency, never count."""
        return self.standing().exclude(repeat_of=None)

    def repeatable(self) -> Self:
        """Live votes that their voter has not answered again."""
        repeats = Vote.objects.repeats().filter(repeat_of=OuterRef("pk"))
        return self.live().exclude(Exists(repeats))

    def blind(self) -> Self:
        """Votes cast before the voter was shown any opinion."""
        return self.filter(informed=False)

    def informed(self) -> Self:
        """Votes cast after the voter was shown what others say."""
        return self.filter(informed=True)

    def blind_before(self) -> VoteQuerySet:
        """All blind votes, in order of time, on candidates on which these include informed ones."""
        informed = self.informed().order_by().values("candidate")
        blind = Vote.objects.blind().filter(repeat_of=None, candidate__in=informed)
        return blind.order_by("cast_at", "pk")

    def control_votes(self) -> Self:
        """Votes that control labels are made of: at most one of each voter.

        It is blind, and the queue served the candidate from the control sample. Of a voter who
        changed it after they were shown opinions, it is the last blind one.
        """
        live_informed = Vote.objects.live().informed().filter(**_SAME_PAIR)
        later = Q(cast_at__gt=OuterRef("cast_at")) | Q(
            cast_at=OuterRef("cast_at"), pk__gt=OuterRef("pk")
        )
        later_blind = Vote.objects.blind().filter(later, **_SAME_PAIR, repeat_of=None)
        last_blind = Q(Exists(live_informed)) & ~Q(Exists(later_blind))
        counting = Q(retracted_at=None) | last_blind
        return self.blind().served_from_control_sample().filter(counting)

    def served_from_control_sample(self) -> Self:
        """Votes on candidates that the queue served to their voter from the control sample.

        A correction has no sample of its own in older rows: it has that of the vote before it.
        """
        # The sum keeps the database from reading all votes of the voter, by their index.
        votes = Vote.objects.alias(voter_number=F("voter_id") + 0)
        corrected = votes.filter(
            candidate=OuterRef("candidate"),
            voter_number=OuterRef("voter"),
            sample=Sample.CONTROL,
            cast_at__lte=OuterRef("cast_at"),
        )
        served = Q(sample=Sample.CONTROL) | Exists(corrected)
        return self.filter(served, repeat_of=None, vote_import=None)

    def imported(self) -> Self:
        """Votes that were cast elsewhere, and came with a file."""
        return self.exclude(vote_import=None)

    def for_classes(self) -> Self:
        """Votes for a class, not "unsure"."""
        return self.filter(label__in=CLASSES)

    def by(self, voter: User | Param) -> Self:
        """Votes of one expert."""
        return self.filter(voter=voter)

    def today(self, zone: tzinfo = UTC) -> Self:
        """Votes cast since the last midnight in a time zone."""
        midnight = datetime.combine(timezone.localdate(timezone=zone), time.min, tzinfo=zone)
        return self.filter(cast_at__gte=midnight)

    def tally(self) -> dict[int, int]:
        """Return the number of votes for each label that has any."""
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
    flagged = models.BooleanField(default=False, help_text="Marked for discussion.")
    seconds = models.FloatField("seconds looked", null=True, blank=True)
    display = models.JSONField(default=dict, blank=True, help_text="Stretch, limits and zoom.")
    answers = models.JSONField(
        default=list, blank=True, help_text="Answers to the questions, if the voter used them."
    )
    suggestion_visible = models.BooleanField(
        default=False, help_text="The network's opinion was visible to the voter before this vote."
    )
    votes_visible = models.PositiveSmallIntegerField(
        default=0, help_text="Number of others' votes visible to the voter before this vote."
    )
    informed = models.BooleanField(
        default=False,
        help_text="The voter was shown what the network, others or catalogues say before it.",
    )
    sample = models.CharField(
        choices=Sample, blank=True, max_length=8, help_text="Why it was served, if it was."
    )
    strategy = models.CharField(
        max_length=16,
        blank=True,
        help_text="Strategy that placed the candidate in the queue, if it came from there.",
    )
    surplus = models.BooleanField(
        default=False,
        help_text="Cast without a lease after all votes needed were cast or promised; it counts.",
    )
    # Nearly all are null, and an index full of nulls misleads the database's planner.
    repeat_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="repeated_by",
        db_index=False,
    )
    vote_import = models.ForeignKey(
        "VoteImport",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="votes",
        db_index=False,
        help_text="The file with which it came, if it was cast elsewhere.",
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
            models.Index(
                fields=["vote_import"],
                condition=Q(vote_import__isnull=False),
                name="imported_votes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voter} on {self.candidate}: {self.get_label_display()}"

    @property
    def is_live(self) -> bool:
        """True if the vote counts."""
        return self.retracted_at is None and self.repeat_of_id is None

    def confirm(self, voter: User, candidate_id: int, answer: Mapping[str, Any]) -> Vote:
        """Return this vote to a request that repeats it; raise VoteConflict to any other."""
        same_vote = (self.voter_id, self.candidate_id) == (voter.pk, candidate_id)
        same_answer = all(getattr(self, name) == value for name, value in answer.items())
        if not (same_vote and same_answer):
            raise VoteConflict(f"Vote {self.pk} exists with other content.")
        return self

    @transaction.atomic
    def retract(self) -> None:
        """Retract the vote and refresh the consensus; doing so twice changes nothing."""
        candidate = self.candidate
        candidate.lock()
        standing = Vote.objects.standing().filter(pk=self.pk)
        if standing.update(retracted_at=Now()):
            candidate.refresh_consensus()


VOTES: PreparedQuery[Vote] = PreparedQuery(
    lambda: Vote.objects.filter(
        Q(pk=Param("uuid", models.UUIDField())) | Q(candidate=Param("candidate"))
    ).order_by()
)
"""All votes on a candidate, retracted ones too, and the vote with a UUID wherever it is."""

_PAIR = {"candidate": Param("candidate"), "expert": Param("expert")}
_LEASE: PreparedQuery[Lease] = PreparedQuery(
    lambda: Lease.objects.filter(**_PAIR).annotate(
        live=LIVE, disclosed=Exists(Disclosure.objects.filter(**_PAIR))
    )
)
_DISCLOSURE = PreparedQuery(lambda: Disclosure.objects.filter(**_PAIR).values_list("pk"))


@dataclass(frozen=True)
class VoteContext:
    """All that an expert's vote on a locked candidate depends on, besides the answer."""

    votes_of_others: Sequence[Vote]
    """The live votes of others."""
    lease: Lease | None
    """The expert's lease on the candidate, expired or not; the vote ends it."""
    lease_is_live: bool
    disclosed: bool
    """True if the expert was shown what others say of the candidate, at any time."""
    previous: Vote | None
    """The expert's vote before the new one, retracted or not; a repeat only before a repeat."""
    repeat_of: UUID | None
    """The expert's vote that the new one only repeats, hidden from them; such votes never count."""
    superseded: Sequence[UUID]
    """The standing votes that the new one replaces."""

    @property
    def served_by(self) -> Lease | Vote | None:
        """The lease, or else the expert's earlier vote, that says why the candidate was served."""
        answers_repeat = self.lease is not None and self.lease.sample == Sample.REPEAT
        if self.lease and (self.repeat_of or not answers_repeat):
            return self.lease
        return self.previous

    @classmethod
    def read(
        cls, candidate_id: int, expert: User, votes: Sequence[Vote], replaces: UUID | None
    ) -> Self:
        """Return the context; `votes` are those on the candidate, `replaces` the corrected one."""
        own_votes = [vote for vote in votes if vote.voter_id == expert.pk]
        replaced = next((vote for vote in own_votes if vote.pk == replaces), None)
        lease, live, disclosed = _lease(candidate_id, expert)
        if _is_correction(replaced, lease):
            # The repeat still waits for its answer.
            lease = None
        repeat_of = _repeated_vote(own_votes, lease, replaced)
        return cls(
            votes_of_others=[vote for vote in votes if vote.is_live and vote.voter_id != expert.pk],
            lease=lease,
            lease_is_live=lease is not None and live,
            # Opinions shown before an earlier vote stay shown, whatever the role is now.
            disclosed=disclosed or any(vote.informed for vote in own_votes),
            previous=max(
                (vote for vote in own_votes if vote.repeat_of_id == repeat_of),
                key=lambda vote: vote.cast_at,
                default=None,
            ),
            repeat_of=repeat_of,
            superseded=[
                vote.pk
                for vote in own_votes
                if vote.retracted_at is None and vote.repeat_of_id == repeat_of
            ],
        )


def _lease(candidate_id: int, expert: User) -> tuple[Lease | None, bool, bool]:
    """Return the expert's lease, if any, whether it is live, and if opinions were disclosed."""
    pair = {"candidate": candidate_id, "expert": expert.pk}
    for lease, values in _LEASE.annotated(**pair):
        return lease, bool(values["live"]), bool(values["disclosed"])
    return None, False, bool(_DISCLOSURE.rows(**pair))


def _is_correction(replaced: Vote | None, lease: Lease | None) -> bool:
    """True if the expert corrects the vote that counts while they hold its hidden repeat."""
    if replaced is None or lease is None:
        return False
    return lease.sample == Sample.REPEAT and not replaced.repeat_of_id


def _repeated_vote(
    own_votes: Sequence[Vote], lease: Lease | None, replaced: Vote | None
) -> UUID | None:
    """Return the vote that the next one repeats; a skipped repeat is not answered by a vote."""
    if replaced:
        return replaced.repeat_of_id
    if lease and lease.sample == Sample.REPEAT and lease.skipped_at is None:
        return next((vote.pk for vote in own_votes if vote.is_live), None)
    return None
