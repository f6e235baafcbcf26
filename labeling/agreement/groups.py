"""How well a group of raters agrees: Fleiss' kappa and Krippendorff's alpha (nominal).

Shapes   N objects, K classes, P different patterns of votes, B resamples; a table (N, K) counts
         the raters that put an object in a class.
Sources  Fleiss 1971, Psych. Bull. 76, 378 (statsmodels); Krippendorff 2011, Computing
         Krippendorff's Alpha-Reliability (krippendorff).

The figures are the packages'; the intervals need them a thousand times, on tables that differ
only in how often each pattern occurs, so `fleiss_kappas` and `nominal_alphas` work on patterns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import nan

import krippendorff
import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import CLASSES
from classifier.core.statistics import Interval
from labeling.agreement.bootstrap import RESAMPLES, SEED, UNKNOWN, interval

Table = NDArray[np.int_]


@dataclass(frozen=True)
class Coefficient:
    """A figure of a group, its bootstrap 95 % interval, and the number of objects behind it."""

    value: float
    interval: Interval
    n: int


@dataclass(frozen=True)
class GroupAgreement:
    """What a group's class votes say, for four classes or for compact cluster or not."""

    raters: int
    votes_each: int
    """Fleiss' kappa is defined for one number of votes on every object: the most frequent."""
    fleiss: Coefficient
    alpha: Coefficient


def group_agreement(
    raters: Iterable[Mapping[int, int]], *, compact: bool = False
) -> GroupAgreement:
    """The agreement of all raters, each a mapping from object to class 1 to 4."""
    known = [labels for labels in raters if labels]
    table = votes_table(known)
    table = table[table.sum(axis=1) > 1]
    if compact:
        table = np.stack([table[:, :2].sum(axis=1), table[:, 2:].sum(axis=1)], axis=1)
    each = _usual(table)
    full = table[table.sum(axis=1) == each]
    return GroupAgreement(
        raters=len(known),
        votes_each=each,
        fleiss=Coefficient(_fleiss(full), _fleiss_interval(full), len(full)),
        alpha=Coefficient(_alpha(table), _alpha_interval(table), len(table)),
    )


def both_groups(raters: Collection[Mapping[int, int]]) -> dict[str, GroupAgreement]:
    """The agreement of all raters on the four classes, and on compact clusters (1 or 2) or not."""
    return {
        "classes": group_agreement(raters),
        "compact": group_agreement(raters, compact=True),
    }


def votes_table(raters: Iterable[Mapping[int, int]]) -> Table:
    """Counts (N, K) of the classes that each object was given, in the order of the objects."""
    counts = Counter((key, label) for labels in raters for key, label in labels.items())
    place = {key: row for row, key in enumerate(sorted({key for key, _ in counts}))}
    table = np.zeros((len(place), len(CLASSES)), dtype=int)
    for (key, label), n in counts.items():
        table[place[key], label - 1] = n
    return table


def fleiss_kappas(patterns_PK: Table, weights_BP: Table) -> NDArray[np.float64]:
    """Fleiss' kappa of B tables in which each pattern occurs so often, (B,)."""
    each = patterns_PK[0].sum()
    n = weights_BP.sum(axis=1)
    share_BK = weights_BP @ patterns_PK / (n[:, None] * each)
    agreed_P = (patterns_PK * (patterns_PK - 1)).sum(axis=1) / (each * (each - 1))
    return _beyond_chance(weights_BP @ agreed_P / n, (share_BK**2).sum(axis=1))


def nominal_alphas(patterns_PK: Table, weights_BP: Table) -> NDArray[np.float64]:
    """Krippendorff's nominal alpha of B tables in which each pattern occurs so often, (B,)."""
    values_BK = weights_BP @ patterns_PK
    n = values_BK.sum(axis=1)
    pairs_P = (patterns_PK * (patterns_PK - 1)).sum(axis=1) / (patterns_PK.sum(axis=1) - 1)
    expected = (values_BK * (values_BK - 1)).sum(axis=1) / (n * (n - 1))
    return _beyond_chance(weights_BP @ pairs_P / n, expected)


def resampled(table: Table, resamples: int = RESAMPLES) -> tuple[Table, Table]:
    """The patterns of a table's rows, (P, K), and how often resamples draw each, (B, P)."""
    patterns_PK, times_P = np.unique(table, axis=0, return_counts=True)
    draw = np.random.default_rng(SEED).multinomial
    return patterns_PK, draw(len(table), times_P / len(table), size=resamples)


def _beyond_chance(seen: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far agreement lies between chance (0) and always (1); NaN where chance is always."""
    room = 1 - expected
    return (seen - expected) / np.where(room > 0, room, nan)


def _usual(table: Table) -> int:
    """The most frequent number of votes, of equally frequent ones the largest; 0 of none."""
    times = np.bincount(table.sum(axis=1), minlength=1)
    return len(times) - 1 - int(np.argmax(times[::-1]))


def _varied(table: Table) -> bool:
    """Whether there is more than one class, without which neither figure is defined."""
    return int(np.count_nonzero(table.sum(axis=0))) > 1


def _fleiss(table: Table) -> float:
    from statsmodels.stats.inter_rater import fleiss_kappa  # noqa: PLC0415

    return float(fleiss_kappa(table)) if _varied(table) else nan


def _alpha(table: Table) -> float:
    if not _varied(table):
        return nan
    return float(krippendorff.alpha(value_counts=table, level_of_measurement="nominal"))


def _fleiss_interval(table: Table) -> Interval:
    return interval(fleiss_kappas(*resampled(table))) if len(table) else UNKNOWN


def _alpha_interval(table: Table) -> Interval:
    return interval(nominal_alphas(*resampled(table))) if len(table) else UNKNOWN
