"""The training set: an export like any other, whose sha256 is the run's fingerprint.

CSV with the columns `candidate, field, catalogue_id, pack, row, split, label`: one row for each
candidate that has stamps; `label` is empty where there is none, and such a candidate is only
predicted. `split` is `train` or `control`. The live votes for each class follow, `n_class1` to
`n_class4`; they are empty where the labels are not ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from labeling.export.files import csv_lines
from labeling.export.rows import Row, catalogue_rows
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.reference_label import ReferenceLabel

COUNTS = ("n_class1", "n_class2", "n_class3", "n_class4")
COLUMNS = ("candidate", "field", "catalogue_id", "pack", "row", "split", "label", *COUNTS)
VOTES = "votes"
"""The label source that means the consensus of our own experts."""


class NotTrainable(Exception):
    """The labels do not suffice for training; the text says what to do."""


@dataclass(frozen=True)
class TrainingSet:
    """What was frozen: the file's sha256, and the number of labels by split and class."""

    sha256: str
    label_counts: dict[str, dict[str, int]]


def training_rows(fields: Iterable[Field], label_source: str) -> Iterator[Row]:
    """Every candidate with stamps, with its label from the votes or from a reference."""
    references = dict(
        ReferenceLabel.objects.of(label_source)
        .filter(candidate__field__in=list(fields))
        .values_list("candidate", "label")
    )
    for row in catalogue_rows(Candidate.objects.in_play().filter(field__in=list(fields))):
        voted = label_source == VOTES
        yield {
            **row,
            **({} if voted else dict.fromkeys(COUNTS)),
            "row": row["pack_row"],
            "split": "control" if row["control_sample"] else "train",
            "label": row["class_consensus"] if voted else references.get(row["candidate"]),
        }


def write_training_set(path: Path, fields: Iterable[Field], label_source: str) -> TrainingSet:
    """Write the training set to `path`; raises NotTrainable before anything is written."""
    rows = list(training_rows(fields, label_source))
    counts: dict[str, Counter[str]] = {"train": Counter(), "control": Counter()}
    for row in rows:
        if row["label"] is not None:
            counts[row["split"]][str(row["label"])] += 1
    _check(counts["train"], label_source)
    text = "".join(csv_lines(COLUMNS, rows)).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return TrainingSet(
        sha256(text).hexdigest(),
        {split: dict(sorted(count.items())) for split, count in counts.items()},
    )


def _check(count: Counter[str], label_source: str) -> None:
    """Two classes at least must be labelled outside the control sample."""
    if len(count) >= 2:
        return
    what = "the consensus of the votes" if label_source == VOTES else f"“{label_source}”"
    have = f"only class {next(iter(count))}" if count else "no class"
    raise NotTrainable(
        f"Training needs labels of at least two classes in the training pool, and {what} gives "
        f"{have} there: settle more candidates, or train on a reference label."
    )
