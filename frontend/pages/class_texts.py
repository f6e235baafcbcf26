"""The classes in words, for the classify page and the guide.

Definitions: Wei et al. 2020, MNRAS 493, 3178, section 2; after Adamo et al. 2017 (LEGUS).
"""

from dataclasses import dataclass

from labeling.classes import MorphologicalClass, Reason

EXAMPLES = 3


@dataclass(frozen=True)
class ClassWords:
    """One class: its number, its name, what decides in one line, and at length."""

    number: int
    name: str
    short: str
    definition: str
    doubt: str

    @property
    def examples(self) -> list[str]:
        """Static files with simulated examples, in colour."""
        return [f"frontend/examples/class-{self.number}-{i}.png" for i in range(1, EXAMPLES + 1)]


CLASSES = (
    ClassWords(
        MorphologicalClass.SYMMETRIC,
        "Symmetric",
        "one central peak, round, wider than a star",
        "A compact, symmetric source with a single central peak, whose radial profile is more "
        "extended than that of a point source.",
        "As sharp as the stars of the field: 4. Drawn out or lopsided: 2.",
    ),
    ClassWords(
        MorphologicalClass.ASYMMETRIC,
        "Asymmetric",
        "one central peak, elongated or lopsided",
        "A compact source with a single central peak that is asymmetric or not circular, for "
        "example elongated.",
        "A second peak inside: 3. Two separate stars: 4.",
    ),
    ClassWords(
        MorphologicalClass.ASSOCIATION,
        "Association",
        "several peaks, often on diffuse light",
        "A compact association: asymmetric, with multiple peaks, sometimes on a diffuse source.",
        "Unrelated stars in a crowded region, without common light: 4.",
    ),
    ClassWords(
        MorphologicalClass.NOT_CLUSTER,
        "Not a cluster",
        "star, pair, background galaxy, artefact",
        "Not a cluster: an image artefact, a background galaxy, a pair or several stars in a "
        "crowded region, or a star.",
        "Say why, if you can: star, pair, galaxy, spike, artefact.",
    ),
)

REASONS = (
    (Reason.STAR, "as narrow as the field's point sources, often with an Airy ring"),
    (Reason.PAIR, "two or several stars side by side, without common light"),
    (Reason.GALAXY, "a background galaxy: red, smooth, or with a disc or arms of its own"),
    (Reason.SPIKE, "a diffraction spike or ghost of a bright star nearby"),
    (Reason.ARTEFACT, "cosmic ray, hot pixel, chip edge: in one filter, sharper than a star"),
    (Reason.OTHER, "anything else; a comment helps"),
)
