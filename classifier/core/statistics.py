"""Intervals of shares, and the difference of two networks on the same candidates.

Level    all intervals are of 95 %, unless a function is given another level.
NaN      a bootstrap sample in which a figure is undefined (kappa of one class, the share of a class
         without members). An interval is given only if at most MAX_UNDEFINED of them are.
Sources  one share: Wilson 1927, J. Am. Stat. Assoc. 22, 209; at other levels Clopper and Pearson
         1934, Biometrika 26, 404. Difference of two paired shares:
         Bonett and Price 2012, J. Educ. Behav. Stat. 37, 479. Test of that difference: McNemar
         1947, Psychometrika 12, 153, exact and two-sided. Bootstrap of whole clusters, not of their
         members: Field and Welsh 2007, J. R. Stat. Soc. B 69, 369.

Bonett and Price's interval was chosen by its exact coverage over a grid of true shares and 8 to 100
pairs (see the tests): at least 0.93, where Newcombe's (1998, method 10) falls to 0.90. Tango's
(1998) covers as well, but can exclude 0 where McNemar's test finds no difference.
"""

from dataclasses import dataclass
from math import nan, sqrt
from statistics import NormalDist
from typing import Literal, Self

import numpy as np
import scipy
from numpy.typing import NDArray

LEVEL = 0.95

Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""Half width of a normal distribution's interval, in standard deviations."""

Interval = tuple[float, float]
"""Lower and upper limit."""

NO_INTERVAL: Interval = (nan, nan)

MAX_UNDEFINED = (1 - LEVEL) / 2
"""Largest share of undefined bootstrap samples with which an interval is given: as much as lies
beyond each end. If there were more, they could be all that lies beyond an end, and more than that:
the end would be unknown."""


def cluster_bootstrap(
    cluster_N: NDArray[np.int64], samples: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return the positions of bootstrap samples of clusters (N,), each with all its members.

    The members of a cluster depend on one another. Of one cluster the members are drawn instead:
    the interval then says nothing about other clusters.
    """
    members = [np.flatnonzero(cluster_N == cluster) for cluster in np.unique(cluster_N)]
    if len(members) == 1:
        return list(rng.integers(len(cluster_N), size=(samples, len(cluster_N))))
    picks_SC = rng.integers(len(members), size=(samples, clusters_drawn(len(members))))
    return [np.concatenate([members[pick] for pick in picks_C]) for picks_C in picks_SC]


def clusters_drawn(clusters: int) -> int:
    """Return how many clusters a bootstrap sample has, so that intervals of few are wide enough.

    The percentile interval of a mean of C clusters, of which c are drawn, has the half width
    Z s sqrt((C - 1) / (C c)), Student's t s / sqrt(C). They are equal for c = (C - 1) (Z / t)^2;
    below five clusters even c = 1 gives too narrow an interval.
    """
    if clusters < 2:
        return clusters
    quantile = float(scipy.stats.t.ppf((1 + LEVEL) / 2, clusters - 1))
    return max(1, round((clusters - 1) * (Z / quantile) ** 2))


def count_undefined(values_B: NDArray[np.float64]) -> int:
    """Return the number of bootstrap samples (B,) in which the figure is undefined."""
    return int(np.isnan(values_B).sum())


def percentile_interval(
    values_B: NDArray[np.float64], method: Literal["linear", "nearest"] = "linear"
) -> Interval:
    """Return the middle 95 % of the values of bootstrap samples (B,).

    NaN without samples, and if more than MAX_UNDEFINED of them are undefined. `method` is that of
    numpy's quantile; `nearest` also takes infinite values.
    """
    if not len(values_B) or count_undefined(values_B) > MAX_UNDEFINED * len(values_B):
        return NO_INTERVAL
    ends = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    low, high = np.quantile(values_B[~np.isnan(values_B)], ends, method=method)
    return float(low), float(high)


def wilson_interval(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """Return Wilson's interval of the share `successes / trials`; NaN without trials."""
    if not trials:
        return nan, nan
    # scipy loads its parts when they are first used; this one takes a second.
    limits = scipy.stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    return float(limits.low), float(limits.high)


def exact_interval(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """Return Clopper and Pearson's interval of `successes / trials`; NaN without trials.

    It covers the share in at least `level` of the samples, which Wilson's does not for few trials
    and a level near 1.
    """
    if not trials:
        return nan, nan
    limits = scipy.stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return float(limits.low), float(limits.high)


def paired_difference_interval(
    only_first: int, only_second: int, pairs: int, level: float = LEVEL
) -> Interval:
    """Return Bonett and Price's interval of the share of the first less that of the second.

    `only_first` and `only_second` count the pairs in which only one of the two succeeds, of
    `pairs` in all; NaN without pairs.
    """
    if not pairs:
        return nan, nan
    # One pair of each discordant kind is added: without any, the interval still has a width.
    total = pairs + 2
    first, second = (only_first + 1) / total, (only_second + 1) / total
    centre = first - second
    half_width = NormalDist().inv_cdf((1 + level) / 2) * sqrt((first + second - centre**2) / total)
    return max(-1.0, centre - half_width), min(1.0, centre + half_width)


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Return the probability of discordant pairs at least as uneven, were both equally good."""
    if not only_first + only_second:
        return 1.0
    return float(scipy.stats.binomtest(only_first, only_first + only_second, 0.5).pvalue)


@dataclass(frozen=True)
class Proportion:
    """A share of a number of candidates, with its interval; None without candidates."""

    right: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def measure(cls, right: int, of: int) -> Self:
        """Return the share `right / of` and Wilson's interval."""
        if not of:
            return cls(0, 0, None, None, None)
        return cls(right, of, right / of, *wilson_interval(right, of))


@dataclass(frozen=True)
class PairedAccuracy:
    """Right and wrong answers of two networks on the same candidates."""

    both: int
    """Candidates on which both networks are right."""
    only_first: int
    only_second: int
    neither: int
    first: Proportion
    """Accuracy of the first network."""
    second: Proportion
    difference: float | None
    """Of the accuracies, above 0 where the first is better; None without candidates."""
    low: float | None
    high: float | None
    p_value: float | None
    """Probability of a difference at least as large between networks that are equally good."""

    @classmethod
    def measure(cls, first_N: NDArray[np.bool_], second_N: NDArray[np.bool_]) -> Self:
        """Compare two networks by which of their answers (N,) are right."""
        both, only_first = int((first_N & second_N).sum()), int((first_N & ~second_N).sum())
        only_second, neither = int((~first_N & second_N).sum()), int((~first_N & ~second_N).sum())
        pairs = len(first_N)
        interval = paired_difference_interval(only_first, only_second, pairs)
        low, high = interval if pairs else (None, None)
        return cls(
            both=both,
            only_first=only_first,
            only_second=only_second,
            neither=neither,
            first=Proportion.measure(both + only_first, pairs),
            second=Proportion.measure(both + only_second, pairs),
            difference=(only_first - only_second) / pairs if pairs else None,
            low=low,
            high=high,
            p_value=mcnemar_p_value(only_first, only_second) if pairs else None,
        )
