"""Comparison of a network with the networks that were promoted before it, for the gate.

All tests are one-sided and paired, on the control candidates that both networks have predictions
for. A network is shown to be worse than another

- if it is right less often, at `ACCURACY_LEVEL`, or
- if its probabilities are worse by more than `SCORE_TOLERANCE`, at `SCORE_LEVEL`, and it is right
  less often at `SUPPORT_LEVEL`.

The levels hold for all networks that it is compared with together. It is shown to be as good if its
accuracy is less than `MARGIN` below the other's, at `PASS_LEVEL` divided by the number of runs that
were judged on the same control sample; either the right answers show it, or the probabilities do
and the right answers exclude `WIDE_MARGIN`.

Probabilities are compared by their quadratic score (`classifier.core.paired_tests`), which tells
networks apart by fewer labels than right answers do. Where one network is less accurate than
another, its score is worse by about as much: in nine of ten pairs of linear heads within 0.017 on a
simulated field, and within 0.039 on M31 (docs/gate.md).

Shapes  N candidates, K = 4 classes, numbered from 1, J networks that it is compared with.
NaN     no prediction of another network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.core import paired_tests
from classifier.core.statistics import PairedAccuracy, Proportion

MIN_LABELS = 20
"""Labelled control candidates below which nothing is judged, and no two networks are compared."""

ACCURACY_LEVEL = 0.035
"""Less than the 5 % of good networks that may be refused: the score has the rest."""

SCORE_LEVEL = 0.05

SUPPORT_LEVEL = 0.2
"""A network that is as accurate, with far worse probabilities, is refused no more often."""

SCORE_TOLERANCE = 0.02
"""Difference in score between networks that are equally accurate."""

MARGIN = 0.1
"""A loss in accuracy that a network must be shown to be below. Less would take several hundred
labels; agreement between people differs by as much from pair to pair."""

WIDE_MARGIN = 0.15
"""A loss that the right answers must exclude where only the probabilities exclude `MARGIN`."""

PASS_LEVEL = 0.04
"""Of each of the two ways to show it: together they let at most about 5 % of the networks with such
a loss pass."""


@dataclass(frozen=True)
class GateComparison:
    """A network beside another that was promoted, on the candidates that both have."""

    run: int | None
    """Number of the other run; None for the promoted runs of the fields."""
    new: Proportion
    """Accuracy of the new network on these candidates."""
    other: Proportion
    difference: tuple[float, float, float]
    """Accuracy less that of the other, and its interval."""
    score_loss: float
    """Mean quadratic score less that of the other: above 0 where its probabilities are worse."""
    p_value: float
    """Of so much less accuracy, if the two were equally good."""
    score_p_value: float
    """Of so much worse probabilities, if they were worse by `SCORE_TOLERANCE`."""
    highest_loss: float
    """Upper limit of the loss in accuracy, by the right answers."""
    smallest_visible_loss: float
    """Loss in accuracy that would be refused in about four of five cases, with 20 labels in two of
    three."""
    is_worse: bool
    is_as_good: bool

    @property
    def name(self) -> str:
        """Return the other network in words."""
        return "the promoted run" if self.run is None else f"run {self.run}, promoted before"

    @property
    def reason(self) -> str:
        """Return why the new network is refused, in a sentence."""
        loss, low, high = -self.difference[0], -self.difference[2], -self.difference[1]
        score = f", and {self.score_p_value:.2g} for so much worse probabilities"
        return (
            f"It is right less often than {self.name}, by {100 * loss:.1f} percentage points "
            f"({100 * low:.1f} to {100 * high:.1f}); the probability of so large a loss between "
            f"equally good networks is {self.p_value:.2g}"
            f"{score if self.p_value > ACCURACY_LEVEL else ''}."
        )


def compare_with_others(
    truth_N: NDArray[np.int64],
    new_NK: NDArray[np.float64],
    promoted_NK: NDArray[np.float64],
    former: Mapping[int, NDArray[np.float64]],
    looks: int,
) -> list[GateComparison]:
    """Compare with the promoted run, and with the most accurate other one.

    The tests are adjusted for the number of all: the most accurate of several is so by luck too.
    Runs with predictions for fewer than `MIN_LABELS` of the candidates are left out.
    """
    networks: list[tuple[int | None, NDArray[np.float64]]] = [
        (run, p_NK)
        for run, p_NK in [(None, promoted_NK), *former.items()]
        if predicted(p_NK).sum() >= MIN_LABELS
    ]
    if not networks:
        return []
    right_N = probable_answers(new_NK) == truth_N
    shared_NJ = np.stack([predicted(p_NK) for _, p_NK in networks], axis=1)
    loss_NJ, score_loss_NJ = _losses(truth_N, new_NK, [p_NK for _, p_NK in networks])
    p_J = paired_tests.largest_loss_p_values(loss_NJ)
    score_p_J = paired_tests.largest_loss_p_values(score_loss_NJ - SCORE_TOLERANCE * shared_NJ)
    loss_J = loss_NJ.sum(axis=0) / shared_NJ.sum(axis=0)
    worse_J = (p_J <= ACCURACY_LEVEL) | ((score_p_J <= SCORE_LEVEL) & (p_J <= SUPPORT_LEVEL))
    runs = [run for run, _ in networks]
    former_runs = [j for j, run in enumerate(runs) if run is not None]
    compared = [j for j, run in enumerate(runs) if run is None]
    # The most accurate one, and rather one that the network is shown to be worse than.
    compared += sorted(former_runs, key=lambda j: (worse_J[j], loss_J[j]))[-1:]
    return [
        _comparison(
            runs[j],
            right_N[shared_NJ[:, j]],
            loss_NJ[shared_NJ[:, j], j],
            score_loss_NJ[shared_NJ[:, j], j],
            p_values=(float(p_J[j]), float(score_p_J[j])),
            is_worse=bool(worse_J[j] and loss_J[j] > 0),
            level=PASS_LEVEL / looks,
            networks=len(networks),
        )
        for j in compared
    ]


def _losses(
    truth_N: NDArray[np.int64],
    new_NK: NDArray[np.float64],
    networks: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the losses (N, J) in right answers and in score against each other network.

    They are 0 where the other one has no prediction.
    """
    loss_NJ, score_loss_NJ = np.zeros((2, len(truth_N), len(networks)))
    for j, p_NK in enumerate(networks):
        both_N = predicted(p_NK)
        new_nK, other_nK, truth_n = new_NK[both_N], p_NK[both_N], truth_N[both_N]
        right_n, other_right_n = (
            1.0 * (probable_answers(network_nK) == truth_n) for network_nK in (new_nK, other_nK)
        )
        loss_NJ[both_N, j] = other_right_n - right_n
        # Each has the temperature that fits these candidates.
        score_n, other_score_n = (
            paired_tests.quadratic_scores(network_nK, truth_n) for network_nK in (new_nK, other_nK)
        )
        score_loss_NJ[both_N, j] = score_n - other_score_n
    return loss_NJ, score_loss_NJ


