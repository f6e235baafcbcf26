"""Accuracy of an ensemble on labelled candidates that it was not trained on.

Classes  1 to K, as many as the predictions have; N candidates in the sample.
Axes     confusion matrices are (truth, answer), K x K in the order of the classes.
Spread   the standard deviation over the M members (M - 1 in its denominator); None for M = 1.
Entropy  of the mean probability, in nats: 0 is certain, ln K a uniform guess.
Sources  Wei et al. 2020 (arXiv:1909.02024), figure 5 and tables 4 to 7; accuracy against
         coverage: Geifman et al. 2018 (arXiv:1805.08206).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from classifier.core.classes import CLASSES, COMPACT
from classifier.core.statistics import Proportion
from classifier.core.training_set import Manifest
from classifier.inference.prediction import Predictions

ENTROPY_BINS = 20
"""Number of bins of equal width, from 0 to ln K."""

COVERAGES = 20
"""Number of shares at which accuracy is measured against coverage: 1/20, 2/20 … 1."""

Matrix = list[list[float | None]]


@dataclass(frozen=True)
class MemberSpread:
    """Mean and standard deviation over the members."""

    mean: Matrix
    std: Matrix


@dataclass(frozen=True)
class Confusion:
    """Confusion matrix of labels and answers, classes by name."""

    classes: list[str]
    ensemble: list[list[int]]
    """Counts by the class of the mean probability."""
    counts: MemberSpread
    percent: MemberSpread
    """Of the row: of the candidates of the true class."""

    def as_table(self) -> list[list[str]]:
        """Return rows of text as in tables 4 to 7: a header, then one row for each class."""
        rows = zip(self.classes, self.percent.mean, self.percent.std, self.ensemble, strict=True)
        return [["", *self.classes, "of"]] + [
            [name, *map(_plus_minus, mean, std), str(sum(counts))]
            for name, mean, std, counts in rows
        ]


@dataclass(frozen=True)
class ClassFigures:
    """Recall and precision of one class."""

    count: int
    recall: Proportion
    precision: Proportion


@dataclass(frozen=True)
class EntropyFigures:
    """Histograms of the entropy where the ensemble is right and where it is wrong (figure 5)."""

    edges: list[float]
    """Of the bins, in nats."""
    right: list[int]
    """Candidates in each bin with the right answer."""
    wrong: list[int]
    right_median: float | None
    """In nats."""
    wrong_median: float | None


@dataclass(frozen=True)
class CoveragePoint:
    """Accuracy on the candidates of lowest entropy."""

    coverage: float
    """Share of all candidates."""
    entropy: float
    """Highest among them, in nats."""
    accuracy: Proportion


@dataclass(frozen=True)
class RiskCoverage:
    """Accuracy if the uncertain candidates are left to people."""

    points: list[CoveragePoint]
    """From the most certain twentieth to all candidates."""
    area: float | None
    """Share of wrong answers, averaged over the 1, 2 … N most certain candidates; 0 is best."""


@dataclass(frozen=True)
class Evaluation:
    """Accuracy of one run on the labelled candidates of one split."""

    split: str
    count: int
    """Candidates in the sample."""
    left_out: int
    """Labelled candidates of the split with too many bands missing."""
    unreadable: int
    """Labelled candidates of the split that could not be read."""
    counts: dict[str, int]
    """Candidates of each class, by the number of the class."""
    accuracy: Proportion
    """Of the ensemble, over all classes."""
    member_accuracy_mean: float | None
    member_accuracy_std: float | None
    classes: dict[str, ClassFigures]
    confusion: Confusion
    entropy: EntropyFigures
    risk_coverage: RiskCoverage
    binary_accuracy: Proportion | None = None
    """Cluster (1 and 2) or not (3 and 4), of the ensemble; None unless there are four classes."""
    binary_member_accuracy_mean: float | None = None
    binary_member_accuracy_std: float | None = None
    binary_confusion: Confusion | None = None
    clusters: ClassFigures | None = None
    """Classes 1 and 2 taken as one; None unless there are four classes."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; figures without candidates, or spreads of one member, are null."""
        return asdict(self)


@dataclass(frozen=True)
class EvaluationSample:
    """The labelled candidates of a split on which a run is evaluated."""

    position: NDArray[np.int64]
    """(N,) rows of the predictions."""
    truth: NDArray[np.int64]
    """(N,) labels."""
    left_out: int
    """Number of candidates with too many bands missing."""
    unreadable: int


def evaluation_sample(
    predictions: Predictions, manifest: Manifest, split: str, max_missing_bands: int
) -> EvaluationSample:
    """Return the candidates to evaluate on, in the order of the predictions.

    Raises ValueError if the manifest has a class that the predictions do not have.
    """
    labelled = manifest.labelled(split)
    classes = predictions.member_probability.shape[2]
    if (manifest.label[labelled] > classes).any():
        raise ValueError(
            f"The manifest has class {manifest.label[labelled].max()}, but these predictions only "
            f"tell classes 1 to {classes} apart."
        )
    truth_of = dict(
        zip(manifest.candidate[labelled].tolist(), manifest.label[labelled].tolist(), strict=True)
    )
    predicted = np.isin(predictions.candidate, list(truth_of))
    complete = predictions.missing_bands <= max_missing_bands
    position = np.flatnonzero(predicted & complete)
    truth = [truth_of[i] for i in predictions.candidate[position].tolist()]
    return EvaluationSample(
        position=position,
        truth=np.array(truth, dtype=np.int64),
        left_out=int((predicted & ~complete).sum()),
        unreadable=len(labelled) - int(predicted.sum()),
    )


