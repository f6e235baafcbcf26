"""Compare the accuracy of two runs on the same labelled candidates.

A difference is the first run's accuracy minus the second's; its interval and test are those of
`classifier.core.statistics`. Each p-value stands alone: of twenty comparisons of equal runs, one
is below 0.05 by chance.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classifier.core.classes import CLASSES
from classifier.core.statistics import PairedAccuracy
from classifier.core.training_set import Manifest
from classifier.evaluation.metrics import cluster_or_not, evaluation_sample
from classifier.inference.prediction import Predictions


@dataclass(frozen=True)
class Comparison:
    """Two runs on the labelled candidates of one split that both were evaluated on."""

    split: str
    count: int
    """Candidates compared."""
    left_out: int
    """Labelled candidates of the split that at least one of the runs was not evaluated on."""
    overall: PairedAccuracy
    classes: dict[str, PairedAccuracy]
    """By the number of the true class."""
    binary: PairedAccuracy | None
    """Cluster (1 and 2) or not (3 and 4); None unless there are four classes."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; figures without candidates are null."""
        return asdict(self)


def compare(
    first: Predictions,
    second: Predictions,
    manifest: Manifest,
    split: str = "control",
    *,
    max_missing_bands: int = 1,
) -> Comparison:
    """Compare the answers of two runs with the labels of a split.

    Raises ValueError if they do not have the same number of classes.
    """
    classes = first.member_probability.shape[2]
    if (second_classes := second.member_probability.shape[2]) != classes:
        raise ValueError(
            f"The first run tells {classes} classes apart and the second {second_classes}: their "
            "answers cannot be compared."
        )
    samples = [
        evaluation_sample(run, manifest, split, max_missing_bands) for run in (first, second)
    ]
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
    right_of_two = [cluster_or_not(answer) == cluster_or_not(truth) for answer in answers]
    return Comparison(
        split=split,
        count=len(truth),
        left_out=len(manifest.labelled(split)) - len(truth),
        overall=PairedAccuracy.measure(*right),
        classes={
            str(label): PairedAccuracy.measure(*(answer[truth == label] for answer in right))
            for label in range(1, classes + 1)
        },
        binary=PairedAccuracy.measure(*right_of_two) if classes == len(CLASSES) else None,
    )
