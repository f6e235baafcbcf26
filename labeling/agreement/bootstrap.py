"""Bootstrap intervals of two raters' agreement: objects are drawn again, with replacement.

To draw n objects again is to draw from the multinomial distribution over the cells of their
confusion matrix, so that all resamples are one draw, however many objects there are.

Shapes   B resamples, K classes; matrices count objects, rows are the first rater's classes.
NaN      a figure that a resample cannot give (no object of a class) is left out of its interval.
Source   percentile intervals: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import COMPACT
from classifier.core.statistics import Interval

UNKNOWN: Interval = (nan, nan)
RESAMPLES = 1000
SEED = 20
"""The same votes give the same intervals, in every process."""

N_COMPACT = len(COMPACT)
"""The classes 1 and 2 come first: compact clusters."""

_PERCENT = (2.5, 97.5)


@dataclass(frozen=True)
class Intervals:
    """95 % intervals of the figures of `agreement.Agreement`, by their names there."""

    share: Interval
    share_compact: Interval
    kappa: Interval
    kappa_compact: Interval
    per_class: tuple[Interval, ...]
    per_compact: tuple[Interval, ...]


def intervals_of(matrix: NDArray[np.int_], resamples: int = RESAMPLES) -> Intervals:
    """Intervals of all figures that follow from a confusion matrix (K, K)."""
    n = int(matrix.sum())
    if not n:
        each = (UNKNOWN,) * len(matrix)
        return Intervals(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, each, (UNKNOWN,) * 2)
    drawn = np.random.default_rng(SEED).multinomial(n, matrix.ravel() / n, size=resamples)
    matrices_BKK = drawn.reshape(resamples, *matrix.shape)
    compact_B22 = folded(matrices_BKK)
    return Intervals(
        share=interval(diagonals(matrices_BKK).sum(axis=1) / n),
        share_compact=interval(diagonals(compact_B22).sum(axis=1) / n),
        kappa=interval(cohen_kappas(matrices_BKK)),
        kappa_compact=interval(cohen_kappas(compact_B22)),
        per_class=_by_row(matrices_BKK),
        per_compact=_by_row(compact_B22),
    )


def interval(values_B: NDArray[np.float64]) -> Interval:
    """The middle 95 % of those values that are numbers."""
    known = values_B[np.isfinite(values_B)]
    if not known.size:
        return UNKNOWN
    low, high = np.percentile(known, _PERCENT)
    return float(low), float(high)


def folded(matrices_BKK: NDArray[np.int_]) -> NDArray[np.int_]:
    """The same objects by compact cluster (1 or 2) or not: (B, 2, 2)."""
    edges = [0, N_COMPACT]
    rows = np.add.reduceat(matrices_BKK, edges, axis=1)
    both: NDArray[np.int_] = np.add.reduceat(rows, edges, axis=2)
    return both


def diagonals(matrices_BKK: NDArray[np.int_]) -> NDArray[np.int_]:
    """Objects on which both agree, by class: (B, K)."""
    return np.diagonal(matrices_BKK, axis1=1, axis2=2)


def row_shares(matrices_BKK: NDArray[np.int_]) -> NDArray[np.float64]:
    """The diagonal over the row sums, (B, K); NaN where a row is empty."""
    sums_BK = matrices_BKK.sum(axis=2)
    return diagonals(matrices_BKK) / np.where(sums_BK, sums_BK, nan)


def cohen_kappas(matrices_BKK: NDArray[np.int_]) -> NDArray[np.float64]:
    """Cohen's kappa of each matrix, (B,); NaN where chance alone agrees always.

    scikit-learn's `cohen_kappa_score` for many matrices at once.
    """
    n = matrices_BKK.sum(axis=(1, 2))
    seen = diagonals(matrices_BKK).sum(axis=1) / n
    expected = (matrices_BKK.sum(axis=1) * matrices_BKK.sum(axis=2)).sum(axis=1) / n**2
    room = 1 - expected
    kappas: NDArray[np.float64] = (seen - expected) / np.where(room, room, nan)
    return kappas


def _by_row(matrices_BKK: NDArray[np.int_]) -> tuple[Interval, ...]:
    """The interval of each row's share."""
    return tuple(interval(values_B) for values_B in row_shares(matrices_BKK).T)
