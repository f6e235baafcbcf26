"""The training set: an export like any other, whose sha256 is the run's fingerprint.

CSV with the columns `candidate, field, catalogue_id, pack, row, split, label`: one row for each
candidate that has stamps; `label` is empty where there is none, and such a candidate is only
predicted. `split` is `train` or `control`. The live votes for each class follow, `n_class1` to
`n_class4`; they are empty where the labels are not the consensus.

Labels come from one source: `votes` is the consensus of our experts, `expert:NAME` are the live
class votes of one of them, and any other name is a source of reference labels.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from classifier.core.atomic_files import write_atomically
from classifier.core.csv_files import csv_lines
from labeling.classes import MorphologicalClass
from labeling.db.consistent_read import one_moment
from labeling.export.rows import Row, catalogue_rows
from labeling.models.candidate import Candidate, CandidateQuerySet
from labeling.models.field import Field
from labeling.models.job import JobConflict
from labeling.models.reference_label import ReferenceLabel
from labeling.models.vote import Vote, VoteQuerySet
from labeling.training.label_basis import Basis, consensus_basis, expert_basis, reference_basis

COUNTS = ("n_class1", "n_class2", "n_class3", "n_class4")
COLUMNS = ("candidate", "field", "catalogue_id", "pack", "row", "split", "label", *COUNTS)
CONTROL = "control"
"""The split that no network is trained on."""
TRAIN = "train"
"""The other one."""
VOTES = "votes"
"""The label source that means the consensus of our own experts."""
EXPERT = "expert:"
"""Before an expert's name: the label source that is this person's own votes."""

Counts = dict[str, dict[str, int]]


class NotTrainable(JobConflict):
    """The labels do not suffice for training; the text says what to do."""


@dataclass(frozen=True)
class TrainingSet:
    """What a network sees: the file, and how often each field has each class in each split."""

    content: bytes
    counts: dict[tuple[str, str], Counter[str]]
    """Labels of each class, by field and split."""
    basis: Basis
    """Which votes and rulings, or which references, they stand on."""
    at: datetime
    """No vote before this moment is missing."""

    @cached_property
    def sha256(self) -> str:
        """The file's fingerprint."""
        return sha256(self.content).hexdigest()

    @property
    def labelled_fields(self) -> list[str]:
        """Names of the fields that have labels in it, in the pool or in the control sample."""
        return sorted({field for (field, _), count in self.counts.items() if count})

    @property
    def label_counts(self) -> Counts:
        """Labels of each class, by split."""
        return {split: dict(sorted(self.labels(split).items())) for split in (TRAIN, CONTROL)}

    def labels(self, split: str, without: str = "") -> Counter[str]:
        """Labels of each class in a split, of all fields but one."""
        chosen = [n for (field, of), n in self.counts.items() if of == split and field != without]
        return sum(chosen, Counter())

    def write(self, path: Path) -> None:
        """Keep the file; what was there before stays whole until all of this one is."""
        write_atomically(path, self.content)


def label_sources() -> list[str]:
    """Every label source that there is: the consensus, published catalogues, each expert."""
    references = ReferenceLabel.objects.order_by("source").values_list("source", flat=True)
    voters = get_user_model().objects.filter(Exists(_class_votes().filter(voter=OuterRef("pk"))))
    experts = [f"{EXPERT}{user.get_username()}" for user in voters.order_by("username")]
    return [VOTES, *references.distinct(), *experts]


def labels_of(label_source: str, fields: Iterable[Field]) -> dict[int, int]:
    """Candidates' labels by a source."""
    if label_source == VOTES:
        return _settled(Candidate.objects.in_play().filter(field__in=list(fields)))
    return dict(_given(label_source, fields).values_list("candidate", "label"))


def _given(label_source: str, fields: Iterable[Field]) -> QuerySet[Any]:
    """An expert's votes, or a catalogue's references, in fields."""
    there: Any = {"candidate__field__in": list(fields)}
    if label_source.startswith(EXPERT):
        expert = label_source.removeprefix(EXPERT)
        return _class_votes().filter(voter__username=expert, **there).order_by()
    return ReferenceLabel.objects.of(label_source).filter(**there)


