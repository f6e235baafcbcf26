"""The training set: an export like any other, whose sha256 is the run's fingerprint.

CSV with the columns `candidate, field, catalogue_id, pack, row, split, label`: one row for each
candidate that has stamps. `label` is empty where the label source has none; such a candidate is
only predicted. `split` is `train` or `control`. `n_class1` to `n_class4` are the live votes for
each class, and empty where the labels are not the consensus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.utils import timezone

from classifier.core import training_set
from classifier.core.csv_files import csv_lines
from labeling.db.consistent_read import one_moment
from labeling.export.rows import Row, catalogue_rows
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.reference_label import ReferenceLabel
from labeling.models.vote import Vote
from labeling.training.label_basis import consensus_basis, expert_basis, reference_basis
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.snapshot import CONTROL, TRAIN, Basis, TrainingSnapshot, check_classes

VOTE_COUNTS = ("n_class1", "n_class2", "n_class3", "n_class4")
COLUMNS = (*training_set.COLUMNS, *VOTE_COUNTS)


def label_sources() -> list[LabelSource]:
    """Return every label source: the consensus, published catalogues, each expert."""
    references = ReferenceLabel.objects.order_by("source").values_list("source", flat=True)
    votes = Vote.objects.live().for_classes().filter(voter=OuterRef("pk"))
    experts = User.objects.filter(Exists(votes)).order_by("username")
    return [
        CONSENSUS,
        *map(LabelSource, references.distinct()),
        *(LabelSource.of_expert(user.username) for user in experts),
    ]


def training_rows(fields: Iterable[Field], source: LabelSource) -> Iterator[Row]:
    """Yield a row for every candidate with stamps, with its label from the source."""
    candidates = Candidate.objects.in_play().filter(field__in=list(fields))
    labels = {} if source.is_consensus else candidates.labels(source)
    no_counts = {} if source.is_consensus else dict.fromkeys(VOTE_COUNTS)
    for row in catalogue_rows(candidates):
        consensus = row["class_consensus"]
        yield {
            **row,
            **no_counts,
            "row": row["pack_row"],
            "split": CONTROL if row["control_sample"] else TRAIN,
            "label": consensus if source.is_consensus else labels.get(row["candidate"]),
        }


def take_snapshot(fields: Iterable[Field], source: LabelSource) -> TrainingSnapshot:
    """Return the labels of a source as they are now; raises TooFewClasses."""
    fields, at = list(fields), timezone.now()
    with one_moment():
        rows = list(training_rows(fields, source))
        basis = _basis(fields, source, rows)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        count = counts.setdefault((row["field"], row["split"]), Counter())
        if row["label"] is not None:
            count[str(row["label"])] += 1
    content = "".join(csv_lines(COLUMNS, rows)).encode()
    snapshot = TrainingSnapshot(content, counts, basis, at)
    check_classes(snapshot.labels(TRAIN), source)
    return snapshot


def _basis(fields: list[Field], source: LabelSource, rows: Iterable[Row]) -> Basis:
    """Return what the labels in the rows are based on."""
    if source.is_consensus:
        return consensus_basis(fields)
    if source.expert is not None:
        return expert_basis(fields, source.expert)
    labelled = [(row["candidate"], row["label"]) for row in rows if row["label"] is not None]
    return reference_basis(source.text, labelled)
