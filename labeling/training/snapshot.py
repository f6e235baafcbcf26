"""Snapshots of labels: a training set as it was at a moment in time, which a run keeps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from classifier.core.atomic_files import write_atomically
from classifier.core.training_set import CONTROL, TRAIN
from labeling.rules.conflicts import TooFewClasses
from labeling.training.label_source import LabelSource

Basis = dict[str, dict[str, Any]]
"""What labels are based on: counts, digests and latest times of votes, rulings or references."""
LabelCounts = dict[str, dict[str, int]]
"""Labels of each class, by split."""


@dataclass(frozen=True)
class TrainingSnapshot:
    """The training set of a label source: the file that a network sees, and its counts."""

    content: bytes
    counts: dict[tuple[str, str], Counter[str]]
    """Labels of each class, by field and split."""
    basis: Basis
    at: datetime
    """Time of the snapshot; no earlier vote is missing."""

    @cached_property
    def sha256(self) -> str:
        """The file's digest."""
        return sha256(self.content).hexdigest()

    @property
    def measured_fields(self) -> list[str]:
        """Names of the fields with labels in the control sample."""
        return sorted(f for (f, split), count in self.counts.items() if count and split == CONTROL)

    @property
    def trained_fields(self) -> list[str]:
        """Names of the fields with labels in the training pool."""
        counts = self.counts.items()
        return sorted({field for (field, split), count in counts if split == TRAIN and count})

    @property
    def label_counts(self) -> LabelCounts:
        """Labels of each class, by split."""
        return {split: dict(sorted(self.labels(split).items())) for split in (TRAIN, CONTROL)}

    def labels(self, split: str, without: str = "") -> Counter[str]:
        """Return the number of labels of each class in a split, of all fields but one."""
        chosen = [n for (field, of), n in self.counts.items() if of == split and field != without]
        return sum(chosen, Counter())

    def write(self, path: Path) -> None:
        """Write the file atomically."""
        write_atomically(path, self.content)


def check_label_counts(counts: Counter[str], source: LabelSource, where: str = "there") -> None:
    """Raise TooFewClasses unless at least two classes are labelled in the training pool."""
    if len(counts) >= 2:
        return
    classes = f"only class {next(iter(counts))}" if counts else "no class"
    raise TooFewClasses(
        f"Training needs labels of at least two classes in the training pool, and {source.owner} "
        f"gives {classes} {where}: settle more candidates, or train on a reference label."
    )
