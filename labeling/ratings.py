"""Who said what: the raters whose labels can be compared, from the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from labeling.agreement import Agreement, compare
from labeling.classes import Label
from labeling.models import Candidate, Consensus, Field, ReferenceLabel, Vote
from labeling.roles import Role, has_role

CONSENSUS = "consensus"


@dataclass(frozen=True)
class Pair:
    """Two raters, what kind each is (expert, consensus, reference), and their agreement."""

    first: str
    first_kind: str
    second: str
    second_kind: str
    agreement: Agreement


def pairs_open_to(user: Any, field: Field | None = None) -> Iterator[Pair]:
    """All pairs of raters with objects in common that this user may see.

    Curators see all. An expert sees the pairs that they are part of, on the candidates that
    they have voted on, so that no figure tells what others said of a candidate to come.
    """
    candidates = Candidate.objects.filter(field=field) if field else Candidate.objects.all()
    experts = _experts(candidates)
    others = {(CONSENSUS, CONSENSUS): _consensus(candidates), **_references(candidates)}
    raters: dict[tuple[str, str], Mapping[int, int]] = {**experts, **others}
    mine = None if has_role(user, Role.CURATOR) else ("expert", user.get_username())
    for one, two in combinations(raters, 2):
        if mine is not None and mine not in (one, two):
            continue
        agreement = compare(raters[one], raters[two])
        if agreement.n:
            yield Pair(one[1], one[0], two[1], two[0], agreement)


def _experts(candidates: Any) -> dict[tuple[str, str], dict[int, int]]:
    """Live class votes by expert."""
    votes = Vote.objects.live().exclude(label=Label.UNSURE).filter(candidate__in=candidates)
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    rows = votes.order_by("voter__username").values_list("voter__username", "candidate", "label")
    for name, candidate, label in rows:
        found["expert", name][candidate] = label
    return dict(found)


def _consensus(candidates: Any) -> dict[int, int]:
    """Settled labels."""
    settled = Consensus.objects.settled().filter(candidate__in=candidates)
    rows = settled.values_list("candidate", "label")
    return {candidate: label for candidate, label in rows if label is not None}


def _references(candidates: Any) -> dict[tuple[str, str], dict[int, int]]:
    """Reference labels by source."""
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    labels = ReferenceLabel.objects.filter(candidate__in=candidates).order_by("source")
    for source, candidate, label in labels.values_list("source", "candidate", "label"):
        found["reference", source][candidate] = label
    return dict(found)
