"""The schema of the consensus catalogue: one for all fields and all formats."""

from dataclasses import dataclass

from classifier.core.bands import BANDS
from classifier.core.classes import CALIBRATED_COLUMNS, CLASSES, MorphologicalClass


@dataclass(frozen=True)
class Column:
    """One column: its name, the type of its values, unit, and meaning."""

    name: str
    kind: type
    description: str
    unit: str = ""


def _photometry() -> tuple[Column, ...]:
    """Magnitude and error of each band."""
    return tuple(
        column
        for band in BANDS
        for column in (
            Column(f"mag_{band.lower()}", float, f"{band} magnitude as catalogued", "mag"),
            Column(f"mag_err_{band.lower()}", float, f"error of the {band} magnitude", "mag"),
        )
    )


_CLASSES = ", ".join(f"{label} {label.short}" for label in MorphologicalClass)

COLUMNS = (
    Column("field", str, "field, as in Asterism"),
    Column("catalogue_id", str, "id in the survey's catalogue"),
    Column("ra_deg", float, "right ascension, ICRS", "deg"),
    Column("dec_deg", float, "declination, ICRS", "deg"),
    Column("x_pix", float, "x on the field's frame; the first pixel is 1 (FITS)", "pix"),
    Column("y_pix", float, "y on the field's frame; the first pixel is 1 (FITS)", "pix"),
    Column("class_consensus", int, _CLASSES),
    Column("class_mean", float, "mean of the class votes"),
    Column("consensus_status", str, "insufficient, agreed, majority, tie or adjudicated"),
    Column("n_votes", int, "answers that count, unsure included"),
    *(Column(f"n_class{label}", int, f"votes for class {label}") for label in CLASSES),
    Column("n_unsure", int, "answers 'unsure'"),
    Column("agreement", float, "share of the class votes that name the most frequent class"),
    Column("vote_entropy_nats", float, "Shannon entropy of the class votes, 0 to ln 4"),
    Column(
        "provenance",
        int,
        "0 network only, 1 network verified by one person, 2 one person, 3 several people, "
        "4 several people after the network's opinion was visible",
    ),
    Column("class_network", int, "most probable class by the promoted run"),
    *(
        Column(f"p_class{label}", float, f"probability of class {label}, mean of the ensemble")
        for label in CLASSES
    ),
    Column("entropy_nats", float, "Shannon entropy of the mean probabilities, 0 to ln 4"),
    Column("ensemble_agreement", float, "share of the members that name class_network"),
    Column("run", int, "number of the promoted run"),
    *_photometry(),
    Column("ci", float, "concentration index: magnitude within 1 px minus within 3 px", "mag"),
    Column("bands_observed", str, "bands whose mosaic covers the candidate"),
    Column("control_sample", int, "1 if it measures networks and never trains them"),
    Column("set_aside", str, "why it was not put to the vote"),
    Column("n_imported", int, "answers of n_votes that were cast elsewhere and imported"),
    *(
        Column(
            name,
            float,
            f"probability of class {label} after calibration by a temperature fitted in the fields "
            "that the run was trained on, and not measured in a field that it was only "
            "applied to; empty if the control labels give none, and for imported networks",
        )
        for label, name in zip(CLASSES, CALIBRATED_COLUMNS, strict=True)
    ),
    Column(
        "calibration_labels",
        int,
        "control labels of the run's fields that the temperature was fitted to",
    ),
)
