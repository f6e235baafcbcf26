"""Experiments by kind: how many trainings each is, and what it cannot do without.

What an arm is, `classifier.experiments` knows; the numbers here are its numbers.
"""

from __future__ import annotations

from django.db import models

from classifier.core.bands import BANDS

FEWEST_LABELS = 50
"""Labels in the first arm of a learning curve; each arm has twice those of the one before."""


class NotFeasible(Exception):
    """An experiment cannot be done as it was asked for; `about` is the input at fault."""

    def __init__(self, about: str, why: str) -> None:
        super().__init__(why)
        self.about = about


class Kind(models.TextChoices):
    """What differs from arm to arm."""

    CROP_SIZE = "crop-size", "crop sizes"
    FILTERS = "filters"
    FIELDS = "fields"
    LABELS = "labels", "number of labels"
    ARCHITECTURE = "architecture", "architectures"
    SOURCES = "sources", "label sources"


def number_of_arms(kind: str, *, fields: int, labels: int, sources: int) -> int:
    """Number of arms, given what there is to compare; raises NotFeasible where that is too little.

    `labels` are those in the training pool, `fields` those with any.
    """
    if kind == Kind.SOURCES:
        return _several(sources)
    if sources != 1:
        raise NotFeasible(
            "label_sources",
            "Only an experiment with label sources takes several of them; name one.",
        )
    if kind == Kind.FIELDS and fields < 2:
        raise NotFeasible(
            "fields", "Leaving each field out in turn needs at least two fields with labels."
        )
    if kind == Kind.LABELS and labels <= FEWEST_LABELS:
        raise NotFeasible(
            "kind",
            f"A learning curve needs more than {FEWEST_LABELS} labels in the training pool, and "
            f"there are {labels}.",
        )
    return {
        Kind.CROP_SIZE: 4,
        Kind.FILTERS: 1 + len(BANDS),
        Kind.FIELDS: fields,
        Kind.LABELS: _doublings(labels),
        Kind.ARCHITECTURE: 4,
    }[Kind(kind)]


def _several(sources: int) -> int:
    if sources < 2:
        raise NotFeasible("label_sources", "Comparing label sources needs two of them or more.")
    return sources


def _doublings(labels: int) -> int:
    """Arms of a learning curve: 50, 100, 200, … labels and all of them."""
    count, number = 1, FEWEST_LABELS
    while number < labels:
        count, number = count + 1, number * 2
    return count
