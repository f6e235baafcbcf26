"""Agreement of a group of raters: Fleiss' kappa and Krippendorff's alpha (nominal).

Shapes   N objects, K classes, P different patterns of votes, B resamples; a table (N, K) counts
         the raters that put an object in a class.
Sources  Fleiss 1971, Psych. Bull. 76, 378 (statsmodels); Krippendorff 2011, Computing
         Krippendorff's Alpha-Reliability (krippendorff).

The figures are those of the packages. The intervals need them for a thousand tables that differ
only in how often each pattern occurs, so `fleiss_kappas` and `nominal_alphas` work on patterns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import nan

import krippendorff
import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import CLASSES
from classifier.core.statistics import (
    MAX_UNDEFINED,
    NO_INTERVAL,
    Interval,
    clusters_drawn,
    count_undefined,
    percentile_interval,
)
from labeling.agreement.bootstrap import CHANCE_OBJECTS, RESAMPLES, SEED

Table = NDArray[np.int_]

CHANCE_PATTERNS = 100
"""Votes by chance that are drawn to stand for the objects of `bootstrap.CHANCE_OBJECTS`."""


@dataclass(frozen=True)
class Coefficient:
    """A figure of a group, its 95 % bootstrap interval, and the number of objects."""

    value: float
    interval: Interval
    n: int
    undefined: int
    """Number of resamples in which it is undefined: all votes are for one class."""


@dataclass(frozen=True)
class GroupAgreement:
    """Agreement of a group's class votes, over four classes or over compact cluster or not."""

    raters: int
    votes_each: int
    """Fleiss' kappa is defined for one number of votes on every object: the most frequent."""
    fleiss: Coefficient
    alpha: Coefficient


def group_agreement(
    raters: Iterable[Mapping[int, int]], *, compact: bool = False
) -> GroupAgreement:
    """Return the agreement of raters, each a mapping from object to class 1 to 4."""
    active = [labels for labels in raters if labels]
    table = votes_table(active)
    table = table[table.sum(axis=1) > 1]
    if compact:
        table = np.stack([table[:, :2].sum(axis=1), table[:, 2:].sum(axis=1)], axis=1)
    votes_each = _most_frequent_votes(table)
    full = table[table.sum(axis=1) == votes_each]
    return GroupAgreement(
        raters=len(active),
        votes_each=votes_each,
        fleiss=_coefficient(_fleiss(full), full, fleiss_kappas),
        alpha=_coefficient(_alpha(table), table, nominal_alphas),
    )


def group_agreements(raters: Collection[Mapping[int, int]]) -> dict[str, GroupAgreement]:
    """Return the agreement over the four classes, and over compact cluster (1 or 2) or not."""
    return {
        "classes": group_agreement(raters),
        "compact": group_agreement(raters, compact=True),
    }


def votes_table(raters: Iterable[Mapping[int, int]]) -> Table:
    """Return the votes (N, K) for each class, in the order of the objects."""
    counts = Counter((key, label) for labels in raters for key, label in labels.items())
    row_of = {key: row for row, key in enumerate(sorted({key for key, _ in counts}))}
    table = np.zeros((len(row_of), len(CLASSES)), dtype=int)
    for (key, label), n in counts.items():
        table[row_of[key], label - 1] = n
    return table


def fleiss_kappas(patterns_PK: Table, weights_BP: Table) -> NDArray[np.float64]:
    """Return Fleiss' kappa (B,) of tables with these numbers of each pattern."""
    votes_each = patterns_PK[0].sum()
    n = weights_BP.sum(axis=1)
    share_BK = weights_BP @ patterns_PK / (n[:, None] * votes_each)
    agreed_P = (patterns_PK * (patterns_PK - 1)).sum(axis=1) / (votes_each * (votes_each - 1))
    return _beyond_chance(weights_BP @ agreed_P / n, (share_BK**2).sum(axis=1))


def nominal_alphas(patterns_PK: Table, weights_BP: Table) -> NDArray[np.float64]:
    """Return Krippendorff's nominal alpha (B,) of tables with these numbers of each pattern."""
    values_BK = weights_BP @ patterns_PK
    n = values_BK.sum(axis=1)
    pairs_P = (patterns_PK * (patterns_PK - 1)).sum(axis=1) / (patterns_PK.sum(axis=1) - 1)
    expected = (values_BK * (values_BK - 1)).sum(axis=1) / (n * (n - 1))
    return _beyond_chance(weights_BP @ pairs_P / n, expected)


def resample_patterns(table: Table, resamples: int = RESAMPLES) -> tuple[Table, Table]:
    """Return the patterns (P, K) of a table's rows, and their numbers in resamples (B, P)."""
    patterns_PK, times_P = np.unique(table, axis=0, return_counts=True)
    draw = np.random.default_rng(SEED).multinomial
    return patterns_PK, draw(len(table), times_P / len(table), size=resamples)


def resample_with_chance(table: Table, resamples: int = RESAMPLES) -> tuple[Table, Table]:
    """Return patterns (P, K) of rows and of votes by chance, and their numbers (B, P).

    As in `labeling.agreement.bootstrap`, so that groups that always agree have an interval.
    """
    rng = np.random.default_rng(SEED)
    patterns_PK, times_P = np.unique(table, axis=0, return_counts=True)
    share_K = table.sum(axis=0) / table.sum()
    chance_PK = rng.multinomial(_most_frequent_votes(table), share_K, size=CHANCE_PATTERNS)
    weight_P = np.append(times_P, np.full(CHANCE_PATTERNS, CHANCE_OBJECTS / CHANCE_PATTERNS))
    drawn_BP = rng.multinomial(
        clusters_drawn(len(table)), weight_P / weight_P.sum(), size=resamples
    )
    return np.concatenate([patterns_PK, chance_PK]), drawn_BP


def _beyond_chance(
    observed: NDArray[np.float64], expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return agreement on a scale from chance (0) to always (1); NaN where chance is always."""
    room = 1 - expected
    return (observed - expected) / np.where(room > 0, room, nan)


def _most_frequent_votes(table: Table) -> int:
    """Return the most frequent number of votes, the largest of a tie; 0 without objects."""
    times = np.bincount(table.sum(axis=1), minlength=1)
    return len(times) - 1 - int(np.argmax(times[::-1]))


def _has_several_classes(table: Table) -> bool:
    """True if votes name more than one class; else neither figure is defined."""
    return int(np.count_nonzero(table.sum(axis=0))) > 1


def _fleiss(table: Table) -> float:
    from statsmodels.stats.inter_rater import fleiss_kappa  # noqa: PLC0415

    return float(fleiss_kappa(table)) if _has_several_classes(table) else nan


def _alpha(table: Table) -> float:
    if not _has_several_classes(table):
        return nan
    return float(krippendorff.alpha(value_counts=table, level_of_measurement="nominal"))


def _coefficient(
    value: float, table: Table, of_resamples: Callable[[Table, Table], NDArray[np.float64]]
) -> Coefficient:
    """Return a coefficient of a table (N, K) with its bootstrap interval."""
    if not len(table):
        return Coefficient(value, NO_INTERVAL, 0, 0)
    undefined = count_undefined(of_resamples(*resample_patterns(table)))
    interval = NO_INTERVAL
    if undefined <= MAX_UNDEFINED * RESAMPLES:
        interval = percentile_interval(of_resamples(*resample_with_chance(table)))
    return Coefficient(value, interval, len(table), undefined)
