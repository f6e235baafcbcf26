"""The kinds of experiments, and the number of trainings that each takes.

`classifier.experiments` makes the arms. Source: Wei et al. 2020, sections 4 and 5.
"""

from classifier.core.bands import BANDS
from classifier.core.config import BACKBONE_NAMES
from classifier.core.named_values import NamedValue

CROP_SIZES_PX = (25, 50, 100)
"""Sides of the crops that are compared with one another and with random ones between them."""

FEWEST_LABELS = 50
"""Labels in the first arm of a learning curve; each arm has twice those of the one before."""


class NotFeasible(ValueError):
    """An experiment is not possible as requested; `about` names the input at fault."""

    def __init__(self, about: str, reason: str) -> None:
        super().__init__(reason)
        self.about = about


class ExperimentKind(NamedValue):
    """The difference between the arms of an experiment."""

    CROP_SIZE = "crop-size", "crop sizes"
    FILTERS = "filters", "Filters"
    FIELDS = "fields", "Fields"
    LABELS = "labels", "number of labels"
    ARCHITECTURE = "architecture", "architectures"
    SOURCES = "sources", "label sources"


def learning_curve_sizes(labels: int) -> list[int]:
    """Return the numbers of labels of the arms of a learning curve: 50, 100, 200, … and all."""
    numbers, number = [], FEWEST_LABELS
    while number < labels:
        numbers.append(number)
        number *= 2
    return [*numbers, labels]


def number_of_arms(kind: str, *, fields: int, labels: int, sources: int) -> int:
    """Return the number of arms to train; raise NotFeasible where there is too little to compare.

    Arms that use the networks of another one are not counted. `labels` are those in the training
    pool, `fields` those with labels in the control sample, `sources` the label sources.
    """
    _check_feasible(ExperimentKind(kind), fields, labels, sources)
    return {
        ExperimentKind.CROP_SIZE: len(CROP_SIZES_PX) + 1,
        ExperimentKind.FILTERS: 1 + len(BANDS),
        ExperimentKind.FIELDS: fields,
        ExperimentKind.LABELS: len(learning_curve_sizes(labels)),
        ExperimentKind.ARCHITECTURE: len(BACKBONE_NAMES),
        ExperimentKind.SOURCES: sources,
    }[ExperimentKind(kind)]


def _check_feasible(kind: ExperimentKind, fields: int, labels: int, sources: int) -> None:
    if kind == ExperimentKind.SOURCES and sources < 2:
        raise NotFeasible("label_sources", "Comparing label sources needs two of them or more.")
    if kind != ExperimentKind.SOURCES and sources != 1:
        raise NotFeasible(
            "label_sources",
            "Only an experiment with label sources takes several of them; name one.",
        )
    if kind == ExperimentKind.FIELDS and fields < 2:
        raise NotFeasible(
            "fields",
            "Leaving each field out in turn needs at least two fields with control labels.",
        )
    if kind == ExperimentKind.LABELS and labels <= FEWEST_LABELS:
        raise NotFeasible(
            "kind",
            f"A learning curve needs more than {FEWEST_LABELS} labels in the training pool, and "
            f"there are {labels}.",
        )
