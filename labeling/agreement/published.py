"""How well people agreed elsewhere: the figures to put beside our own.

Source: Wei et al. 2020, MNRAS 493, 3178 (arXiv:1909.02024), section 2.1. Shares of the objects
that one inspection puts in a class and the other puts there too.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "Wei et al. 2020, section 2.1"

RANGES = {1: (0.70, 0.80), 2: (0.40, 0.50), 3: (0.40, 0.50), 4: (0.60, 0.70)}
"""Usual agreement between two inspections in LEGUS, by class."""

COMPACT_RANGE = (0.67, 0.88)
"""For the classes 1+2: no range is published, only the two pairs below."""


@dataclass(frozen=True)
class PublishedPair:
    """Two inspections of one field: the share per class, None where none is published."""

    what: str
    per_class: tuple[float | None, ...]
    compact: float
    """Of the objects in class 1 or 2, those that the other inspection puts in 1 or 2."""


SAME_EXPERT = PublishedPair("NGC 3351, one expert, years apart", (0.80, 0.53, 0.56, None), 0.88)
PAIRS = (
    SAME_EXPERT,
    PublishedPair("NGC 4656, one expert and the mode of three", (0.66, 0.37, 0.40, 0.61), 0.67),
)
