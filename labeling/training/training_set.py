"""The training set: an export like any other, whose sha256 is the run's fingerprint.

One row for each candidate with stamps, in the format of `classifier.core.training_set`; the vote
counts are empty where the labels are not the consensus. Rows of the control sample have the labels,
and the votes, by which networks are measured (`labeling.evaluation.control_labels`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.utils import timezone

from classifier.core.classes import VOTE_COLUMNS
from classifier.core.training_set import CONTROL, TRAIN, encode_training_set
from labeling.db.consistent_read import one_moment
from labeling.evaluation.control_labels import control_labels
from labeling.export.rows import Row, catalogue_rows
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.reference_label import ReferenceLabel
from labeling.models.vote import Vote
from labeling.training.label_basis import consensus_basis, expert_basis, reference_basis
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.snapshot import Basis, TrainingSnapshot, check_label_counts

_NO_VOTES = (0,) * len(VOTE_COLUMNS)


def all_label_sources() -> list[LabelSource]:
    """Return every label source: the consensus, published catalogues, each expert."""
    references = ReferenceLabel.objects.order_by("source").values_list("source", flat=True)
    votes = Vote.objects.live().for_classes().filter(voter=OuterRef("pk"))
    experts = User.objects.filter(Exists(votes)).order_by("username")
    return [
        CONSENSUS,
        *map(LabelSource, references.distinct()),
        *(LabelSource.of_expert(user.username) for user in experts),
    ]


def _training_rows(fields: Iterable[Field], source: LabelSource) -> Iterator[Row]:
    """Yield a row for every candidate with stamps, with its label from the source."""
    fields = list(fields)
    candidates = Candidate.objects.in_play().filter(field__in=fields)
    control = control_labels(fields, source)
    labels = {} if source.is_consensus else candidates.labels(source)
    guard = set(candidates.filter(guard=True).values_list("pk", flat=True))
    for row in catalogue_rows(candidates):
        candidate = row["candidate"]
        split = CONTROL if row["control_sample"] else TRAIN
        row |= {"row": row["pack_row"], "split": split}
        if split == CONTROL:
            votes = zip(VOTE_COLUMNS, control.votes.get(candidate, _NO_VOTES), strict=True)
            row |= {"label": control.labels.get(candidate), **dict(votes)}
        else:
            label = row["class_consensus"] if source.is_consensus else labels.get(candidate)
            row["label"] = None if candidate in guard else label
        yield row if source.is_consensus else row | dict.fromkeys(VOTE_COLUMNS)


def encode_labels(fields: Iterable[Field], source: LabelSource) -> bytes:
    """Return the training set of a label source as it is now, with any number of labels."""
    with one_moment():
        return encode_training_set(_training_rows(fields, source))


def take_snapshot(fields: Iterable[Field], source: LabelSource) -> TrainingSnapshot:
    """Return the labels of a source as they are now; raises TooFewClasses."""
    fields, at = list(fields), timezone.now()
    with one_moment():
        rows = list(_training_rows(fields, source))
        basis = _basis(fields, source, rows)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        count = counts.setdefault((row["field"], row["split"]), Counter())
        if row["label"] is not None:
            count[str(row["label"])] += 1
    snapshot = TrainingSnapshot(encode_training_set(rows), counts, basis, at)
    check_label_counts(snapshot.labels(TRAIN), source)
    return snapshot


def _basis(fields: list[Field], source: LabelSource, rows: Iterable[Row]) -> Basis:
    """Return what the labels in the rows are based on."""
    if source.is_consensus:
        return consensus_basis(fields)
    if source.expert is not None:
        return expert_basis(fields, source.expert)
    labelled = [(row["candidate"], row["label"]) for row in rows if row["label"] is not None]
    return reference_basis(source.text, labelled)
