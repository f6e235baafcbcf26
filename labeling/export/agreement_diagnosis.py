"""Dawid and Skene's model of the votes as rows, next to the consensus; never a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.db.models import Exists, OuterRef

from classifier.core.classes import CLASSES
from labeling.agreement.dawid_skene import Diagnosis
from labeling.export.rows import Row, in_catalogue_order
from labeling.files.json_values import nonfinite_to_none
from labeling.models import Candidate, Vote

_POSTERIORS = tuple(f"posterior_class{label}" for label in CLASSES)
POSTERIOR_COLUMNS = ("field", "catalogue_id", "class_consensus", "class_model", *_POSTERIORS)
"""`class_model` is the class that the model prefers."""

_SHARES = tuple(f"given_class{label}" for label in CLASSES)
MATRIX_COLUMNS = ("expert", "class_model", "prior", *_SHARES)
"""Shares of the candidates of `class_model`, by the model, that the expert puts in each class;
`prior` is the model's share of that class. Shares are empty where the expert has no candidates."""


def posterior_rows(diagnosis: Diagnosis | None, consensus: Mapping[int, int]) -> Iterator[Row]:
    """Yield the candidates with class votes in catalogue order, with their probabilities."""
    if diagnosis is None:
        return
    voted = Candidate.objects.filter(Exists(Vote.objects.live().filter(candidate=OuterRef("pk"))))
    rows = in_catalogue_order(voted).values_list("pk", "field__name", "catalogue_id")
    for pk, field, catalogue_id in rows.iterator():
        if pk in diagnosis.posteriors:
            preferred, _ = diagnosis.most_probable(pk)
            yield {
                "field": field,
                "catalogue_id": catalogue_id,
                "class_consensus": consensus.get(pk),
                "class_model": preferred,
                **dict(zip(_POSTERIORS, diagnosis.posteriors[pk], strict=True)),
            }


def matrix_rows(diagnosis: Diagnosis | None) -> Iterator[Row]:
    """Yield four rows for each expert: their confusion matrix against the model's classes."""
    if diagnosis is None:
        return
    for expert, matrix in diagnosis.matrices.items():
        for label, prior, shares in zip(CLASSES, diagnosis.priors, matrix, strict=True):
            row: Row = {"expert": expert, "class_model": label, "prior": prior}
            yield nonfinite_to_none(row | dict(zip(_SHARES, shares, strict=True)))
