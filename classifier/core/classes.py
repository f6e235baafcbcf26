"""The morphological classes of star-cluster candidates, as LEGUS and PHANGS-HST number them.

Source: Wei et al. 2020, MNRAS 493, 3178 (arXiv:1909.02024), section 2; Adamo et al. 2017.
"""

from enum import IntEnum
from typing import Self


class MorphologicalClass(IntEnum):
    """The class of a candidate, by its shape."""

    short: str
    text: str

    SYMMETRIC = 1, "symmetric", "symmetric compact cluster"
    ASYMMETRIC = 2, "asymmetric", "asymmetric compact cluster"
    ASSOCIATION = 3, "association", "compact association"
    NOT_CLUSTER = 4, "not a cluster", "not a cluster"

    def __new__(cls, number: int, short: str = "", text: str = "") -> Self:
        """Make a class of its number, its name in a word or two, and its name in full."""
        member = int.__new__(cls, number)
        member._value_, member.short, member.text = number, short, text
        return member


CLASSES = tuple(label.value for label in MorphologicalClass)
"""The numbers 1 to 4: the order of every class axis."""

COMPACT = (MorphologicalClass.SYMMETRIC.value, MorphologicalClass.ASYMMETRIC.value)
"""The compact clusters, where only two classes are told apart; the others are not."""

VOTE_COLUMNS = tuple(f"n_class{label}" for label in CLASSES)
"""Names of the numbers of votes for each class, in tables and in the database."""

PROBABILITY_COLUMNS = tuple(f"p_class{label}" for label in CLASSES)
"""Names of the probabilities of each class, in tables and in the database."""

CALIBRATED_COLUMNS = tuple(f"{name}_calibrated" for name in PROBABILITY_COLUMNS)
"""Names of the calibrated probabilities of each class in tables."""
