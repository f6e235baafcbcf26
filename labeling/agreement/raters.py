"""Who said what: the raters whose labels can be compared, from the database.

The consensus that an expert is measured against is that of the others: with their own vote in it,
they would agree with themselves. For the same reason it is an expert's last blind answer that is
compared: what they said after they were shown the others' votes, a network's opinion or a published
class is no second opinion. Only who never answered blindly, a curator who sees all, is taken by
their word of now. Networks are measured on the control sample only, on which none of ours was
trained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from labeling.agreement.dawid_skene import Diagnosis, diagnose
from labeling.agreement.pairs import Agreement, compare
from labeling.auth.roles import Role, has_role
from labeling.classes import Label
from labeling.models import Consensus, Field, Prediction, ReferenceLabel, Vote
from labeling.rules.consensus import Ballot, verdict_of

EXPERT = "expert"
CONSENSUS = "consensus"
REFERENCE = "reference"
NETWORK = "network"
REPEATS = "repeats"

CONSENSUS_OF_OTHERS = "consensus of the others"
OWN_REPEATS = "own repeats"
PROMOTED_NETWORK = "promoted network"

Labels = Mapping[int, int]
"""Class 1 to 4 by candidate; of repeats, by the number of the repeat."""

_RULES = ("candidate__field__votes_needed", "candidate__field__early_retirement")


@dataclass(frozen=True)
class RaterPair:
    """Two raters, what kind each is (see above), and their agreement."""

    first: str
    first_kind: str
    second: str
    second_kind: str
    agreement: Agreement


@dataclass(frozen=True)
class Raters:
    """The labels of everybody who has a say, in one field or in all."""

    experts: Mapping[str, Labels]
    others: Mapping[str, Labels]
    """By expert: the consensus without their votes, where they have one."""
    repeats: Mapping[str, tuple[Labels, Labels]]
    """By expert: what they said first and again, by the repeat."""
    consensus: Labels
    references: Mapping[str, Labels]
    network: Labels

    def pairs(self, expert: str | None = None) -> Iterator[RaterPair]:
        """Compare all raters with objects in common; of an expert, the pairs that they lead."""
        # Stable: the others stay in the order of their names.
        names = sorted(self.experts, key=lambda name: name != expert)
        for first, first_kind, ours, second, second_kind, theirs in self._meetings(names):
            if expert is None or (first, first_kind) == (expert, EXPERT):
                agreement = compare(ours, theirs)
                if agreement.n:
                    yield RaterPair(first, first_kind, second, second_kind, agreement)

    def _meetings(self, names: list[str]) -> Iterator[tuple[str, str, Labels, str, str, Labels]]:
        """Two raters each: name, kind and labels."""
        experts, references = self.experts, self.references
        for one, two in combinations(names, 2):
            yield one, EXPERT, experts[one], two, EXPERT, experts[two]
        for name in names:
            labels = experts[name]
            yield name, EXPERT, labels, CONSENSUS_OF_OTHERS, CONSENSUS, self.others[name]
            for source, published in references.items():
                yield name, EXPERT, labels, source, REFERENCE, published
            yield name, EXPERT, labels, PROMOTED_NETWORK, NETWORK, self.network
        for name, (first, again) in self.repeats.items():
            yield name, EXPERT, first, OWN_REPEATS, REPEATS, again
        for source, published in references.items():
            yield CONSENSUS, CONSENSUS, self.consensus, source, REFERENCE, published
        yield CONSENSUS, CONSENSUS, self.consensus, PROMOTED_NETWORK, NETWORK, self.network
        for one, two in combinations(references, 2):
            yield one, REFERENCE, references[one], two, REFERENCE, references[two]
        for source, published in references.items():
            yield source, REFERENCE, published, PROMOTED_NETWORK, NETWORK, self.network

    def diagnosis(self) -> Diagnosis | None:
        """What Dawid and Skene's model makes of the experts' votes; None of fewer than two."""
        if len(self.experts) < 2:
            return None
        votes = ((name, *vote) for name, given in self.experts.items() for vote in given.items())
        return diagnose((candidate, name, label) for name, candidate, label in votes)


def pairs_visible_to(user: Any, field: Field | None = None) -> Iterator[RaterPair]:
    """All pairs of raters with objects in common that this user may see.

    Curators see all. An expert sees the pairs that they are part of, on the candidates that
    they have voted on, so that no figure tells what others said of a candidate to come.
    """
    curates = has_role(user, Role.CURATOR)
    return read_raters(field).pairs(None if curates else user.get_username())


def read_raters(field: Field | None = None) -> Raters:
    """Read all labels: one query for each kind of rater."""
    where = {"candidate__field": field} if field else {}
    ballots = _ballots(where)
    settled = Consensus.objects.settled().filter(**where).values_list("candidate", "label")
    promoted = Prediction.objects.promoted().filter(candidate__control=True, **where)
    references = ReferenceLabel.objects.filter(**where).order_by("source")
    return Raters(
        experts=_by_rater(ballot[:3] for ballot in ballots if ballot[2] != Label.UNSURE),
        others=_consensus_of_the_others(ballots),
        repeats=_repeats(where),
        consensus={candidate: label for candidate, label in settled if label is not None},
        references=_by_rater(references.values_list("source", "candidate", "label")),
        network=dict(promoted.values_list("candidate", "label")),
    )


def _ballots(where: Mapping[str, Any]) -> list[tuple[str, int, int, int, bool]]:
    """Voter, candidate, label and rules, once for each voter with a live vote on a candidate.

    The label is that of their last blind answer, where they have one.
    """
    live = Vote.objects.live().filter(**where).order_by("voter__username")
    rows = live.values_list("voter__username", "candidate", "label", *_RULES)
    said = live.blind_before().values_list("voter__username", "candidate", "label")
    before = {(voter, candidate): label for voter, candidate, label in said}
    return [
        (voter, candidate, before.get((voter, candidate), label), *rules)
        for voter, candidate, label, *rules in rows
    ]


def _by_rater(rows: Iterable[tuple[str, int, int]]) -> dict[str, dict[int, int]]:
    """Labels by candidate by rater."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for rater, candidate, label in rows:
        found[rater][candidate] = label
    return dict(found)


