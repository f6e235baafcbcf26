"""Whether one run is better than another, on the same labelled candidates.

Both runs answer for the same candidates, so only those count on which one of them is right and the
other is not. A difference is the first run's accuracy minus the second's.

Test     McNemar's, exact, two-sided. Each p-value stands alone: of twenty comparisons of equal
         runs, one is below 0.05 by chance.
Interval Newcombe's for paired proportions (his method 10), 95 %.
Sources  McNemar 1947, Psychometrika 12, 153; Newcombe 1998, Statistics in Medicine 17, 2635.
"""

from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import mcnemar

from classifier.core.manifest import Manifest
from classifier.evaluation.metrics import PAPER_CLASSES, Proportion, binary, measured, wilson
from classifier.inference.prediction import Predictions


@dataclass(frozen=True)
class Paired:
    """Right and wrong answers of two runs on the same candidates."""

    both: int
    """Candidates on which both runs are right."""
    only_first: int
    only_second: int
    neither: int
    first: Proportion
    """Accuracy of the first run."""
    second: Proportion
    difference: float | None
    """Of the accuracies, above 0 where the first run is better; None of no candidate."""
    low: float | None
    high: float | None
    p_value: float | None
    """Of differences at least as large between runs that are equally good."""

    @classmethod
    def measure(cls, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Self:
        """Compare which answers (N,) of the two runs are right."""
        both, only_first = int((first & second).sum()), int((first & ~second).sum())
        only_second, neither = int((~first & second).sum()), int((~first & ~second).sum())
        of = len(first)
        low, high, difference, p_value = None, None, None, None
        if of:
            difference = (only_first - only_second) / of
            low, high = newcombe(both, only_first, only_second, neither)
            table = [[both, only_first], [only_second, neither]]
            p_value = float(mcnemar(table, exact=True).pvalue)
        return cls(
            both=both,
            only_first=only_first,
            only_second=only_second,
            neither=neither,
            first=Proportion.measure(both + only_first, of),
            second=Proportion.measure(both + only_second, of),
            difference=difference,
            low=low,
            high=high,
            p_value=p_value,
        )


@dataclass(frozen=True)
class Comparison:
    """Two runs on the labelled candidates of one split that both could measure."""

    split: str
    count: int
    """Candidates compared on."""
    left_out: int
    """Labelled candidates of the split that one of the runs, or both, could not measure."""
    overall: Paired
    classes: dict[str, Paired]
    """By the number of the true class."""
    binary: Paired | None
    """Cluster (1 and 2) or not (3 and 4); None unless there are four classes."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values; what cannot be said of no candidate is null."""
        return asdict(self)


def compare(
    first: Predictions,
    second: Predictions,
    manifest: Manifest,
    split: str = "control",
    *,
    max_missing_bands: int = 1,
) -> Comparison:
    """Compare two runs' answers with the labels of a split.

    Raises ValueError where they do not tell the same number of classes apart.
    """
    classes = first.member_probability.shape[2]
    if (others := second.member_probability.shape[2]) != classes:
        raise ValueError(
            f"The first run tells {classes} classes apart and the second {others}: their answers "
            "cannot be compared."
        )
    samples = [measured(run, manifest, split, max_missing_bands) for run in (first, second)]
    _, of_first, of_second = np.intersect1d(
        first.candidate[samples[0].position],
        second.candidate[samples[1].position],
        assume_unique=True,
        return_indices=True,
    )
    truth = samples[0].truth[of_first]
    answers = (
        first.label[samples[0].position[of_first]],
        second.label[samples[1].position[of_second]],
    )
    right = [answer == truth for answer in answers]
    right_of_two = [binary(answer) == binary(truth) for answer in answers]
    return Comparison(
        split=split,
        count=len(truth),
        left_out=len(manifest.labelled(split)) - len(truth),
        overall=Paired.measure(*right),
        classes={
            str(label): Paired.measure(*(answer[truth == label] for answer in right))
            for label in range(1, classes + 1)
        },
        binary=Paired.measure(*right_of_two) if classes == PAPER_CLASSES else None,
    )


def newcombe(both: int, only_first: int, only_second: int, neither: int) -> tuple[float, float]:
    """95 % interval of the difference of two paired proportions, of at least one pair."""
    of = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    (low1, high1), (low2, high2) = wilson(first, of), wilson(second, of)
    p1, p2 = first / of, second / of
    margins = first * (of - first) * second * (of - second)
    excess = both * neither - only_first * only_second
    # The correlation of the pairs; where positive, it is taken half a pair closer to none.
    correlated = max(excess - of / 2, 0) if excess > 0 else excess
    phi = correlated / sqrt(margins) if margins else 0.0
    below, above = (p1 - low1, high2 - p2), (high1 - p1, p2 - low2)
    return (
        p1 - p2 - sqrt(below[0] ** 2 - 2 * phi * below[0] * below[1] + below[1] ** 2),
        p1 - p2 + sqrt(above[0] ** 2 - 2 * phi * above[0] * above[1] + above[1] ** 2),
    )