def pool_labels(fields: Iterable[Field]) -> dict[int, int]:
    """Labels that the consensus gives the training pool of fields, by candidate."""
    return _settled(Candidate.objects.in_play().filter(field__in=list(fields), control=False))


def _settled(candidates: CandidateQuerySet) -> dict[int, int]:
    """The consensus of those of the candidates that have one, in their order."""
    labels = candidates.labelled().order_by("pk").values_list("pk", "consensus__label")
    return {pk: label for pk, label in labels if label is not None}


def labels_to_train_on(label_source: str, fields: Iterable[Field]) -> int:
    """Number of labels that a source has in the training pool of fields."""
    return _labelled(label_source, fields).filter(control=False).count()


def fields_with_labels(label_source: str, fields: Iterable[Field]) -> int:
    """Number of fields in which a source has labels, in the pool or in the control sample."""
    return _labelled(label_source, fields).order_by().values("field").distinct().count()


def _labelled(label_source: str, fields: Iterable[Field]) -> CandidateQuerySet:
    """Candidates with stamps of the fields to which a source gives a label."""
    fields = list(fields)
    there = Candidate.objects.in_play().filter(field__in=fields)
    if label_source == VOTES:
        return there.labelled()
    return there.filter(pk__in=_given(label_source, fields).values("candidate"))


def training_rows(fields: Iterable[Field], label_source: str) -> Iterator[Row]:
    """Every candidate with stamps, with its label from the source."""
    fields = list(fields)
    voted = label_source == VOTES
    labels = {} if voted else labels_of(label_source, fields)
    for row in catalogue_rows(Candidate.objects.in_play().filter(field__in=fields)):
        yield {
            **row,
            **({} if voted else dict.fromkeys(COUNTS)),
            "row": row["pack_row"],
            "split": CONTROL if row["control_sample"] else TRAIN,
            "label": row["class_consensus"] if voted else labels.get(row["candidate"]),
        }


def training_set(fields: Iterable[Field], label_source: str) -> TrainingSet:
    """The labels of a source as they are now; raises NotTrainable."""
    fields, at = list(fields), timezone.now()
    with one_moment():
        rows = list(training_rows(fields, label_source))
        basis = _basis(fields, label_source, rows)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        count = counts.setdefault((row["field"], row["split"]), Counter())
        if row["label"] is not None:
            count[str(row["label"])] += 1
    frozen = TrainingSet("".join(csv_lines(COLUMNS, rows)).encode(), counts, basis, at)
    check_classes(frozen.labels(TRAIN), label_source)
    return frozen


def _basis(fields: list[Field], label_source: str, rows: Iterable[Row]) -> Basis:
    """What the labels in the rows stand on."""
    if label_source == VOTES:
        return consensus_basis(fields)
    if label_source.startswith(EXPERT):
        return expert_basis(fields, label_source.removeprefix(EXPERT))
    labelled = [(row["candidate"], row["label"]) for row in rows if row["label"] is not None]
    return reference_basis(label_source, labelled)


def frozen_labels(path: Path, split: str = TRAIN) -> dict[int, int]:
    """Labels of a split in a training set's file, by candidate."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            int(row["candidate"]): int(row["label"])
            for row in csv.DictReader(file)
            if row["split"] == split and row["label"]
        }


def control_labels(path: Path) -> dict[int, int]:
    """Labels of the control sample in a training set's file, by candidate."""
    return frozen_labels(path, CONTROL)


def check_classes(count: Counter[str], label_source: str, where: str = "there") -> None:
    """Raises NotTrainable unless at least two classes are labelled in the training pool."""
    if len(count) >= 2:
        return
    have = f"only class {next(iter(count))}" if count else "no class"
    raise NotTrainable(
        f"Training needs labels of at least two classes in the training pool, and "
        f"{_whose(label_source)} gives {have} {where}: settle more candidates, or train on a "
        f"reference label."
    )


def _class_votes() -> VoteQuerySet:
    """Votes that count and say a class."""
    return Vote.objects.live().filter(label__in=MorphologicalClass.values)


def _whose(label_source: str) -> str:
    if label_source == VOTES:
        return "the consensus of the votes"
    return f"“{label_source}”"
