"""Agreement of two raters, from the labels that both gave.

A rater is a person, the consensus, a published catalogue or a network. Votes "unsure" are no class
and are left out. Per-class agreement is that of Wei et al. 2020, section 2.1: of the
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
from labeling.agreement.bootstrap import (
    N_COMPACT,
    AgreementIntervals,
    bootstrap_intervals,
    fold_compact,
    row_shares,
)


@dataclass(frozen=True)
class PairAgreement:
    """Agreement of two raters on the objects that both put in a class."""

    n: int
    confusion: tuple[tuple[int, ...], ...]
    """Counts; rows are the first rater's classes 1 to 4, columns the second's."""
    share: float
    """Share of objects in the same class; NaN without objects, like all figures here."""
    interval: tuple[float, float]
    """Wilson's 95 % interval of `share`."""
    share_compact: float
    """Share of objects that both call compact clusters (1 or 2), or both do not."""
    kappa: float
    """Cohen's kappa over the four classes; NaN where both gave one class only."""
    kappa_compact: float
    """Cohen's kappa for compact clusters (1 or 2) against the rest."""
    per_class: tuple[float, ...]
    """Share of the first rater's objects of each class that the second puts there too."""
    per_compact: tuple[float, ...]
    """The same for the classes 1+2, and for 3+4."""
    bootstrap: AgreementIntervals
    """95 % intervals of all these figures."""


def pair_agreement(first: Mapping[int, int], second: Mapping[int, int]) -> PairAgreement:
    """Return the agreement of two raters' labels, mappings from object to class 1 to 4."""
    # Imported where it is used, as are the other packages of agreement: together they take
    # seconds, which every command would spend. A web server loads them before it answers.
    from sklearn.metrics import confusion_matrix  # noqa: PLC0415

    both = sorted(first.keys() & second.keys())
    first_N = np.array([first[key] for key in both], dtype=int)
    second_N = np.array([second[key] for key in both], dtype=int)
    matrix = confusion_matrix(first_N, second_N, labels=CLASSES) if both else np.zeros((4, 4), int)
    compact = fold_compact(matrix[None])[0]
    return PairAgreement(
        n=len(both),
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
        share=_observed_agreement(matrix),
        interval=wilson_interval(int(np.trace(matrix)), len(both)),
        share_compact=_observed_agreement(compact),
        kappa=_cohen_kappa(first_N, second_N),
        kappa_compact=_cohen_kappa(first_N <= N_COMPACT, second_N <= N_COMPACT),
        per_class=tuple(row_shares(matrix[None])[0].tolist()),
        per_compact=tuple(row_shares(compact[None])[0].tolist()),
        bootstrap=bootstrap_intervals(matrix),
    )


def _observed_agreement(matrix: NDArray[np.int_]) -> float:
    """Return the share of the objects in the same class."""
    n = int(matrix.sum())
    return int(np.trace(matrix)) / n if n else nan


def _cohen_kappa(first_N: NDArray[Any], second_N: NDArray[Any]) -> float:
    """Return Cohen's kappa; NaN if all labels are the same."""
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415

    several_classes = len({*first_N, *second_N}) > 1
    return float(cohen_kappa_score(first_N, second_N)) if several_classes else nan
