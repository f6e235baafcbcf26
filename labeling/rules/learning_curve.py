"""The gain in accuracy expected of more votes, from the accuracy of the measured runs.

Model     accuracy = a + b ln(labels), by least squares weighted with the binomial errors of the
          control sample; only for three or more runs of one configuration on different numbers
          of labels. Accuracy stops growing at some number of labels, so the runs with less
          than a quarter of the most labels are left out where three others are there.
Error     of b, from those errors alone. All runs are measured on nearly the same candidates, so
          that the true error of a difference is smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

MIN_RUNS = 3

RECENT = 0.25
"""Share of the most labels; runs with fewer labels say little about the next ones. With all runs,
the gain was said to be above chance in up to 99 % of curves that had stopped growing."""


@dataclass(frozen=True)
class Measurement:
    """One run: its number of training labels, and its accuracy on the control sample."""

    run: int
    labels: int
    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """Share of correct answers."""
        return self.correct / self.total

    @property
    def error(self) -> float:
        """Standard error of the accuracy, after Agresti and Coull; above zero at 100 %."""
        share = (self.correct + 2) / (self.total + 4)
        return float(np.sqrt(share * (1 - share) / (self.total + 4)))


@dataclass(frozen=True)
class Advice:
    """The gain in accuracy that is expected of more labels."""

    labels: float
    gain: float
    error: float
    """Standard error of the gain."""

    @property
    def sentence(self) -> str:
        """The advice in words."""
        points, interval = 100 * self.gain, 100 * 1.96 * self.error
        verdict = "worth it" if points > interval else "no more than chance can explain"
        return (
            f"Another 100 votes, about {self.labels:.0f} labels, would change the accuracy by "
            f"{points:+.1f} ± {interval:.1f} percentage points, if the accuracy goes "
            f"on as in these runs: {verdict}."
        )


def advice(measurements: Sequence[Measurement], labels: int, more_labels: float) -> Advice | None:
    """Return the gain of `more_labels` beyond `labels`; None if too few runs were measured."""
    if len({measurement.labels for measurement in measurements}) < MIN_RUNS or labels < 1:
        return None
    recent = _recent(measurements)
    x = [log(measurement.labels) for measurement in recent]
    y = [measurement.accuracy for measurement in recent]
    weights = [1 / measurement.error for measurement in recent]
    (slope, _), covariance = np.polyfit(x, y, 1, w=weights, cov="unscaled")
    step = log((labels + more_labels) / labels)
    return Advice(more_labels, float(slope) * step, float(np.sqrt(covariance[0, 0])) * step)


def _recent(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Return the runs with at least `RECENT` of the most labels, and with the three most."""
    numbers = sorted({measurement.labels for measurement in measurements})
    lowest = min(numbers[-MIN_RUNS], RECENT * numbers[-1])
    return [measurement for measurement in measurements if measurement.labels >= lowest]
