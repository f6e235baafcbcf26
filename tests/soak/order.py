"""Check that each of many concurrent experts got the first of the candidates that waited.

Only the times of requests and responses are known, so an error is reported only if it is one for
every order in which the server can have processed them. A candidate should have come first if it
had room during the whole request, no other expert was getting it or voting on it meanwhile, and its
value was above that of the candidate that came, whichever concurrent votes are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from labeling.rules.strategies import RELIABILITY
from tests.soak.expert import Expert, QueueRequest, VoteRequest

ODDS = 3 * RELIABILITY / (1 - RELIABILITY)
ROUNDING = 1e-9

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]


def margins(p_CK: Floats, counts_CK: Ints) -> Floats:
    """Return the values (C,) of the default strategy, as docs/active-learning.md defines them.

    1 minus the margin of the two likeliest classes; votes never lower it below its prior value.
    """
    weights_CK = p_CK * ODDS ** (counts_CK - counts_CK.max(axis=1, keepdims=True))
    return np.maximum(_one_minus_margin(p_CK), _one_minus_margin(weights_CK))


def _one_minus_margin(weights_CK: Floats) -> Floats:
    share_CK = np.sort(weights_CK / weights_CK.sum(axis=1, keepdims=True), axis=1)
    return 1 - (share_CK[:, -1] - share_CK[:, -2])


@dataclass(frozen=True)
class OutOfOrder:
    """A candidate that an expert got, and those that should have come before it."""

    expert: str
    candidate: int
    preceding: tuple[int, ...]


class Sample:
    """The served and the first candidates of a sample, with all requests that concern them."""

    def __init__(
        self, p_of: Mapping[int, Sequence[float]], needed: int, everybody: Sequence[Expert]
    ) -> None:
        """Index the requests; `p_of` has the class probabilities of each candidate."""
        self._candidates = list(p_of)
        self._number = {candidate: number for number, candidate in enumerate(p_of)}
        self._p_CK = np.array(list(p_of.values()), dtype=float)
        self._needed = needed
        served = [
            (number, request, self._number[candidate])
            for number, expert in enumerate(everybody)
            for request in expert.queue_requests
            for candidate in request.candidates
            if candidate in self._number
        ]
        votes = [
            (number, vote, self._number[vote.candidate])
            for number, expert in enumerate(everybody)
            for vote in expert.vote_requests
            if vote.candidate in self._number
        ]
        self._served = _Requests.of(served)
        self._votes = _Requests.of(votes)
        self._labels = np.array([vote.label - 1 for _, vote, _ in votes], dtype=int)
        self._is_new = np.array([vote.is_new for _, vote, _ in votes], dtype=bool)
        self._everybody = everybody

    def out_of_order(self, experts: Sequence[Expert]) -> list[OutOfOrder]:
        """Return the candidates that these experts got too early."""
        return [
            OutOfOrder(expert.name, candidate, preceding)
            for expert in experts
            for request in expert.queue_requests
            for candidate in request.candidates
            if candidate in self._number
            and (preceding := self._preceding(expert, request, candidate))
        ]

    def _preceding(self, expert: Expert, request: QueueRequest, candidate: int) -> tuple[int, ...]:
        """Return the candidates that should have come before this one."""
        number = self._everybody.index(expert)
        values_C = margins(self._p_CK, self._counts(self._votes.sent_at < request.answered_at))
        first_C = values_C > self._highest_value(request, self._number[candidate]) + ROUNDING
        own = self._served.of_expert_until(number, request.answered_at)
        first_C[self._served.candidate[own]] = False
        served = self._served.candidate[self._served.sent_at < request.answered_at]
        first_C &= np.bincount(served, minlength=len(first_C)) < self._needed
        for requests in (self._served, self._votes):
            first_C[requests.candidate[requests.of_others_during(number, request)]] = False
        return tuple(self._candidates[index] for index in np.flatnonzero(first_C))

    def _counts(self, which: NDArray[np.bool_]) -> Ints:
        """Return the votes (C, K) for each class; a vote that is sent again counts once."""
        which &= self._is_new
        flat = self._votes.candidate[which] * 4 + self._labels[which]
        return np.bincount(flat, minlength=4 * len(self._candidates)).reshape(-1, 4)

    def _highest_value(self, request: QueueRequest, number: int) -> float:
        """Return the highest value of a candidate, for any subset of the concurrent votes."""
        on_candidate = self._is_new & (self._votes.candidate == number)
        stored = np.flatnonzero(on_candidate & (self._votes.answered_at < request.sent_at))
        sent = np.flatnonzero(on_candidate & (self._votes.sent_at < request.answered_at))
        concurrent = np.setdiff1d(sent, stored)
        subsets = chain.from_iterable(
            combinations(concurrent, n) for n in range(len(concurrent) + 1)
        )
        counts = [np.bincount(self._labels[[*stored, *more]], minlength=4) for more in subsets]
        p_K = self._p_CK[number]
        return float(margins(np.tile(p_K, (len(counts), 1)), np.array(counts)).max())


@dataclass(frozen=True)
class _Requests:
    """R requests, each about one candidate of the sample, as arrays (R,)."""

    expert: Ints
    sent_at: Floats
    answered_at: Floats
    candidate: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, QueueRequest | VoteRequest, int]]) -> _Requests:
        return cls(
            np.array([expert for expert, _, _ in rows], dtype=int),
            np.array([request.sent_at for _, request, _ in rows]),
            np.array([request.answered_at for _, request, _ in rows]),
            np.array([candidate for _, _, candidate in rows], dtype=int),
        )

    def of_expert_until(self, expert: int, moment: float) -> NDArray[np.bool_]:
        return (self.expert == expert) & (self.sent_at < moment)

    def of_others_during(self, expert: int, request: QueueRequest) -> NDArray[np.bool_]:
        began_before_its_end = self.sent_at < request.answered_at
        ended_after_its_start = self.answered_at > request.sent_at
        return began_before_its_end & ended_after_its_start & (self.expert != expert)
