"""How well two raters agree: pure functions of the labels that both gave.

A rater is a person, the consensus, a published catalogue or a network. Answers "unsure" are no
class and are left out. Per-class agreement is that of Wei et al. 2020, section 2.1: of the
objects that the first rater puts in a class, the share that the second puts there too; for the
four classes, and for compact clusters (1 or 2) against the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import CLASSES
from classifier.core.statistics import wilson_interval
from labeling.agreement.bootstrap import N_COMPACT, Intervals, folded, intervals_of, row_shares


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
    kappa_compact: float
    """Cohen's kappa for compact clusters (1 or 2) against the rest."""
    per_class: tuple[float, ...]
    """Of the first rater's objects of each class, the share that the second puts there."""
    per_compact: tuple[float, ...]
    """The same for the classes 1+2, and for 3+4."""
    bootstrap: Intervals
    """95 % intervals from drawing the objects again."""


def compare(first: Mapping[int, int], second: Mapping[int, int]) -> Agreement:
    """Compare two raters' labels, each a mapping from object to class 1 to 4."""
    # Loaded where it is needed, as are the other packages of agreement: together they take
    # seconds, which every command would spend. A web server loads them before it answers.
    from sklearn.metrics import confusion_matrix  # noqa: PLC0415

    both = sorted(first.keys() & second.keys())
    ours = np.array([first[key] for key in both], dtype=int)
    theirs = np.array([second[key] for key in both], dtype=int)
    matrix = confusion_matrix(ours, theirs, labels=CLASSES) if both else np.zeros((4, 4), int)
    compact = folded(matrix[None])[0]
    return Agreement(
        n=len(both),
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
        share=_share(matrix),
        interval=wilson_interval(int(np.trace(matrix)), len(both)),
        share_compact=_share(compact),
        kappa=_cohen_kappa(ours, theirs),
        kappa_compact=_cohen_kappa(ours <= N_COMPACT, theirs <= N_COMPACT),
        per_class=tuple(row_shares(matrix[None])[0].tolist()),
        per_compact=tuple(row_shares(compact[None])[0].tolist()),
        bootstrap=intervals_of(matrix),
    )


def _share(matrix: NDArray[np.int_]) -> float:
    """Of all objects, those in the same class."""
    n = int(matrix.sum())
    return int(np.trace(matrix)) / n if n else nan


def _cohen_kappa(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """Cohen's kappa; NaN where there are no two classes to tell apart."""
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415

    several = len({*ours, *theirs}) > 1
    return float(cohen_kappa_score(ours, theirs)) if several else nan
