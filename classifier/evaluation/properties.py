"""Accuracy by property of the candidates: magnitude, colour, size, crowding, field.

Bins are quantiles of the candidates that are measured, at least MIN_IN_BIN each; equal values are
in one bin. Each bin has Wilson's 95 % interval: of twenty bins, one misses on average.

A trend is tested apart from the bins: right and wrong answers are compared by their values (Mann
and Whitney 1947), fields by a chi-square test, and the probabilities are corrected for the number
of properties (Holm 1979, Scand. J. Stat. 6, 65). A drop at both ends of a property at once is seen
in the bins only.

Shapes  N measured candidates.
NaN     values that the catalogue lacks; their accuracy is given apart.
Source  accuracy by property as in Hannon et al. 2023, MNRAS 526, 2991.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from classifier.core.properties import FIELD, MIN_IN_BIN
from classifier.core.statistics import LEVEL, Proportion

MAX_BINS = 5


@dataclass(frozen=True)
class PropertyBin:
    """Accuracy on the candidates with values from `low` to `high`, or of one field."""

    name: str
    """The field; empty for a range of values."""
    low: float | None
    high: float | None
    median: float | None
    accuracy: Proportion


@dataclass(frozen=True)
class PropertyAccuracy:
    """Accuracy by one property."""

    name: str
    bins: list[PropertyBin]
    unknown: Proportion
    """On candidates for which the catalogue lacks the value."""
    p_value: float | None
    """Probability of a trend at least as clear, were there none; None if it cannot be tested."""
    adjusted_p_value: float | None
    """The same, corrected for the number of properties that were tested."""

    @property
    def has_trend(self) -> bool:
        """True if right and wrong answers differ in this property beyond chance."""
        return self.adjusted_p_value is not None and self.adjusted_p_value < 1 - LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "has_trend": self.has_trend}


def accuracy_by_property(
    right_N: NDArray[np.bool_], columns: Mapping[str, NDArray[Any]]
) -> list[PropertyAccuracy]:
    """Return the accuracy by each property of `columns`: values (N,) by name."""
    measured = [
        _by_field(right_N, values_N) if name == FIELD else _by_value(name, right_N, values_N)
        for name, values_N in columns.items()
    ]
    tested = [i for i, accuracy in enumerate(measured) if accuracy.p_value is not None]
    adjusted = holm([measured[i].p_value or 0.0 for i in tested])
    for i, p_value in zip(tested, adjusted, strict=True):
        measured[i] = replace(measured[i], adjusted_p_value=p_value)
    return measured


def holm(p_values: list[float]) -> list[float]:
    """Return probabilities corrected for their number by Holm's method, in the same order."""
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.minimum(1, np.maximum.accumulate(np.array(p_values)[order] * factors))
    result = np.empty(len(p_values))
    result[order] = adjusted
    return result.tolist()


def bin_edges(values_N: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return lowest and highest value of each bin of finite values (N,), in rising order."""
    values, counts = np.unique(values_N, return_counts=True)
    least = max(MIN_IN_BIN, -(-len(values_N) // MAX_BINS))
    edges: list[tuple[float, float]] = []
    first, count = 0, 0
    for last, n in enumerate(counts.tolist()):
        count += n
        remaining = len(values_N) - int(counts[: last + 1].sum())
        # A remainder that is too small for a bin goes into the last one.
        if (count >= least and remaining >= MIN_IN_BIN) or last == len(values) - 1:
            edges.append((float(values[first]), float(values[last])))
            first, count = last + 1, 0
    return edges


def _by_value(
    name: str, right_N: NDArray[np.bool_], values_N: NDArray[np.float64]
) -> PropertyAccuracy:
    """Return the accuracy in bins of a number."""
    finite_N = np.isfinite(values_N)
    values_n, right_n = values_N[finite_N], right_N[finite_N]
    bins = [
        PropertyBin("", low, high, float(np.median(values_n[inside])), _proportion(right_n[inside]))
        for low, high in bin_edges(values_n)
        for inside in [(values_n >= low) & (values_n <= high)]
    ]
    unknown = _proportion(right_N[~finite_N])
    return PropertyAccuracy(name, bins, unknown, _trend(right_n, values_n), None)


def _by_field(right_N: NDArray[np.bool_], field_N: NDArray[np.str_]) -> PropertyAccuracy:
    """Return the accuracy in each field."""
    bins = [
        PropertyBin(str(field), None, None, None, _proportion(right_N[field_N == field]))
        for field in np.unique(field_N)
    ]
    return PropertyAccuracy(FIELD, bins, _proportion(right_N[:0]), _of_fields(bins), None)


def _proportion(right_N: NDArray[np.bool_]) -> Proportion:
    return Proportion.measure(int(right_N.sum()), len(right_N))


def _trend(right_n: NDArray[np.bool_], values_n: NDArray[np.float64]) -> float | None:
    """Return the probability that right and wrong answers differ as much in their values."""
    right, wrong = values_n[right_n], values_n[~right_n]
    if len(values_n) < 2 * MIN_IN_BIN or not len(right) or not len(wrong):
        return None
    if values_n.min() == values_n.max():
        return None
    return float(scipy.stats.mannwhitneyu(right, wrong).pvalue)


def _of_fields(bins: list[PropertyBin]) -> float | None:
    """Return the probability that fields differ as much; of those with enough candidates."""
    counts = [(b.accuracy.right, b.accuracy.of - b.accuracy.right) for b in bins]
    table = np.array([row for row in counts if sum(row) >= MIN_IN_BIN]).reshape(-1, 2)
    if len(table) < 2 or (table.sum(axis=0) == 0).any():
        return None
    return float(scipy.stats.chi2_contingency(table, correction=False).pvalue)
