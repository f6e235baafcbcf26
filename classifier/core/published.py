"""Published agreement between people who classify the same objects.

Source: Wei et al. 2020, MNRAS 493, 3178 (arXiv:1909.02024), section 2.1. Shares of the objects
that one inspection puts in a class and the other puts there too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SOURCE = "Wei et al. 2020, section 2.1"

CLASS_AGREEMENT: Mapping[int, tuple[float, float]] = MappingProxyType(
    {1: (0.70, 0.80), 2: (0.40, 0.50), 3: (0.40, 0.50), 4: (0.60, 0.70)}
)
"""Lowest and highest agreement between two inspections in LEGUS, by class."""

COMPACT_AGREEMENT = (0.67, 0.88)
"""The same for the classes 1 and 2 taken as one; no range is published, only the two pairs."""


@dataclass(frozen=True)
class PublishedPair:
    """Two inspections of one field."""

    name: str
    per_class: tuple[float | None, ...]
    """Share per class; None where none is published."""
    compact: float
    """Of the objects in class 1 or 2, those that the other inspection puts in 1 or 2."""


SAME_EXPERT = PublishedPair("NGC 3351, one expert, years apart", (0.80, 0.53, 0.56, None), 0.88)
PAIRS = (
    SAME_EXPERT,
    PublishedPair("NGC 4656, one expert and the mode of three", (0.66, 0.37, 0.40, 0.61), 0.67),
)
