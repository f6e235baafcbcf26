"""The gate: whether a network may be promoted, judged on the control sample.

No network is trained on the control sample. One is refused if its answers could be chance, if it is
less accurate than the promoted network, if it finds too few candidates of a class, or if it is far
more confident than it is accurate. Each must hold beyond its 95 % interval: with few labels little
is refused, and with fewer than `MIN_LABELS` nothing is judged. Labels that are all, or nearly all,
of one class cannot tell a network from chance: then it is not judged either, but may be refused for
another reason.

Shapes  N candidates, K = 4 classes, numbered from 1.
Sources chance: Fisher's permutation test of the pairing, on the number of right answers.
        Intervals and the difference of two networks: `classifier.core.statistics`. Least shares
        of a class: half of the lowest agreement between people (`classifier.core.published`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from classifier.core.classes import MorphologicalClass
from classifier.core.published import CLASS_AGREEMENT
from classifier.core.statistics import PairedAccuracy, Proportion

MIN_LABELS = 20
"""Labelled control candidates below which nothing is judged."""

FLOORS = tuple(lowest / 2 for lowest, _ in CLASS_AGREEMENT.values())
"""Least share of the candidates of each class that a network must find."""

MAX_CHANCE = 0.01
"""Highest allowed probability that permuted answers are right as often."""

MAX_OVERCONFIDENCE = 0.3
"""Highest allowed difference of mean confidence and accuracy."""

PERMUTATIONS = 9999


@dataclass(frozen=True)
class SampleAccuracy:
    """Accuracy of the new and of the promoted network on all candidates, or on those of a class."""

    name: str
    new: Proportion
    live: Proportion | None
    """Of the promoted network, on the candidates it has predictions for; None without one."""
    floor: float | None = None


@dataclass(frozen=True)
class GateVerdict:
    """The gate's decision on a network, and its reasons."""

    of: int
    """Labelled control candidates that the network was judged on."""
    reasons: list[str]
    """Why it is refused, a sentence each; empty if it is not."""
    shares: list[SampleAccuracy]
    """Accuracy over all classes, then in each class."""
    difference: tuple[float, float, float] | None
    """Accuracy less that of the promoted network, and the interval of this difference."""
    chance: float | None
    """Probability that permuted answers are right as often; None if the labels cannot test it."""
    confidence: float | None
    """Mean probability of the most probable class."""

    @property
    def judged(self) -> bool:
        """True if there were enough labels to judge, in enough classes."""
        return self.of >= MIN_LABELS and self.chance is not None

    @property
    def refused(self) -> bool:
        """True if the network must not be promoted automatically."""
        return bool(self.reasons)

    @property
    def sentence(self) -> str:
        """Return the decision in one sentence."""
        if self.refused:
            return f"The gate refuses it: {' '.join(self.reasons)}"
        if self.judged:
            return "The gate lets it pass."
        if self.of < MIN_LABELS:
            return f"The gate cannot judge it: {self.of} control labels, {MIN_LABELS} are needed."
        return (
            f"The gate cannot judge it: all, or nearly all, of the {self.of} control labels are of "
            "one class, and cannot tell its answers from chance."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "judged": self.judged}


def judge(
    truth_N: NDArray[np.int64],
    new_NK: NDArray[np.float64],
    promoted_NK: NDArray[np.float64],
) -> GateVerdict:
    """Judge a network by its probabilities (N, K) for candidates with labels (N,).

    `promoted_NK` are the promoted network's, NaN in rows that it has no prediction for.
    """
    answers_N = new_NK.argmax(axis=1) + 1
    right_N = answers_N == truth_N
    both_N = np.isfinite(promoted_NK.sum(axis=1))
    # argmax takes NaN for the highest.
    promoted_right_N = both_N & (np.nan_to_num(promoted_NK).argmax(axis=1) + 1 == truth_N)
    shares = list(_accuracies(truth_N, right_N, promoted_right_N, both_N))
    if len(truth_N) < MIN_LABELS:
        return GateVerdict(len(truth_N), [], shares, None, None, None)
    verdict = GateVerdict(
        of=len(truth_N),
        reasons=[],
        shares=shares,
        difference=_difference(right_N[both_N], promoted_right_N[both_N]),
        chance=_chance(truth_N, answers_N),
        confidence=float(new_NK.max(axis=1).mean()),
    )
    verdict.reasons.extend(_reasons(verdict, right_N, new_NK.max(axis=1)))
    return verdict


