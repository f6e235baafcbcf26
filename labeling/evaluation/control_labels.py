"""The labels of the control sample, by which every network is measured.

A vote counts here if the queue served the candidate to its voter from the control sample, and if
the voter had been shown no opinion on it. Of a voter who changed their vote after opinions were
shown, the last blind vote counts. Votes cast by hand, imported votes, informed votes and rulings
count in the catalogue only. The rule is that of the consensus, with the field's votes needed.

Reference labels are used as their catalogue gives them: how they were made is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.db.models import Count, Q

from classifier.core.classes import CLASSES
from labeling.classes import Label
from labeling.models.candidate import Candidate, CandidateQuerySet
from labeling.models.field import Field
from labeling.models.vote import Vote
from labeling.rules.consensus import Ballot, ConsensusStatus, verdict_of
from labeling.training.label_source import CONSENSUS, LabelSource

ClassCounts = tuple[int, ...]
"""Number of votes for each class."""

_ANSWERS = (*CLASSES, Label.UNSURE.value)
_RULES = ("field__votes_needed", "field__early_retirement")


@dataclass(frozen=True)
class ControlLabels:
    """The labels of the control candidates in play, of some fields, by one source."""

    source: LabelSource
    labels: Mapping[int, int]
    """Class by candidate."""
    votes: Mapping[int, ClassCounts] = field(default_factory=dict)
    """Votes that count here, by candidate; empty unless the source is the consensus."""
    unsettled: frozenset[int] = frozenset()
    """Candidates with all votes needed and no class: tied, or too many "unsure"."""
    waiting: frozenset[int] = frozenset()
    """Candidates that lack votes."""
    catalogue_only: frozenset[int] = frozenset()
    """Unsettled or waiting candidates that have a class in the catalogue, by a ruling or by votes
    that do not count here."""

    def among(self, candidates: Collection[int]) -> ControlLabels:
        """Return the labels of these candidates alone."""
        chosen = frozenset(candidates)
        return replace(
            self,
            labels={pk: label for pk, label in self.labels.items() if pk in chosen},
            votes={pk: counts for pk, counts in self.votes.items() if pk in chosen},
            unsettled=self.unsettled & chosen,
            waiting=self.waiting & chosen,
            catalogue_only=self.catalogue_only & chosen,
        )


def control_labels(fields: Iterable[Field], source: LabelSource = CONSENSUS) -> ControlLabels:
    """Return the present labels of the control candidates of these fields."""
    candidates = Candidate.objects.in_play().filter(field__in=list(fields), control=True)
    columns = (*_RULES, "consensus__label")
    rows = {pk: row for pk, *row in candidates.order_by("pk").values_list("pk", *columns)}
    if source.is_reference:
        labels = dict(sorted(candidates.labels(source).items()))
        return ControlLabels(source, labels, waiting=frozenset(rows.keys() - labels.keys()))
    ballots = {pk: n for pk, n in _ballots(candidates, source).items() if pk in rows}
    if source.expert:
        verdicts, catalogue = _expert_verdicts(ballots), set(candidates.labels(source))
    else:
        verdicts = _consensus_verdicts(rows, ballots)
        catalogue = {pk for pk, (*_, label) in rows.items() if label is not None}
    labels = {pk: label for pk, label in sorted(verdicts.items()) if label is not None}
    return ControlLabels(
        source=source,
        labels=labels,
        votes={} if source.expert else {pk: tuple(n[:-1]) for pk, n in ballots.items()},
        unsettled=frozenset(verdicts.keys() - labels.keys()),
        waiting=frozenset(rows.keys() - verdicts.keys()),
        catalogue_only=frozenset(catalogue - labels.keys()),
    )


Ballots = dict[int, list[int]]
"""Number of votes for each class and of "unsure", by candidate."""

Verdicts = dict[int, int | None]
"""The class, or None, of each candidate that is not waiting for votes."""


def _ballots(candidates: CandidateQuerySet, source: LabelSource) -> Ballots:
    """Return the votes that count, by candidate: at most one of each voter."""
    votes = Vote.objects.filter(candidate__in=candidates.order_by().values("pk"))
    if source.expert:
        votes = votes.filter(voter__username=source.expert)
    # Counted by the database: a field may have hundreds of thousands of votes.
    counts = {f"n{answer}": Count("pk", filter=Q(label=answer)) for answer in _ANSWERS}
    rows = votes.control_votes().order_by().values("candidate").annotate(**counts)
    return {pk: counts for pk, *counts in rows.values_list("candidate", *counts)}


def _expert_verdicts(ballots: Ballots) -> Verdicts:
    """Return the class that one expert gives to each candidate, None for "unsure"."""
    answers = {pk: _ANSWERS[counts.index(1)] for pk, counts in ballots.items()}
    return {pk: label if label in CLASSES else None for pk, label in answers.items()}


def _consensus_verdicts(rows: Mapping[int, Sequence[Any]], ballots: Ballots) -> Verdicts:
    """Return the class of each candidate with all votes needed, None for one without a class."""
    verdicts: Verdicts = {}
    for pk, counts in ballots.items():
        votes_needed, early, _ = rows[pk]
        label, status = _verdict(tuple(counts), votes_needed, early_retirement=early)
        if status != ConsensusStatus.INSUFFICIENT:
            verdicts[pk] = label
    return verdicts


@lru_cache(maxsize=4096)
def _verdict(
    counts: tuple[int, ...], votes_needed: int, *, early_retirement: bool
) -> tuple[int | None, ConsensusStatus]:
    """Return label and status; cached, since the same counts come thousands of times."""
    ballots = [Ballot(answer) for answer, n in zip(_ANSWERS, counts, strict=True) for _ in range(n)]
    verdict = verdict_of(ballots, votes_needed, early_retirement=early_retirement)
    return verdict.label, verdict.status
