"""The raters whose labels can be compared, read from the database.

An expert is compared with the consensus of the others, since their own vote would agree with
itself. Their last blind vote counts: a vote cast after opinions were shown is no independent one.
Only experts who never voted blindly, such as curators who see all votes, are compared by their
current vote. Networks are compared on the control sample, which no run is trained on, and with the
consensus of the control labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from labeling.agreement.dawid_skene import Diagnosis, diagnose
from labeling.agreement.pairs import PairAgreement, pair_agreement
from labeling.auth.roles import Role, has_role
from labeling.classes import Label
from labeling.evaluation.control_labels import control_labels
from labeling.models import Consensus, Field, Prediction, ReferenceLabel, Vote
from labeling.rules.consensus import Ballot, verdict_of

EXPERT = "expert"
CONSENSUS = "consensus"
REFERENCE = "reference"
NETWORK = "network"
REPEATS = "repeats"

MAX_COMPARED = 20
"""People who are compared in pairs: those with the most votes. Projects of volunteers have more."""

CONSENSUS_OF_OTHERS = "consensus of the others"
OWN_REPEATS = "own repeats"
PROMOTED_NETWORK = "promoted network"

Labels = Mapping[int, int]
"""Class 1 to 4 by candidate, or by repeat in `Raters.repeats`."""

_RULES = ("candidate__field__votes_needed", "candidate__field__early_retirement")


@dataclass(frozen=True)
class RaterPair:
    """Two raters, their kinds (EXPERT, CONSENSUS, …), and their agreement."""

    first: str
    first_kind: str
    second: str
    second_kind: str
    agreement: PairAgreement


@dataclass(frozen=True)
class Rater:
    """One rater: name, kind and labels."""

    name: str
    kind: str
    labels: Labels


@dataclass(frozen=True)
class Raters:
    """The labels of all raters, in one field or in all."""

    experts: Mapping[str, Labels]
    consensus_of_others: Mapping[str, Labels]
    """By expert: the consensus without their votes, on the candidates where there is one."""
    repeats: Mapping[str, tuple[Labels, Labels]]
    """By expert: the labels of their first votes and of their repeats, by repeat."""
    consensus: Labels
    control: Labels
    """The control labels: the consensus with which the network is compared."""
    references: Mapping[str, Labels]
    network: Labels

    def pairs(self, expert: str | None = None) -> Iterator[RaterPair]:
        """Yield all pairs with objects in common, or those whose first rater is this expert."""
        # Sorting is stable: the other experts stay in the order of their names.
        names = sorted(self.compared(expert), key=lambda name: name != expert)
        for first, second in self._combinations(names):
            if expert is None or (first.name, first.kind) == (expert, EXPERT):
                agreement = pair_agreement(first.labels, second.labels)
                if agreement.n:
                    yield RaterPair(first.name, first.kind, second.name, second.kind, agreement)

    def compared(self, expert: str | None = None) -> list[str]:
        """Return the people who are compared in pairs, by name; this expert is among them."""
        order = sorted(self.experts, key=lambda name: (name != expert, -len(self.experts[name])))
        chosen = set(order[:MAX_COMPARED])
        return [name for name in self.experts if name in chosen]

    def _combinations(self, names: list[str]) -> Iterator[tuple[Rater, Rater]]:
        """Yield the pairs of raters that are compared, experts in the order of `names`."""
        experts = [Rater(name, EXPERT, self.experts[name]) for name in names]
        references = [Rater(name, REFERENCE, labels) for name, labels in self.references.items()]
        consensus = Rater(CONSENSUS, CONSENSUS, self.consensus)
        network = Rater(PROMOTED_NETWORK, NETWORK, self.network)
        yield from combinations(experts, 2)
        for expert in experts:
            labels_of_others = self.consensus_of_others[expert.name]
            yield expert, Rater(CONSENSUS_OF_OTHERS, CONSENSUS, labels_of_others)
            yield from ((expert, reference) for reference in references)
            yield expert, network
        for name, (first, repeated) in self.repeats.items():
            yield Rater(name, EXPERT, first), Rater(OWN_REPEATS, REPEATS, repeated)
        yield from ((consensus, reference) for reference in references)
        yield Rater(CONSENSUS, CONSENSUS, self.control), network
        yield from combinations(references, 2)
        yield from ((reference, network) for reference in references)

    def diagnosis(self) -> Diagnosis | None:
        """Fit Dawid and Skene's model to the experts' votes; None for fewer than two experts."""
        if len(self.experts) < 2:
            return None
        return diagnose(
            (candidate, name, label)
            for name, labels in self.experts.items()
            for candidate, label in labels.items()
        )


def pairs_visible_to(user: User | AnonymousUser, field: Field | None = None) -> Iterator[RaterPair]:
    """Yield the pairs of raters with objects in common that this user may see.

    Curators see all pairs. An expert sees the pairs that they are part of, on the candidates that
    they have voted on, so that no figure reveals others' votes on a candidate still to come.
    """
    expert = None if has_role(user, Role.CURATOR) else user.get_username()
    return read_raters(field).pairs(expert)


def read_raters(field: Field | None = None) -> Raters:
    """Read all labels, with one query for each kind of rater."""
    conditions = {"candidate__field": field} if field else {}
    votes = _last_blind_votes(conditions)
    settled = Consensus.objects.settled().filter(**conditions).values_list("candidate", "label")
    promoted = Prediction.objects.promoted().filter(candidate__control=True, **conditions)
    references = ReferenceLabel.objects.filter(**conditions).order_by("source")
    return Raters(
        experts=_by_rater(vote[:3] for vote in votes if vote[2] != Label.UNSURE),
        consensus_of_others=_consensus_of_others(votes),
        repeats=_repeats(conditions),
        consensus={candidate: label for candidate, label in settled if label is not None},
        control=control_labels([field] if field else Field.objects.all()).labels,
        references=_by_rater(references.values_list("source", "candidate", "label")),
        network=dict(promoted.values_list("candidate", "label")),
    )


def _last_blind_votes(conditions: Mapping[str, Any]) -> list[tuple[str, int, int, int, bool]]:
    """Return voter, candidate, label and rules, once for each voter and candidate with a live vote.

    The label is that of the last blind vote, or of the live vote where there is no blind one.
    """
    live = Vote.objects.live().filter(**conditions).order_by("voter__username")
    rows = live.values_list("voter__username", "candidate", "label", *_RULES)
    blind = live.blind_before().values_list("voter__username", "candidate", "label")
    blind_labels = {(voter, candidate): label for voter, candidate, label in blind}
    return [
        (voter, candidate, blind_labels.get((voter, candidate), label), *rules)
        for voter, candidate, label, *rules in rows
    ]


def _by_rater(rows: Iterable[tuple[str, int, int]]) -> dict[str, dict[int, int]]:
    """Return labels by rater and candidate."""
    labels: dict[str, dict[int, int]] = defaultdict(dict)
    for rater, candidate, label in rows:
        labels[rater][candidate] = label
    return dict(labels)


def _consensus_of_others(
    votes: Iterable[tuple[str, int, int, int, bool]],
) -> dict[str, dict[int, int]]:
    """Return, by expert, the consensus without their vote on each candidate that they voted on.

    One vote fewer is needed, since one voter is missing, but at least two: one vote is no
    consensus. Curators' rulings are left out: curators saw all votes.
    """
    by_candidate: dict[int, list[int]] = defaultdict(list)
    for _, candidate, label, *_rules in votes:
        by_candidate[candidate].append(label)
    labels: dict[str, dict[int, int]] = defaultdict(dict)
    for voter, candidate, label, votes_needed, early in votes:
        remaining = sorted(by_candidate[candidate])
        remaining.remove(label)
        consensus = _consensus(tuple(remaining), max(2, votes_needed - 1), early=early)
        of_voter = labels[voter]
        if consensus is not None:
            of_voter[candidate] = consensus
    return dict(labels)


@cache
def _consensus(labels: tuple[int, ...], votes_needed: int, *, early: bool) -> int | None:
    """Return the consensus label; cached, since the same combinations come thousands of times."""
    ballots = [Ballot(label) for label in labels]
    return verdict_of(ballots, votes_needed, early_retirement=early).label


def _repeats(conditions: Mapping[str, Any]) -> dict[str, tuple[dict[int, int], dict[int, int]]]:
    """Return, by expert, the classes of their first votes and of their repeats, by repeat.

    Repeats of a vote that its voter retracted are left out: the first vote was a slip.
    """
    repeats = Vote.objects.repeats().filter(repeat_of__retracted_at=None, **conditions)
    rows = repeats.order_by("voter__username", "cast_at", "pk")
    labels: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
    for repeat, (name, first, second) in enumerate(
        rows.values_list("voter__username", "repeat_of__label", "label")
    ):
        if Label.UNSURE not in (first, second):
            firsts, seconds = labels.setdefault(name, ({}, {}))
            firsts[repeat], seconds[repeat] = first, second
    return labels
