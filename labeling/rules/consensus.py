"""What the live votes on one candidate say: a pure function of the votes, rule version 1.

The label is the mode of the class votes, as in LEGUS (Adamo et al. 2017; Wei et al. 2020,
section 2.1). "Unsure" is an answer: it counts towards the votes needed, never towards a class.
A candidate without a single most frequent class is left to a curator; nothing is random.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

from django.db import models

from labeling.classes import Label, MorphologicalClass

RULE_VERSION = 1
EARLY = 2
"""Votes that are enough, where the field allows early retirement, if they agree."""


class ConsensusStatus(models.TextChoices):
    """How far the people are with a candidate."""

    INSUFFICIENT = "insufficient", "more votes needed"
    AGREED = "agreed", "all agree"
    MAJORITY = "majority"
    TIE = "tie", "left to a curator"
    ADJUDICATED = "adjudicated", "decided by a curator"


SETTLED = (ConsensusStatus.AGREED, ConsensusStatus.MAJORITY, ConsensusStatus.ADJUDICATED)
"""The statuses that come with a label."""


class ConsensusProvenance(models.IntegerChoices):
    """Who classified, in LEGUS's numbers (2 is ours: LEGUS never had one person alone)."""

    NETWORK = 0, "network only"
    NETWORK_AND_ONE = 1, "network verified by one person"
    ONE = 2, "one person"
    SEVERAL = 3, "several people"
    SEVERAL_AFTER_NETWORK = 4, "several people after the network's opinion was visible"


@dataclass(frozen=True)
class Ballot:
    """What the consensus needs to know of a live vote."""

    label: int
    suggestion_visible: bool = False


@dataclass(frozen=True)
class Verdict:
    """The consensus of one candidate; the fields of the same name in the catalogue."""

    label: int | None
    status: ConsensusStatus
    counts: tuple[int, int, int, int]
    n_unsure: int
    agreement: float | None
    class_mean: float | None
    vote_entropy: float | None
    provenance: ConsensusProvenance
    rule_version: int = RULE_VERSION

    @property
    def n_votes(self) -> int:
        """Number of answers, "unsure" included."""
        return sum(self.counts) + self.n_unsure


def verdict_of(
    ballots: Iterable[Ballot],
    votes_needed: int,
    ruling: int | None = None,
    *,
    early_retirement: bool = False,
) -> Verdict:
    """The consensus of live votes, whatever their order; a curator's ruling comes first.

    With early retirement two votes are enough as long as all there are name one class.
    """
    ballots = list(ballots)
    tally = Counter(ballot.label for ballot in ballots)
    one, two, three, four = (tally[label] for label in MorphologicalClass)
    counts = (one, two, three, four)
    total = sum(counts)
    if early_retirement and max(counts) == len(ballots):
        votes_needed = min(votes_needed, EARLY)
    label, status = _decide(counts, len(ballots), votes_needed)
    if ruling is not None:
        label, status = ruling, ConsensusStatus.ADJUDICATED
    return Verdict(
        label=label,
        status=status,
        counts=counts,
        n_unsure=tally[Label.UNSURE],
        agreement=max(counts) / total if total else None,
        class_mean=sum(n * k for k, n in enumerate(counts, 1)) / total if total else None,
        vote_entropy=_entropy(counts) if total else None,
        provenance=_provenance(ballots),
    )


def _decide(
    counts: Sequence[int], n_votes: int, votes_needed: int
) -> tuple[int | None, ConsensusStatus]:
    """The mode, if there are enough votes and one class leads with more than a single vote."""
    if n_votes < votes_needed:
        return None, ConsensusStatus.INSUFFICIENT
    most = max(counts)
    if counts.count(most) > 1 or most < min(2, votes_needed):
        return None, ConsensusStatus.TIE
    label = counts.index(most) + 1
    return label, ConsensusStatus.AGREED if most == n_votes else ConsensusStatus.MAJORITY


def _entropy(counts: Sequence[int]) -> float:
    """Shannon entropy of the class votes in nats, 0 (all agree) to ln 4."""
    total = sum(counts)
    return sum(-n / total * log(n / total) for n in counts if n)


def _provenance(ballots: Sequence[Ballot]) -> ConsensusProvenance:
    """LEGUS's number for who had a say."""
    helped = any(ballot.suggestion_visible for ballot in ballots)
    if not ballots:
        return ConsensusProvenance.NETWORK
    if len(ballots) == 1:
        return ConsensusProvenance.NETWORK_AND_ONE if helped else ConsensusProvenance.ONE
    return ConsensusProvenance.SEVERAL_AFTER_NETWORK if helped else ConsensusProvenance.SEVERAL