def _consensus_of_the_others(
    ballots: Iterable[tuple[str, int, int, int, bool]],
) -> dict[str, dict[int, int]]:
    """By expert, the label of each candidate that they voted on, had they not voted.

    One vote fewer is needed, as one seat stays empty, but never fewer than two: one alone is no
    consensus. A curator, who saw all votes, is not asked.
    """
    given: dict[int, list[int]] = defaultdict(list)
    for _, candidate, label, *_rules in ballots:
        given[candidate].append(label)
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for voter, candidate, label, needed, early in ballots:
        rest = sorted(given[candidate])
        rest.remove(label)
        mine, settled = found[voter], _settled(tuple(rest), max(2, needed - 1), early=early)
        if settled is not None:
            mine[candidate] = settled
    return dict(found)


@cache
def _settled(labels: tuple[int, ...], votes_needed: int, *, early: bool) -> int | None:
    """The consensus of these answers; the same few combinations come thousands of times."""
    ballots = [Ballot(label) for label in labels]
    return verdict_of(ballots, votes_needed, early_retirement=early).label


def _repeats(where: Mapping[str, Any]) -> dict[str, tuple[dict[int, int], dict[int, int]]]:
    """By expert, classes given when they saw a candidate first, and when they saw it again.

    A first answer that its voter has taken back was a slip, and measures nothing.
    """
    rows = Vote.objects.repeats().filter(repeat_of__retracted_at=None, **where)
    both = rows.order_by("voter__username", "cast_at", "pk")
    found: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
    for repeat, (name, label, again) in enumerate(
        both.values_list("voter__username", "repeat_of__label", "label")
    ):
        if Label.UNSURE not in (label, again):
            first, second = found.setdefault(name, ({}, {}))
            first[repeat], second[repeat] = label, again
    return found
