"""How well two raters agree: pure functions of the labels that both gave.

A rater is a person, the consensus, a published catalogue or a network. Answers "unsure" are no
class and are left out. Per-class agreement is that of Wei et al. 2020, section 2.1: of the
objects that the first rater puts in a class, the share that the second puts there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np
from astropy.stats import binom_conf_interval
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from labeling.classes import MorphologicalClass

CLASSES = tuple(int(label) for label in MorphologicalClass)
COMPACT = (1, 2)
"""Classes that are compact clusters; papers quote 1+2 against the rest as well."""


@dataclass(frozen=True)
class Agreement:
    """The agreement of two raters on the objects that both put in a class."""

    n: int
    confusion: tuple[tuple[int, ...], ...]
    """Counts; rows are the first rater's classes 1 to 4, columns the second's."""
    share: float
    """Of objects in the same class; NaN without objects, like all figures here."""
    interval: tuple[float, float]
    """Wilson's 95 % interval of `share`."""
    share_compact: float
    """Of objects on whose being a compact cluster (1 or 2) both agree."""
    kappa: float
    """Cohen's kappa over the four classes; NaN where both gave one class only."""
    per_class: tuple[float, ...]
    """Of the first rater's objects of each class, the share that the second puts there."""


def compare(first: Mapping[int, int], second: Mapping[int, int]) -> Agreement:
    """Compare two raters' labels, each a mapping from object to class 1 to 4."""
    both = sorted(first.keys() & second.keys())
    ours = np.array([first[key] for key in both], dtype=int)
    theirs = np.array([second[key] for key in both], dtype=int)
    matrix = confusion_matrix(ours, theirs, labels=CLASSES) if both else np.zeros((4, 4), int)
    same = int(np.trace(matrix))
    low, high = _wilson(same, len(both)) if both else (nan, nan)
    compact = np.isin(ours, COMPACT) == np.isin(theirs, COMPACT)
    several = len({*ours, *theirs}) > 1
    return Agreement(
        n=len(both),
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
        share=same / len(both) if both else nan,
        interval=(float(low), float(high)),
        share_compact=float(compact.mean()) if both else nan,
        kappa=float(cohen_kappa_score(ours, theirs, labels=CLASSES)) if several else nan,
        per_class=_row_shares(matrix),
    )


def _row_shares(matrix: NDArray[np.int_]) -> tuple[float, ...]:
    """The diagonal over the row sums."""
    sums = matrix.sum(axis=1)
    return tuple(
        float(matrix[k, k] / total) if total else nan for k, total in enumerate(sums.tolist())
    )


def _wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's interval at 95 %."""
    low, high = binom_conf_interval(successes, trials, confidence_level=0.95, interval="wilson")
    return float(low), float(high)
