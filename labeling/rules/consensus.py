"""The consensus of the live votes on one candidate: a pure function of them, rule version 1.

The label is the mode of the class votes, as in LEGUS (Adamo et al. 2017; Wei et al. 2020,
section 2.1). "Unsure" counts towards the votes needed, never towards a class. A candidate without
a single most frequent class is a tie, which a curator adjudicates; nothing is random.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import models

from classifier.core.classes import MorphologicalClass
from classifier.core.uncertainty import entropy
from labeling.classes import Label

RULE_VERSION = 1
EARLY_VOTES_NEEDED = 2
"""Votes that are enough if they agree, in a field with early retirement."""


class ConsensusStatus(models.TextChoices):
    """Status of the consensus: whether it has a label, and by which rule."""

    INSUFFICIENT = "insufficient", "insufficient votes"
    AGREED = "agreed", "all agree"
    MAJORITY = "majority", "majority"
    TIE = "tie", "tie"
    ADJUDICATED = "adjudicated", "adjudicated"


SETTLED = (ConsensusStatus.AGREED, ConsensusStatus.MAJORITY, ConsensusStatus.ADJUDICATED)
"""The statuses with a label."""


class ConsensusProvenance(models.IntegerChoices):
    """Provenance of a class by LEGUS's numbers; we added 2, since LEGUS had no single raters."""

    NETWORK = 0, "network only"
    NETWORK_AND_ONE = 1, "network verified by one person"
    ONE = 2, "one person"
    SEVERAL = 3, "several people"
    SEVERAL_AFTER_NETWORK = 4, "several people after the network's opinion was visible"


@dataclass(frozen=True)
class Ballot:
    """The fields of a live vote that the consensus depends on."""

    label: int
    suggestion_visible: bool = False


@dataclass(frozen=True)
class Verdict:
    """The consensus of one candidate; its fields have the names of the catalogue's columns."""

    label: int | None
    status: ConsensusStatus
    counts: tuple[int, int, int, int]
    n_unsure: int
    n_votes: int
    """Number of answers, "unsure" included."""
    agreement: float | None
    class_mean: float | None
    vote_entropy: float | None
    provenance: ConsensusProvenance
    rule_version: int = RULE_VERSION


def verdict_of(
    ballots: Iterable[Ballot],
    votes_needed: int,
    ruling: int | None = None,
    *,
    early_retirement: bool = False,
) -> Verdict:
    """Return the consensus of live votes in any order; a curator's ruling overrides the votes.

    With early retirement two votes are enough if all votes name one class.
    """
    ballots = list(ballots)
    tally = Counter(ballot.label for ballot in ballots)
    n_1, n_2, n_3, n_4 = (tally[label] for label in MorphologicalClass)
    counts = (n_1, n_2, n_3, n_4)
    total = sum(counts)
    provenance = _provenance(ballots)
    if early_retirement and max(counts) == len(ballots):
        votes_needed = min(votes_needed, EARLY_VOTES_NEEDED)
    label, status = _decide(counts, len(ballots), votes_needed)
    if ruling is not None:
        label, status = ruling, ConsensusStatus.ADJUDICATED
    return Verdict(
        label=label,
        status=status,
        counts=counts,
        n_unsure=tally[Label.UNSURE],
        n_votes=len(ballots),
        agreement=max(counts) / total if total else None,
        class_mean=sum(n * k for k, n in enumerate(counts, 1)) / total if total else None,
        vote_entropy=float(entropy(np.array(counts) / total)) if total else None,
        provenance=provenance,
    )


def _decide(
    counts: Sequence[int], n_votes: int, votes_needed: int
) -> tuple[int | None, ConsensusStatus]:
    """Return the mode if the votes suffice and one class alone leads, with more than one vote."""
    if n_votes < votes_needed:
        return None, ConsensusStatus.INSUFFICIENT
    highest = max(counts)
    if counts.count(highest) > 1 or highest < min(2, votes_needed):
        return None, ConsensusStatus.TIE
    label = counts.index(highest) + 1
    return label, ConsensusStatus.AGREED if highest == n_votes else ConsensusStatus.MAJORITY


def _provenance(ballots: Sequence[Ballot]) -> ConsensusProvenance:
    """Return LEGUS's number for who classified."""
    informed = any(ballot.suggestion_visible for ballot in ballots)
    if not ballots:
        return ConsensusProvenance.NETWORK
    if len(ballots) == 1:
        return ConsensusProvenance.NETWORK_AND_ONE if informed else ConsensusProvenance.ONE
    return ConsensusProvenance.SEVERAL_AFTER_NETWORK if informed else ConsensusProvenance.SEVERAL
