"""The context in which an expert answers for a locked candidate, read before the vote is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Exists, Q

from labeling.db.prepared import Param, PreparedQuery
from labeling.models.disclosure import Disclosure
from labeling.models.lease import Lease, Sample
from labeling.models.vote import Vote

_PAIR = {"candidate": Param("candidate"), "expert": Param("expert")}
_LEASE: PreparedQuery[Lease] = PreparedQuery(
    lambda: Lease.objects.filter(**_PAIR).annotate(
        disclosed=Exists(Disclosure.objects.filter(**_PAIR))
    )
)
_DISCLOSURE = PreparedQuery(lambda: Disclosure.objects.filter(**_PAIR).values_list("pk"))

VOTES: PreparedQuery[Vote] = PreparedQuery(
    lambda: Vote.objects.filter(
        Q(pk=Param("uuid", models.UUIDField())) | Q(candidate=Param("candidate"))
    ).order_by()
)
"""All votes on a candidate, retracted ones too, and the vote with a UUID wherever it is."""


@dataclass(frozen=True)
class VoteContext:
    """What one expert's answer depends on, besides the answer."""

    own_votes: Sequence[Vote]
    """The expert's votes on the candidate, retracted ones and repeats too."""
    votes_of_others: Sequence[Vote]
    """The live votes of others."""
    lease: Lease | None
    """The expert's lease on the candidate, expired or not; the vote ends it."""
    disclosed: bool
    """True if the expert was shown what others say of the candidate."""
    repeat_of: UUID | None
    """The expert's vote that the new one only repeats, hidden from them; such votes never count."""

    @classmethod
    def read(
        cls, candidate_id: int, expert: User, votes: Sequence[Vote], replaces: UUID | None
    ) -> Self:
        """Return the context; `votes` are those on the candidate, `replaces` the corrected one."""
        own_votes = [vote for vote in votes if vote.voter_id == expert.pk]
        replaced = next((vote for vote in own_votes if vote.pk == replaces), None)
        lease, disclosed = _lease(candidate_id, expert)
        if _is_correction(replaced, lease):
            # The repeat still waits for its answer.
            lease = None
        return cls(
            own_votes=own_votes,
            votes_of_others=[vote for vote in votes if vote.is_live and vote.voter_id != expert.pk],
            lease=lease,
            disclosed=disclosed,
            repeat_of=_repeated_vote(own_votes, lease, replaced),
        )

    @property
    def superseded(self) -> list[UUID]:
        """The standing votes that the new one replaces."""
        return [
            vote.pk
            for vote in self.own_votes
            if vote.retracted_at is None and vote.repeat_of_id == self.repeat_of
        ]


def _lease(candidate_id: int, expert: User) -> tuple[Lease | None, bool]:
    """Return the expert's lease, if any, and whether opinions were disclosed to them."""
    pair = {"candidate": candidate_id, "expert": expert.pk}
    for lease, values in _LEASE.annotated(**pair):
        return lease, bool(values["disclosed"])
    return None, bool(_DISCLOSURE.rows(**pair))


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
