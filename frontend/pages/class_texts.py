"""Definitions of the classes and of the reasons for class 4.

Definitions: Wei et al. 2020, MNRAS 493, 3178, section 2; after Adamo et al. 2017 (LEGUS).
"""

from dataclasses import dataclass

from classifier.core.classes import MorphologicalClass
from labeling.classes import Reason

EXAMPLES = 3


@dataclass(frozen=True)
class ClassText:
    """One class: definition in one line and in full, and what to do in doubt."""

    label: MorphologicalClass
    short: str
    definition: str
    doubt: str

    @property
    def number(self) -> int:
        """Number of the class."""
        return self.label.value

    @property
    def name(self) -> str:
        """Name of the class in a word or two."""
        return self.label.short.capitalize()

    @property
    def examples(self) -> list[str]:
        """Static files with simulated examples, in colour."""
        return [f"frontend/examples/class-{self.number}-{i}.png" for i in range(1, EXAMPLES + 1)]


CLASS_TEXTS = (
    ClassText(
        MorphologicalClass.SYMMETRIC,
        "one central peak, round, wider than a star",
        "A compact, symmetric source with a single central peak, whose radial profile is more "
        "extended than that of a point source.",
        "If as narrow as the stars of the field: 4. If elongated or lopsided: 2.",
    ),
    ClassText(
        MorphologicalClass.ASYMMETRIC,
        "one central peak, elongated or lopsided",
        "A compact source with a single central peak that is asymmetric or not circular, for "
        "example elongated.",
        "If there is a second peak: 3. If two separate stars: 4.",
    ),
    ClassText(
        MorphologicalClass.ASSOCIATION,
        "several peaks, often on diffuse light",
        "A compact association: asymmetric, with multiple peaks, sometimes on a diffuse source.",
        "If unrelated stars in a crowded region, without diffuse light: 4.",
    ),
    ClassText(
        MorphologicalClass.NOT_CLUSTER,
        "star, pair, background galaxy, artefact",
        "Not a cluster: an image artefact, a background galaxy, a pair or several stars in a "
        "crowded region, or a star.",
        "Give the reason if you can: star, pair, galaxy, spike, artefact.",
    ),
)

REASONS = (
    (Reason.STAR, "as narrow as the field's point sources, often with an Airy ring"),
    (Reason.PAIR, "two or several stars side by side, without diffuse light"),
    (Reason.GALAXY, "a background galaxy: red, smooth, or with its own disc or arms"),
    (Reason.SPIKE, "a diffraction spike or ghost of a bright star nearby"),
    (Reason.ARTEFACT, "cosmic ray, hot pixel, chip edge: in one filter, sharper than a star"),
    (Reason.OTHER, "anything else; a comment helps"),
)