def _reasons(
    verdict: GateVerdict, right_N: NDArray[np.bool_], confidence_N: NDArray[np.float64]
) -> Iterator[str]:
    """Yield the reasons to refuse a network."""
    if verdict.chance is not None and verdict.chance > MAX_CHANCE:
        yield (
            f"Its answers could be chance: permuted among the {verdict.of} control candidates, "
            f"they would be right as often with a probability of {verdict.chance:.2g}."
        )
    if verdict.difference is not None and verdict.difference[2] < 0:
        value, low, high = (100 * part for part in verdict.difference)
        yield (
            f"It is right less often than the promoted network, by {-value:.1f} percentage points "
            f"({-high:.1f} to {-low:.1f})."
        )
    for share in verdict.shares:
        if share.floor is not None and share.new.high is not None and share.new.high < share.floor:
            yield (
                f"It finds {share.new.right} of {share.new.of} candidates of {share.name}; "
                f"{share.floor:.0%} is the floor."
            )
    # Wilson's limit: the spread of the answers is zero if all are right or all are wrong.
    accuracy = Proportion.measure(int(right_N.sum()), len(right_N))
    if accuracy.high is not None and confidence_N.mean() - accuracy.high > MAX_OVERCONFIDENCE:
        yield (
            f"It expects to be right on {confidence_N.mean():.0%} of the control candidates, and "
            f"is on {right_N.mean():.0%}: its entropies would mislead the queue."
        )


def _accuracies(
    truth_N: NDArray[np.int64],
    right_N: NDArray[np.bool_],
    promoted_right_N: NDArray[np.bool_],
    both_N: NDArray[np.bool_],
) -> Iterator[SampleAccuracy]:
    """Yield the accuracies on all candidates (N,), then on those of each class."""

    def accuracy(
        name: str, sample_N: NDArray[np.bool_], floor: float | None = None
    ) -> SampleAccuracy:
        new, shared = right_N[sample_N], promoted_right_N[sample_N & both_N]
        return SampleAccuracy(
            name,
            Proportion.measure(int(new.sum()), len(new)),
            Proportion.measure(int(shared.sum()), len(shared)) if both_N.any() else None,
            floor,
        )

    yield accuracy("all classes", np.ones_like(right_N))
    for label, floor in zip(MorphologicalClass, FLOORS, strict=True):
        yield accuracy(f"class {label}", truth_N == label, floor)


def _difference(
    new_N: NDArray[np.bool_], promoted_N: NDArray[np.bool_]
) -> tuple[float, float, float] | None:
    """Return the difference of the shares of right answers (N,), and its interval."""
    paired = PairedAccuracy.measure(new_N, promoted_N)
    if paired.difference is None or paired.low is None or paired.high is None:
        return None
    return paired.difference, paired.low, paired.high


def _chance(truth_N: NDArray[np.int64], answers_N: NDArray[np.int64]) -> float | None:
    """Return the probability of as many right answers if the answers were permuted.

    None if it would be above `MAX_CHANCE` for right answers alone, which one order in
    N! / (n_1! … n_K!) gives.
    """
    counts_K = np.bincount(truth_N)
    log_orders = float(gammaln(len(truth_N) + 1) - gammaln(counts_K + 1).sum())
    if log_orders < -log(MAX_CHANCE):
        return None
    rng = np.random.default_rng(0)
    right = int((truth_N == answers_N).sum())
    permuted = (int((rng.permutation(answers_N) == truth_N).sum()) for _ in range(PERMUTATIONS))
    # The observed order is one of the possible ones.
    return (1 + sum(count >= right for count in permuted)) / (1 + PERMUTATIONS)
