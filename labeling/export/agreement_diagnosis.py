"""Dawid and Skene's model of the votes, as rows: an opinion beside the consensus, never a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.db.models import Exists, OuterRef

from classifier.core.classes import CLASSES
from labeling.agreement.dawid_skene import Diagnosis
from labeling.export.rows import Row, in_catalogue_order
from labeling.models import Candidate, Vote

_POSTERIORS = tuple(f"posterior_class{label}" for label in CLASSES)
POSTERIOR_COLUMNS = ("field", "catalogue_id", "class_consensus", "class_model", *_POSTERIORS)
"""`class_model` is the class that the model prefers."""

_GIVEN = tuple(f"given_class{label}" for label in CLASSES)
MATRIX_COLUMNS = ("expert", "class_model", "prior", *_GIVEN)
"""Of the candidates that the model takes for `class_model`, the shares to which the expert gives
each class; `prior` is how frequent the model takes the class to be."""


def posterior_rows(found: Diagnosis | None, consensus: Mapping[int, int]) -> Iterator[Row]:
    """Yield the class votes' candidates in catalogue order, each with its probabilities."""
    if found is None:
        return
    voted = Candidate.objects.filter(Exists(Vote.objects.live().filter(candidate=OuterRef("pk"))))
    known = in_catalogue_order(voted).values_list("pk", "field__name", "catalogue_id")
    for pk, field, catalogue_id in known.iterator():
        if pk in found.posteriors:
            preferred, _ = found.most_probable(pk)
            yield {
                "field": field,
                "catalogue_id": catalogue_id,
                "class_consensus": consensus.get(pk),
                "class_model": preferred,
                **dict(zip(_POSTERIORS, found.posteriors[pk], strict=True)),
            }


def matrix_rows(found: Diagnosis | None) -> Iterator[Row]:
    """Yield four rows for each expert: their confusion matrix against the model's classes."""
    if found is None:
        return
    for expert, matrix in found.matrices.items():
        for label, prior, given in zip(CLASSES, found.priors, matrix, strict=True):
            row: Row = {"expert": expert, "class_model": label, "prior": prior}
            yield row | dict(zip(_GIVEN, given, strict=True))
