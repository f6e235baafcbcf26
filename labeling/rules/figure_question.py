"""The question that a figure of a run answers: how it does on which candidates."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import TextChoices


class FieldSplit(TextChoices):
    """Division of a field's candidates into control sample and training pool."""

    RANDOM = "random", "random candidates"
    CELLS = "cells", "sky cells with a guard"


class FigureQuestion(TextChoices):
    """The question that an accuracy on a field's control sample answers."""

    REST_OF_FIELD = "rest of the field", "the rest of this field"
    NEW_SKY_OF_FIELD = "new sky of the field", "new sky of this field"
    NEW_SKY = "new sky", "new sky"
    UNKNOWN = "unknown", "not known"

    @classmethod
    def of(cls, field: str, split: str, trained_fields: Collection[str] | None) -> FigureQuestion:
        """Return the question of figures on a field's control sample.

        `trained_fields` are the names of the fields with training labels; None: not known.
        """
        if trained_fields is None:
            return cls.UNKNOWN
        if field not in trained_fields:
            return cls.NEW_SKY
        return cls.NEW_SKY_OF_FIELD if split == FieldSplit.CELLS else cls.REST_OF_FIELD

    @property
    def sentence(self) -> str:
        """The question in one sentence."""
        return _SENTENCES[self]


_SENTENCES = {
    FigureQuestion.REST_OF_FIELD: "How well does it classify the rest of this field? The control "
    "candidates are a random part of the field that it was trained on, and share its sky.",
    FigureQuestion.NEW_SKY_OF_FIELD: "How well does it classify new sky of this field? The control "
    "candidates are in sky cells of their own, a stamp's width from every training candidate. "
    "Candidates of one cell are alike, so the intervals can be too narrow, by up to a quarter.",
    FigureQuestion.NEW_SKY: "How well does it classify new sky? No candidate of this field was "
    "trained on; fields that overlap it may have been.",
    FigureQuestion.UNKNOWN: "Which candidates an imported network was trained on is not known "
    "here; the control candidates may be among them.",
}


def questions_of(
    fields: Iterable[tuple[str, str]], trained_fields: Collection[str] | None
) -> dict[FigureQuestion, list[str]]:
    """Return the questions of figures over several fields, each with the names of its fields.

    `fields` are pairs of name and split.
    """
    names: dict[FigureQuestion, list[str]] = {}
    for name, split in fields:
        names.setdefault(FigureQuestion.of(name, split, trained_fields), []).append(name)
    return names