def predicted(probability_NK: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return True for candidates (N,) with a prediction."""
    return np.asarray(np.isfinite(probability_NK.sum(axis=1)))


def _comparison(
    run: int | None,
    right_n: NDArray[np.bool_],
    loss_n: NDArray[np.float64],
    score_loss_n: NDArray[np.float64],
    *,
    p_values: tuple[float, float],
    is_worse: bool,
    level: float,
    networks: int,
) -> GateComparison:
    """Return the comparison on the shared candidates (n,); `level` is that of a pass."""
    paired = PairedAccuracy.measure(right_n, right_n + loss_n > 0)
    assert paired.difference is not None and paired.low is not None and paired.high is not None
    highest_loss = paired_tests.highest_accuracy_loss(
        paired.only_second, paired.only_first, len(loss_n), level
    )
    # The accuracy may be worse by as much more than the score.
    by_score = paired_tests.highest_mean(score_loss_n, level) < MARGIN - SCORE_TOLERANCE
    return GateComparison(
        run=run,
        new=paired.first,
        other=paired.second,
        difference=(paired.difference, paired.low, paired.high),
        score_loss=float(score_loss_n.mean()),
        p_value=p_values[0],
        score_p_value=p_values[1],
        highest_loss=highest_loss,
        smallest_visible_loss=paired_tests.smallest_visible_loss(
            loss_n,
            score_loss_n,
            # The tests hold for all networks together; this is at least as strict.
            levels=(
                ACCURACY_LEVEL / networks,
                SCORE_LEVEL / networks,
                SUPPORT_LEVEL / networks,
            ),
            tolerance=SCORE_TOLERANCE,
        ),
        is_worse=is_worse,
        is_as_good=highest_loss < MARGIN or (by_score and highest_loss < WIDE_MARGIN),
    )


def probable_answers(probability_NK: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the most probable class (N,); 0 in rows without a prediction."""
    answers_N = np.nan_to_num(probability_NK).argmax(axis=1) + 1
    return np.asarray(np.where(predicted(probability_NK), answers_N, 0))
