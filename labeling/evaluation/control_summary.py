"""Counts of control labels, and the limits that they set to an accuracy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Self

from classifier.core.statistics import Proportion
from labeling.agreement.label_accuracy import LabelAccuracy, label_accuracy
from labeling.evaluation.control_labels import ControlLabels


@dataclass(frozen=True)
class ControlSummary:
    """Counts of the control candidates that a run has predictions for, and limits of accuracy."""

    labelled: int
    unsettled: int
    """Candidates with all votes needed and no class."""
    waiting: int
    """Candidates that lack votes."""
    catalogue_only: int
    """Unsettled or waiting candidates that have a class in the catalogue."""
    bounds: tuple[float, float] | None
    """Accuracy if the run were wrong, or right, on all unsettled ones; None without an accuracy."""
    ceiling: LabelAccuracy | None
    """Expected accuracy of a network that is always right; None for too few votes."""

    @classmethod
    def of(cls, control: ControlLabels, predicted: Collection[int], accuracy: Proportion) -> Self:
        """Return the summary for the accuracy on those of these candidates that have a label.

        The ceiling is that of all control labels, predicted or not.
        """
        chosen = control.among(predicted)
        unsettled = len(chosen.unsettled)
        right, total = accuracy.right, accuracy.of + unsettled
        return cls(
            labelled=len(chosen.labels),
            unsettled=unsettled,
            waiting=len(chosen.waiting),
            catalogue_only=len(chosen.catalogue_only),
            bounds=(right / total, (right + unsettled) / total) if accuracy.of else None,
            ceiling=label_accuracy(control.votes, control.labels),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)
