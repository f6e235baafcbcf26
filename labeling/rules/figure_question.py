"""The question that a figure of a run answers: how it does on which candidates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from django.db.models import TextChoices


class FieldSplit(TextChoices):
    """Division of a field's candidates into control sample and training pool."""

    RANDOM = "random", "random candidates"
    CELLS = "cells", "sky cells with a guard"


@dataclass(frozen=True)
class TrainingOverlap:
    """Number of measured control candidates that share sky with training labels of a run."""

    near: int
    """Those whose square overlaps that of a candidate with a training label."""
    unknown: int
    """Others, if positions are missing by which that could be told."""
    of: int
    """All measured candidates."""
    width_px: int
    """Side of the square that the network sees in prediction."""

    def __add__(self, other: TrainingOverlap) -> TrainingOverlap:
        """Return the numbers of both."""
        return replace(
            self,
            near=self.near + other.near,
            unknown=self.unknown + other.unknown,
            of=self.of + other.of,
        )

    def to_dict(self) -> dict[str, int]:
        """Return JSON values."""
        return asdict(self)


class FigureQuestion(TextChoices):
    """The question that an accuracy on a field's control sample answers."""

    REST_OF_FIELD = "rest of the field", "the rest of this field"
    NEW_SKY_OF_FIELD = "new sky of the field", "new sky of this field"
    NEW_SKY = "new sky", "new sky"
    PARTLY_NEW_SKY = "partly new sky", "sky that is new in part"
    OTHER_FIELD = "another field", "another field, whose overlap with the training is not known"
    UNKNOWN = "unknown", "not known"

    @classmethod
    def of(
        cls,
        field: str,
        split: str,
        trained_fields: Collection[str] | None,
        overlap: TrainingOverlap | None = None,
    ) -> FigureQuestion:
        """Return the question of figures on a field's control sample.

        `trained_fields` are the names of the fields with training labels, None if they are not
        known; `overlap` is None where it was not measured.
        """
        if trained_fields is None:
            return cls.UNKNOWN
        is_trained = field in trained_fields
        if is_trained and split != FieldSplit.CELLS:
            return cls.REST_OF_FIELD
        if overlap and overlap.near:
            return cls.PARTLY_NEW_SKY
        if is_trained:
            return cls.NEW_SKY_OF_FIELD
        is_measured = overlap is not None and overlap.of and not overlap.unknown
        return cls.NEW_SKY if is_measured else cls.OTHER_FIELD


@dataclass(frozen=True)
class FigureScope:
    """The question of figures on the control samples of some fields."""

    question: FigureQuestion
    fields: tuple[str, ...]
    overlap: TrainingOverlap | None = None

    @classmethod
    def of(
        cls,
        field: str,
        split: str,
        trained_fields: Collection[str] | None,
        overlap: Mapping[str, Any] | None,
    ) -> Self:
        """Return the question of one field, given the JSON values of a `TrainingOverlap`."""
        measured = TrainingOverlap(**overlap) if overlap else None
        question = FigureQuestion.of(field, split, trained_fields, measured)
        return cls(question, (field,), measured)

    @property
    def label(self) -> str:
        """The candidates that the figures are about, in few words."""
        if self.question == FigureQuestion.PARTLY_NEW_SKY and self.overlap:
            return (
                f"new sky, except that {self.overlap.near} of {self.overlap.of} candidates share "
                "sky with training labels"
            )
        return str(self.question.label)

    @property
    def sentence(self) -> str:
        """The question in one sentence, and what is to be known of the candidates."""
        sentence = _SENTENCES[self.question]
        if self.overlap is None:
            return sentence
        if self.question == FigureQuestion.PARTLY_NEW_SKY:
            sentence += f" Their squares of {self.overlap.width_px} px overlap."
        if self.overlap.unknown and self.question in _BY_OVERLAP:
            sentence += f" Positions are missing for {self.overlap.unknown} of {self.overlap.of}."
        return sentence

    @property
    def is_elsewhere(self) -> bool:
        """True if no training label comes from the fields themselves, or not only."""
        return self.question in _BY_OVERLAP


_BY_OVERLAP = {FigureQuestion.NEW_SKY, FigureQuestion.PARTLY_NEW_SKY, FigureQuestion.OTHER_FIELD}

_SENTENCES = {
    FigureQuestion.REST_OF_FIELD: "How well does it classify the rest of this field? The control "
    "candidates are a random part of the field that it was trained on, and share its sky.",
    FigureQuestion.NEW_SKY_OF_FIELD: "How well does it classify new sky of this field? The control "
    "candidates are in sky cells of their own, a stamp's width from every training candidate. "
    "Candidates of one cell are alike, so the intervals can be too narrow, by up to a quarter.",
    FigureQuestion.NEW_SKY: "How well does it classify new sky? No candidate of this field was "
    "trained on, and no control candidate shares sky with a training label of another field.",
    FigureQuestion.PARTLY_NEW_SKY: "How well does it classify new sky? Not all of it is new: some "
    "control candidates share sky with candidates of fields that it was trained on.",
    FigureQuestion.OTHER_FIELD: "How well does it classify another field? No candidate of this "
    "field was trained on; whether the sky of its control candidates is new is not known.",
    FigureQuestion.UNKNOWN: "Which candidates an imported network was trained on is not known "
    "here; the control candidates may be among them.",
}


def scopes_of(scopes: Iterable[FigureScope]) -> list[FigureScope]:
    """Return the questions of figures over several fields: one for each, with its fields."""
    merged: dict[FigureQuestion, FigureScope] = {}
    for scope in scopes:
        first = merged.get(scope.question)
        if first is None:
            merged[scope.question] = scope
            continue
        overlap = first.overlap + scope.overlap if first.overlap and scope.overlap else None
        merged[scope.question] = FigureScope(
            scope.question, (*first.fields, *scope.fields), overlap
        )
    return list(merged.values())
