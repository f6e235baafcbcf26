"""How good an ensemble is, measured against the labels of candidates it was not trained on.

Axes     confusion matrices are (truth, answer), K x K in the order of the classes.
Spread   the standard deviation over the M members (M - 1 in its denominator); none for M = 1.
Interval Wilson's, 95 %, of a proportion.
Source   Wei et al. 2020, tables 4 to 7; Wilson 1927.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from classifier.config import CLASSES
from classifier.manifest import Manifest
from classifier.prediction import Predictions

CLUSTERS = (1, 2)
"""What many papers call a cluster; 3 and 4 are the other side of their two-class figures."""

Matrix = list[list[float | None]]


@dataclass(frozen=True)
class Proportion:
    """A share of a number of candidates, with its 95 % interval; None of none."""

    right: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def measure(cls, right: int, of: int) -> Self:
        """The share `right / of` and Wilson's interval."""
        if of == 0:
            return cls(0, 0, None, None, None)
        interval = binomtest(right, of).proportion_ci(0.95, method="wilson")
        return cls(right, of, right / of, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over the members."""

    mean: Matrix
    std: Matrix


@dataclass(frozen=True)
class Confusion:
    """One labelling against another, classes by name."""

    classes: list[str]
    ensemble: list[list[int]]
    """Counts by the class of the mean probability."""
    counts: Spread
    percent: Spread
    """Of each row: of the candidates that truly are of the class."""


@dataclass(frozen=True)
class ClassFigures:
    """One class: found of those that are it, and right of those called it."""

    count: int
    recall: Proportion
    precision: Proportion


@dataclass(frozen=True)
class Evaluation:
    """Figures of one run on the labelled candidates of one split."""

    split: str
    count: int
    """Candidates measured on."""
    left_out: int
    """Labelled candidates of the split that were not: too many bands missing."""
    unreadable: int
    """Labelled candidates of the split that could not be read."""
    counts: dict[str, int]
    """Measured candidates of each class, by the class's number."""
    accuracy: Proportion
    """Of the ensemble, over all classes."""
    member_accuracy_mean: float | None
    member_accuracy_std: float | None
    classes: dict[str, ClassFigures]
    confusion: Confusion
    binary_accuracy: Proportion
    """Cluster (1 and 2) or not (3 and 4), of the ensemble."""
    binary_confusion: Confusion

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values; what cannot be said of none, or of one member, is null."""
        return asdict(self)


def evaluate(
    predictions: Predictions,
    manifest: Manifest,
    split: str = "control",
    *,
    max_missing_bands: int = 1,
) -> Evaluation:
    """Compare predictions with the labels of a split."""
    wanted = manifest.labelled(split)
    truth_of = dict(
        zip(manifest.candidate[wanted].tolist(), manifest.label[wanted].tolist(), strict=True)
    )
    found = np.isin(predictions.candidate, list(truth_of))
    complete = predictions.missing_bands <= max_missing_bands
    used = found & complete
    truth = np.array([truth_of[i] for i in predictions.candidate[used].tolist()], dtype=np.int64)
    answers = predictions.label[used]
    by_member = predictions.member_probability[:, used].argmax(axis=2) + CLASSES[0]
    right = (by_member == truth).mean(axis=1) if len(truth) else np.array([])
    return Evaluation(
        split=split,
        count=len(truth),
        left_out=int((found & ~complete).sum()),
        unreadable=len(wanted) - int(found.sum()),
        counts={str(label): int((truth == label).sum()) for label in CLASSES},
        accuracy=Proportion.measure(int((answers == truth).sum()), len(truth)),
        member_accuracy_mean=float(right.mean()) if len(right) else None,
        member_accuracy_std=float(right.std(ddof=1)) if len(right) > 1 else None,
        classes={str(label): _of_class(label, truth, answers) for label in CLASSES},
        confusion=confusion(truth, answers, by_member, [str(label) for label in CLASSES]),
        binary_accuracy=Proportion.measure(
            int((_binary(answers) == _binary(truth)).sum()), len(truth)
        ),
        binary_confusion=confusion(
            _binary(truth), _binary(answers), _binary(by_member), ["1+2", "3+4"]
        ),
    )


def confusion(
    truth: NDArray[np.int64],
    answers: NDArray[np.int64],
    by_member: NDArray[np.int64],
    classes: list[str],
) -> Confusion:
    """Confusion of labels 1 … K: truth (N,), answers (N,), and the members' answers (M, N)."""
    labels = np.arange(1, len(classes) + 1)
    members = np.array([_matrix(truth, answer, labels) for answer in by_member], dtype=float)
    rows = members.sum(axis=2, keepdims=True)
    percent = np.divide(100 * members, rows, out=np.full_like(members, np.nan), where=rows > 0)
    return Confusion(
        classes, _matrix(truth, answers, labels).tolist(), _spread(members), _spread(percent)
    )


def _matrix(
    truth: NDArray[np.int64], answers: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    if len(truth) == 0:
        return np.zeros((len(labels), len(labels)), dtype=np.int64)
    return np.asarray(confusion_matrix(truth, answers, labels=labels))


def _spread(matrices: NDArray[np.float64]) -> Spread:
    mean = matrices.mean(axis=0)
    std = matrices.std(axis=0, ddof=1) if len(matrices) > 1 else np.full_like(mean, np.nan)
    return Spread(_without_nan(mean), _without_nan(std))


def _without_nan(matrix: NDArray[np.float64]) -> Matrix:
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]


def _binary(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 for clusters, 2 for the rest."""
    return np.where(np.isin(labels, CLUSTERS), 1, 2)


def _of_class(label: int, truth: NDArray[np.int64], answers: NDArray[np.int64]) -> ClassFigures:
    both = int(((truth == label) & (answers == label)).sum())
    of_truth, of_answers = int((truth == label).sum()), int((answers == label).sum())
    return ClassFigures(
        of_truth, Proportion.measure(both, of_truth), Proportion.measure(both, of_answers)
    )