def evaluate(
    predictions: Predictions,
    manifest: Manifest,
    split: str = "control",
    *,
    max_missing_bands: int = 1,
) -> Evaluation:
    """Evaluate predictions against the labels of a split."""
    sample = evaluation_sample(predictions, manifest, split, max_missing_bands)
    truth, answers = sample.truth, predictions.label[sample.position]
    by_member = predictions.member_probability[:, sample.position].argmax(axis=2) + 1
    right, entropy = answers == truth, predictions.entropy[sample.position]
    labels = range(1, predictions.member_probability.shape[2] + 1)
    mean, std = _member_accuracy(truth, by_member)
    return Evaluation(
        split=split,
        count=len(truth),
        left_out=sample.left_out,
        unreadable=sample.unreadable,
        counts={str(label): int((truth == label).sum()) for label in labels},
        accuracy=Proportion.measure(int(right.sum()), len(truth)),
        member_accuracy_mean=mean,
        member_accuracy_std=std,
        classes={str(label): _of_class(label, truth, answers) for label in labels},
        confusion=confusion(truth, answers, by_member, [str(label) for label in labels]),
        entropy=entropy_figures(entropy, right, len(labels)),
        risk_coverage=risk_coverage(entropy, right),
        **(_of_two_classes(truth, answers, by_member) if len(labels) == len(CLASSES) else {}),
    )


def cluster_or_not(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 1 for clusters and 2 for the rest, of labels 1 to 4."""
    return np.where(np.isin(labels, COMPACT), 1, 2)


def entropy_figures(
    entropy: NDArray[np.float64], right: NDArray[np.bool_], classes: int
) -> EntropyFigures:
    """Return histograms of the entropies (N,) of right and of wrong answers (N,)."""
    most = float(np.log(classes))
    edges = np.linspace(0, most, ENTROPY_BINS + 1)
    # A uniform guess may come out one rounding above ln K.
    inside = entropy.clip(0, most)
    return EntropyFigures(
        edges=edges.tolist(),
        right=np.histogram(inside[right], edges)[0].tolist(),
        wrong=np.histogram(inside[~right], edges)[0].tolist(),
        right_median=_median(entropy[right]),
        wrong_median=_median(entropy[~right]),
    )


def risk_coverage(entropy: NDArray[np.float64], right: NDArray[np.bool_]) -> RiskCoverage:
    """Return the accuracy among the candidates of lowest entropy (N,); ties keep their order."""
    order = np.argsort(entropy, kind="stable")
    of = len(order)
    if of == 0:
        return RiskCoverage([], None)
    right_so_far = right[order].cumsum()
    taken = sorted({-(-of * step // COVERAGES) for step in range(1, COVERAGES + 1)})
    return RiskCoverage(
        points=[
            CoveragePoint(
                coverage=count / of,
                entropy=float(entropy[order[count - 1]]),
                accuracy=Proportion.measure(int(right_so_far[count - 1]), count),
            )
            for count in taken
        ],
        area=float((1 - right_so_far / np.arange(1, of + 1)).mean()),
    )


def confusion(
    truth: NDArray[np.int64],
    answers: NDArray[np.int64],
    by_member: NDArray[np.int64],
    classes: list[str],
) -> Confusion:
    """Return the confusion of labels (N,) with answers (N,), and with the members' (M, N)."""
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


def _spread(matrices: NDArray[np.float64]) -> MemberSpread:
    mean = matrices.mean(axis=0)
    std = matrices.std(axis=0, ddof=1) if len(matrices) > 1 else np.full_like(mean, np.nan)
    return MemberSpread(_without_nan(mean), _without_nan(std))


def _without_nan(matrix: NDArray[np.float64]) -> Matrix:
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if len(values) else None


def _plus_minus(mean: float | None, std: float | None) -> str:
    if mean is None:
        return "–"
    return f"{mean:.1f}" if std is None else f"{mean:.1f} ± {std:.1f}"


def _member_accuracy(
    truth: NDArray[np.int64], by_member: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    if len(truth) == 0:
        return None, None
    right = (by_member == truth).mean(axis=1)
    return float(right.mean()), float(right.std(ddof=1)) if len(right) > 1 else None


def _of_two_classes(
    truth: NDArray[np.int64], answers: NDArray[np.int64], by_member: NDArray[np.int64]
) -> dict[str, Any]:
    truth, answers, by_member = (cluster_or_not(labels) for labels in (truth, answers, by_member))
    mean, std = _member_accuracy(truth, by_member)
    return {
        "binary_accuracy": Proportion.measure(int((answers == truth).sum()), len(truth)),
        "binary_member_accuracy_mean": mean,
        "binary_member_accuracy_std": std,
        "binary_confusion": confusion(truth, answers, by_member, ["1+2", "3+4"]),
        "clusters": _of_class(1, truth, answers),
    }


def _of_class(label: int, truth: NDArray[np.int64], answers: NDArray[np.int64]) -> ClassFigures:
    both = int(((truth == label) & (answers == label)).sum())
    of_truth, of_answers = int((truth == label).sum()), int((answers == label).sum())
    return ClassFigures(
        of_truth, Proportion.measure(both, of_truth), Proportion.measure(both, of_answers)
    )
