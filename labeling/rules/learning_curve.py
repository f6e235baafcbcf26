"""What more votes would bring, from the accuracy of the runs that were measured.

Model     accuracy = a + b ln(labels), by least squares weighted with the binomial errors of the
          control sample; only for runs of one configuration, three or more, on different numbers
          of labels.
Error     of b, from those errors alone. All runs are measured on nearly the same candidates, so
          that the true error of a difference is smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

FEWEST_RUNS = 3


@dataclass(frozen=True)
class Measurement:
    """One run: labels that it was trained on, and its right answers on the control sample."""

    run: int
    labels: int
    right: int
    of: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / self.of

    @property
    def error(self) -> float:
        """Standard error of the accuracy, after Agresti and Coull: above zero for all right."""
        share = (self.right + 2) / (self.of + 4)
        return float(np.sqrt(share * (1 - share) / (self.of + 4)))


@dataclass(frozen=True)
class Advice:
    """What so many more labels are expected to add to the accuracy."""

    labels: float
    gain: float
    error: float
    """Standard error of the gain."""

    @property
    def sentence(self) -> str:
        """The advice in words."""
        points, spread = 100 * self.gain, 100 * 1.96 * self.error
        bring = f"would change the accuracy by {points:+.1f} ± {spread:.1f} percentage points"
        worth = "worth it" if points > spread else "no more than chance can explain"
        return f"Another 100 votes, about {self.labels:.0f} labels, {bring}: {worth}."


def advice(measured: Sequence[Measurement], labels: int, more: float) -> Advice | None:
    """What `more` labels would add to so many; None while too few runs were measured."""
    if len({one.labels for one in measured}) < FEWEST_RUNS or labels < 1:
        return None
    x = [log(one.labels) for one in measured]
    y = [one.accuracy for one in measured]
    weights = [1 / one.error for one in measured]
    (slope, _), covariance = np.polyfit(x, y, 1, w=weights, cov="unscaled")
    step = log((labels + more) / labels)
    return Advice(more, float(slope) * step, float(np.sqrt(covariance[0, 0])) * step)
