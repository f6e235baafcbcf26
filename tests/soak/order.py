"""Whether each expert of many was given the first of what waited for them.

Nobody saw the database in between, only when requests were sent and answered; what is called out of
order is so whatever happened within them. Another candidate should have come first if it had room
for the whole time of the request, nobody else was being given it or voting on it meanwhile, and its
place was before that of the one which came, whichever of the votes still on their way are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from labeling.rules.strategies import RELIABILITY
from tests.soak.expert import Asked, Expert, Voted

ODDS = 3 * RELIABILITY / (1 - RELIABILITY)
ROUNDING = 1e-9

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]


def margins(p_CK: Floats, counts_CK: Ints) -> Floats:
    """What the default strategy makes of classes' probabilities and votes: never less than before.

    1 less the lead of the likeliest class, by the rule that docs/active-learning.md gives.
    """
    weights_CK = p_CK * ODDS ** (counts_CK - counts_CK.max(axis=1, keepdims=True))
    return np.maximum(_without_lead(p_CK), _without_lead(weights_CK))


def _without_lead(weights_CK: Floats) -> Floats:
    share_CK = np.sort(weights_CK / weights_CK.sum(axis=1, keepdims=True), axis=1)
    return 1 - (share_CK[:, -1] - share_CK[:, -2])


@dataclass(frozen=True)
class OutOfOrder:
    """What came, and what should have come before it."""

    expert: str
    came: int
    before_it: tuple[int, ...]


class Sample:
    """The candidates of one sample that matter: those which came, and those first in its order."""

    def __init__(
        self, p_of: Mapping[int, Sequence[float]], needed: int, everybody: Sequence[Expert]
    ) -> None:
        """`p_of` has the classes' probabilities of each candidate."""
        self._candidates = list(p_of)
        self._number = {candidate: number for number, candidate in enumerate(p_of)}
        self._p_CK = np.array(list(p_of.values()), dtype=float)
        self._needed = needed
        served = [
            (number, asked, self._number[candidate])
            for number, expert in enumerate(everybody)
            for asked in expert.asked
            for candidate in asked.candidates
            if candidate in self._number
        ]
        votes = [
            (number, vote, self._number[vote.candidate])
            for number, expert in enumerate(everybody)
            for vote in expert.voted
            if vote.candidate in self._number
        ]
        self._served = _Requests.of(served)
        self._votes = _Requests.of(votes)
        self._labels = np.array([vote.label - 1 for _, vote, _ in votes], dtype=int)
        self._first = np.array([vote.first for _, vote, _ in votes], dtype=bool)
        self._everybody = everybody

    def out_of_order(self, experts: Sequence[Expert]) -> list[OutOfOrder]:
        """What these experts should have been given before what they were given."""
        return [
            OutOfOrder(expert.name, came, before_it)
            for expert in experts
            for asked in expert.asked
            for came in asked.candidates
            if came in self._number and (before_it := self._before(expert, asked, came))
        ]

    def _before(self, expert: Expert, asked: Asked, came: int) -> tuple[int, ...]:
        me = self._everybody.index(expert)
        places_C = margins(self._p_CK, self._counts(self._votes.begun < asked.ended))
        first_C = places_C > self._at_best(asked, self._number[came]) + ROUNDING
        first_C[self._served.candidate[self._served.mine_until(me, asked.ended)]] = False
        begun = self._served.candidate[self._served.begun < asked.ended]
        first_C &= np.bincount(begun, minlength=len(first_C)) < self._needed
        for requests in (self._served, self._votes):
            first_C[requests.candidate[requests.of_others_during(me, asked)]] = False
        return tuple(self._candidates[number] for number in np.flatnonzero(first_C))

    def _counts(self, which: NDArray[np.bool_]) -> Ints:
        """Votes for each class of each candidate; what is sent again counts once."""
        which &= self._first
        flat = self._votes.candidate[which] * 4 + self._labels[which]
        return np.bincount(flat, minlength=4 * len(self._candidates)).reshape(-1, 4)

    def _at_best(self, asked: Asked, number: int) -> float:
        """The foremost place that a candidate can have had, by any of the votes on their way."""
        its = self._first & (self._votes.candidate == number)
        there = np.flatnonzero(its & (self._votes.ended < asked.begun))
        coming = np.flatnonzero(its & (self._votes.begun < asked.ended))
        coming = np.setdiff1d(coming, there)
        some = chain.from_iterable(combinations(coming, n) for n in range(len(coming) + 1))
        counts = [np.bincount(self._labels[[*there, *more]], minlength=4) for more in some]
        p_K = self._p_CK[number]
        return float(margins(np.tile(p_K, (len(counts), 1)), np.array(counts)).max())


@dataclass(frozen=True)
class _Requests:
    """Who asked, or voted, when, and on which candidate of the sample: one each."""

    expert: Ints
    begun: Floats
    ended: Floats
    candidate: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, Asked | Voted, int]]) -> _Requests:
        return cls(
            np.array([expert for expert, _, _ in rows], dtype=int),
            np.array([request.begun for _, request, _ in rows]),
            np.array([request.ended for _, request, _ in rows]),
            np.array([candidate for _, _, candidate in rows], dtype=int),
        )

    def mine_until(self, me: int, moment: float) -> NDArray[np.bool_]:
        return (self.expert == me) & (self.begun < moment)

    def of_others_during(self, me: int, asked: Asked) -> NDArray[np.bool_]:
        meanwhile = (self.begun < asked.ended) & (self.ended > asked.begun)
        return meanwhile & (self.expert != me)
