"""Intervals of the agreement of two raters: Wilson's of shares, a bootstrap over objects of kappa.

Resampling n objects is one draw from the multinomial distribution over the cells of their confusion
matrix, so the time does not depend on the number of objects.

Shapes   B resamples, K classes; matrices count objects, rows are the first rater's classes.
NaN      a resample in which a figure is undefined (no object of a class, or one class only); they
         are counted, and `classifier.core.statistics` says how many an interval allows.
Source   percentile intervals: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.

Resamples of raters who never disagree never disagree either, and their interval would be a point.
So one object on which they agree by chance alone is added before objects are drawn, and fewer are
drawn, as `classifier.core.statistics.clusters_drawn` says. docs/figures.md has the coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import COMPACT
from classifier.core.statistics import (
    MAX_UNDEFINED,
    NO_INTERVAL,
    Interval,
    clusters_drawn,
    count_undefined,
    percentile_interval,
    wilson_interval,
)

RESAMPLES = 1000
SEED = 20
"""Fixed, so that the same votes give the same intervals."""

CHANCE_OBJECTS = 1.0
"""Objects with agreement by chance that are added to those of a sample."""

N_COMPACT = len(COMPACT)
"""The classes 1 and 2 come first: compact clusters."""


@dataclass(frozen=True)
class UndefinedResamples:
    """Number of resamples in which figures of `pairs.PairAgreement` are undefined, by their names.

    Shares of all objects are always defined.
    """

    kappa: int
    kappa_compact: int
    per_class: tuple[int, ...]
    per_compact: tuple[int, ...]


@dataclass(frozen=True)
class AgreementIntervals:
    """95 % intervals of the figures of `pairs.PairAgreement`, by their names there."""

    share: Interval
    share_compact: Interval
    kappa: Interval
    kappa_compact: Interval
    per_class: tuple[Interval, ...]
    per_compact: tuple[Interval, ...]
    undefined: UndefinedResamples


def bootstrap_intervals(matrix: NDArray[np.int_], resamples: int = RESAMPLES) -> AgreementIntervals:
    """Return the intervals of all figures that follow from a confusion matrix (K, K)."""
    n = int(matrix.sum())
    if not n:
        each, two = (NO_INTERVAL,) * len(matrix), (NO_INTERVAL,) * 2
        none = UndefinedResamples(0, 0, (0,) * len(matrix), (0, 0))
        return AgreementIntervals(*two, *two, each, two, none)
    drawn = np.random.default_rng(SEED).multinomial(n, matrix.ravel() / n, size=resamples)
    matrices_BKK = drawn.reshape(resamples, *matrix.shape)
    compact_B22 = fold_compact(matrices_BKK)
    kappa_B, kappa_compact_B = cohen_kappas(matrices_BKK), cohen_kappas(compact_B22)
    class_KB, compact_2B = row_shares(matrices_BKK).T, row_shares(compact_B22).T
    compact = fold_compact(matrix[None])[0]
    return AgreementIntervals(
        share=wilson_interval(int(np.trace(matrix)), n),
        share_compact=wilson_interval(int(np.trace(compact)), n),
        kappa=_kappa_interval(matrix, kappa_B),
        kappa_compact=_kappa_interval(compact, kappa_compact_B),
        per_class=_row_intervals(matrix),
        per_compact=_row_intervals(compact),
        undefined=UndefinedResamples(
            kappa=count_undefined(kappa_B),
            kappa_compact=count_undefined(kappa_compact_B),
            per_class=tuple(map(count_undefined, class_KB)),
            per_compact=tuple(map(count_undefined, compact_2B)),
        ),
    )


def _row_intervals(matrix: NDArray[np.int_]) -> tuple[Interval, ...]:
    """Return the intervals of the diagonal over the row sums; NaN for an empty row."""
    rows = zip(matrix.diagonal().tolist(), matrix.sum(axis=1).tolist(), strict=True)
    return tuple(wilson_interval(right, of) for right, of in rows)


def _kappa_interval(matrix: NDArray[np.int_], plain_B: NDArray[np.float64]) -> Interval:
    """Return the interval of Cohen's kappa; NaN if too many plain resamples (B,) lack it."""
    if count_undefined(plain_B) > MAX_UNDEFINED * len(plain_B):
        return NO_INTERVAL
    n = int(matrix.sum())
    chance = np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / n**2
    share = ((matrix + CHANCE_OBJECTS * chance) / (n + CHANCE_OBJECTS)).ravel()
    drawn = np.random.default_rng(SEED).multinomial(
        clusters_drawn(n), share / share.sum(), size=len(plain_B)
    )
    return percentile_interval(cohen_kappas(drawn.reshape(-1, *matrix.shape)))


def fold_compact(matrices_BKK: NDArray[np.int_]) -> NDArray[np.int_]:
    """Return the matrices (B, 2, 2) of compact clusters (1 or 2) against the rest."""
    edges = [0, N_COMPACT]
    rows_B2K = np.add.reduceat(matrices_BKK, edges, axis=1)
    matrices_B22: NDArray[np.int_] = np.add.reduceat(rows_B2K, edges, axis=2)
    return matrices_B22


def diagonals(matrices_BKK: NDArray[np.int_]) -> NDArray[np.int_]:
    """Return the number (B, K) of objects that both put in each class."""
    return np.diagonal(matrices_BKK, axis1=1, axis2=2)


def row_shares(matrices_BKK: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return the diagonal over the row sums, (B, K); NaN where a row is empty."""
    sums_BK = matrices_BKK.sum(axis=2)
    return diagonals(matrices_BKK) / np.where(sums_BK, sums_BK, nan)


def cohen_kappas(matrices_BKK: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return Cohen's kappa of each matrix, (B,); NaN where all labels are the same.

    As scikit-learn's `cohen_kappa_score`, for many matrices at once.
    """
    n = matrices_BKK.sum(axis=(1, 2))
    observed = diagonals(matrices_BKK).sum(axis=1) / n
    expected = (matrices_BKK.sum(axis=1) * matrices_BKK.sum(axis=2)).sum(axis=1) / n**2
    room = 1 - expected
    kappas: NDArray[np.float64] = (observed - expected) / np.where(room, room, nan)
    return kappas
