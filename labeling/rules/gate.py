"""Whether a network may go live: pure rules, on the control sample, which none was trained on.

A network is refused where its answers could be chance, where it is worse than the one in use by
more than the 95 % interval of the difference, where a class falls below its floor, or where it is
right far less often than it says. Each of these holds beyond its interval: with few labels little
is refused, and with fewer than `FEWEST` nothing can be said at all.

Shapes  N candidates, classes 1 to 4.
Sources chance: Fisher's permutation test of the pairing, on the number of right answers.
        Intervals: Wilson's; of the difference, Wilson's of the new network's share of the
        candidates on which one of the two is right (McNemar's table). Floors: half of how often
        people agree on the class where they agree least (Wei et al. 2020, section 2.1: 70, 40, 40
        and 60 %).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from astropy.stats import binom_conf_interval
from numpy.typing import NDArray

from labeling.classes import MorphologicalClass

FEWEST = 20
"""Labelled control candidates below which nothing is judged."""

FLOORS = (0.35, 0.20, 0.20, 0.30)
"""Least share of each class that a network has to find."""

CHANCE = 0.01
"""Highest probability that answers dealt at random would be right as often."""

MOST_OFF = 0.3
"""How much more often than it is right a network may expect to be."""

DEALS = 9999
"""Random deals of the answers, to see what chance does."""


@dataclass(frozen=True)
class Share:
    """Right answers among candidates, and Wilson's 95 % interval."""

    right: int
    of: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Beside:
    """The new network and the one in use, on the same candidates."""

    name: str
    new: Share
    live: Share | None
    """None where none is in use."""
    floor: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a network, and why."""

    of: int
    """Labelled control candidates that it was judged on."""
    reasons: list[str]
    """Why it is refused, a sentence each; none if it is not."""
    shares: list[Beside]
    """Right answers in all classes, and in each: the network in use by what it answers for."""
    difference: tuple[float, float, float] | None
    """Accuracy less that of the network in use, and its interval."""
    chance: float | None
    """Probability that answers dealt at random would be right as often."""
    confidence: float | None
    """How often the network expects to be right."""

    @property
    def judged(self) -> bool:
        """Whether there were labels enough to judge by."""
        return self.of >= FEWEST

    @property
    def refused(self) -> bool:
        """Whether the network must not go live by itself."""
        return bool(self.reasons)

    @property
    def sentence(self) -> str:
        """What it comes to."""
        if self.refused:
            return f"The gate refuses it: {' '.join(self.reasons)}"
        if self.judged:
            return "The gate lets it pass."
        return f"The gate cannot judge it: {self.of} control labels, {FEWEST} are needed."

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {**asdict(self), "judged": self.judged}


def judge(
    truth_N: NDArray[np.int64],
    new_NK: NDArray[np.float64],
    live_NK: NDArray[np.float64],
) -> Verdict:
    """Judge a network by labels (N,) and its probabilities (N, 4).

    Those of the network in use have the same shape, with rows of NaN where it says nothing.
    """
    answers_N = new_NK.argmax(axis=1) + 1
    right_N = answers_N == truth_N
    both_N = np.isfinite(live_NK.sum(axis=1))
    # NaN would be the highest.
    live_right_N = both_N & (np.nan_to_num(live_NK).argmax(axis=1) + 1 == truth_N)
    shares = list(_shares(truth_N, right_N, live_right_N, both_N))
    if len(truth_N) < FEWEST:
        return Verdict(len(truth_N), [], shares, None, None, None)
    verdict = Verdict(
        of=len(truth_N),
        reasons=[],
        shares=shares,
        difference=_difference(right_N[both_N], live_right_N[both_N]),
        chance=_chance(truth_N, answers_N),
        confidence=float(new_NK.max(axis=1).mean()),
    )
    verdict.reasons.extend(_complaints(verdict, right_N, new_NK.max(axis=1)))
    return verdict


def _complaints(
    verdict: Verdict, right_N: NDArray[np.bool_], confidence_N: NDArray[np.float64]
) -> Iterator[str]:
    if verdict.chance is not None and verdict.chance > CHANCE:
        yield (
            f"Its answers could be chance: dealt at random to the {verdict.of} control candidates, "
            f"they would be right as often with a probability of {verdict.chance:.2g}."
        )
    if verdict.difference is not None and verdict.difference[2] < 0:
        value, low, high = (100 * part for part in verdict.difference)
        yield (
            f"It is right less often than the network in use, by {-value:.1f} percentage points "
            f"({-high:.1f} to {-low:.1f})."
        )
    for one in verdict.shares:
        if one.floor is not None and one.new.high is not None and one.new.high < one.floor:
            yield (
                f"It finds {one.new.right} of {one.new.of} candidates of {one.name}; "
                f"{one.floor:.0%} is the floor."
            )
    gap_N = confidence_N - right_N
    gap, error = float(gap_N.mean()), float(gap_N.std(ddof=1) / np.sqrt(len(gap_N)))
    if gap - 1.96 * error > MOST_OFF:
        yield (
            f"It expects to be right on {confidence_N.mean():.0%} of the control candidates, and "
            f"is on {right_N.mean():.0%}: its entropies would mislead the queue."
        )


def _shares(
    truth_N: NDArray[np.int64],
    right_N: NDArray[np.bool_],
    live_right_N: NDArray[np.bool_],
    both_N: NDArray[np.bool_],
) -> Iterator[Beside]:
    live = share(int(live_right_N.sum()), int(both_N.sum())) if both_N.any() else None
    yield Beside("all classes", share(int(right_N.sum()), len(right_N)), live)
    for label, floor in zip(MorphologicalClass, FLOORS, strict=True):
        of_class_N = truth_N == label
        both = of_class_N & both_N
        yield Beside(
            f"class {label}",
            share(int(right_N[of_class_N].sum()), int(of_class_N.sum())),
            share(int(live_right_N[both].sum()), int(both.sum())) if both_N.any() else None,
            floor,
        )


def share(right: int, of: int) -> Share:
    """The share `right / of` with Wilson's interval; None of none."""
    if not of:
        return Share(0, 0, None, None, None)
    low, high = binom_conf_interval(right, of, confidence_level=0.95, interval="wilson")
    return Share(right, of, right / of, float(low), float(high))


def _difference(
    new: NDArray[np.bool_], live: NDArray[np.bool_]
) -> tuple[float, float, float] | None:
    """Of the shares of right answers (N,), and its 95 % interval."""
    if not len(new):
        return None
    only_new, only_live = int((new & ~live).sum()), int((live & ~new).sum())
    differ = only_new + only_live
    if not differ:
        return 0.0, 0.0, 0.0
    of_those = share(only_new, differ)
    assert of_those.low is not None and of_those.high is not None
    scale = differ / len(new)
    return (
        (only_new - only_live) / len(new),
        (2 * of_those.low - 1) * scale,
        (2 * of_those.high - 1) * scale,
    )


def _chance(truth_N: NDArray[np.int64], answers_N: NDArray[np.int64]) -> float:
    """Probability of so many right answers if the same ones were dealt at random."""
    rng = np.random.default_rng(0)
    right = int((truth_N == answers_N).sum())
    dealt = (int((rng.permutation(answers_N) == truth_N).sum()) for _ in range(DEALS))
    # The deal that was observed is one of the possible ones.
    return (1 + sum(count >= right for count in dealt)) / (1 + DEALS)
