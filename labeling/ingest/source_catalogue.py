"""Make a catalogue of cluster candidates from a field's mosaics: detect, measure, select.

The columns are those that `import_catalogue` reads: id, x, y (FITS pixels: the first is 1), ra, dec
(ICRS degrees), mag_FILTER (Vega, corrected for the aperture), err_FILTER, ci; and snr, the signal
to noise of the peak. What could not be measured is masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from astropy.table import MaskedColumn, Table

from classifier.core.atomic_files import atomic_path
from classifier.core.bands import BANDS, reference_band
from labeling.imaging.celestial import pixel_to_icrs
from labeling.imaging.detection import ShiftedImage, Sources, detect
from labeling.imaging.mosaics import UnusableImage
from labeling.imaging.photometry import APERTURE_PX, electrons_per_unit
from labeling.imaging.source_photometry import (
    CalibratedImage,
    Correction,
    Numbers,
    Photometry,
    corrected,
    measure_corrections,
    measure_photometry,
)
from labeling.ingest.errors import BadInput
from labeling.ingest.progress import Progress, no_progress
from labeling.models import Mosaic
from labeling.number_texts import count_text
from labeling.rules.selection import (
    Cuts,
    Selection,
    StellarLocus,
    TooFewStars,
    select,
    stellar_locus,
)

WHITE = "white"
"""Detection on the sum of all bands, each in units of its noise."""

N_SIGMA = 5.0
"""Threshold of the detection over the local noise."""

_EXTENDED_CI = 1.2
"""Index above which a source is extended where no threshold is measured: stars of WFC3 and ACS
have 1.0 to 1.2."""

NO_CUTS = Cuts()

FORMATS: Mapping[str, str] = {".ecsv": "ascii.ecsv", ".csv": "ascii.csv", ".fits": "fits"}
"""Formats of the catalogue by the ending of its name."""


@dataclass(frozen=True)
class SourceOptions:
    """How sources are detected, measured and selected."""

    band: str | None = WHITE
    """Band of the detection, or WHITE; None is the reference band."""
    n_sigma: float = N_SIGMA
    aperture_px: float = APERTURE_PX
    correction_mag: float | None = None
    """Aperture correction of all bands; None measures one for each."""
    cuts: Cuts = NO_CUTS
    measure_min_ci: bool = False
    """True if the threshold of the concentration index is that of the field's stars."""
    luminosity: Literal["required", "if possible"] = "required"
    """Whether the cut in M_V may be left out where distance or zero point is unknown."""


@dataclass(frozen=True)
class SourceCatalogue:
    """The table of the selected sources, all measurements, and what each cut did."""

    table: Table
    sources: Sources
    photometry: Photometry
    selection: Selection
    cuts: Cuts
    report: dict[str, Any]

    def write(self, path: Path) -> None:
        """Write the table. Raises BadInput for an unknown ending, OSError."""
        check_format(path)
        with atomic_path(path) as part:
            self.table.write(part, format=FORMATS[path.suffix], overwrite=True)

    def sentences(self) -> list[str]:
        """Return what was detected, and what each cut removed."""
        report = self.report
        lines = [
            f"{count_text(report['sources'], 'source')} on {', '.join(report['detected_on'])}."
        ]
        if stars := report["stars"]:
            lines.append(
                f"Stars: concentration index {stars['peak']:.3f} ± {stars['sigma']:.3f} mag "
                f"({count_text(stars['stars'], 'star')})."
            )
        for cut in report["cuts"]:
            lines.append(f"{cut['removed']} removed, {cut['left']} left: {cut['text']}.")
        for band, value in report["aperture_corrections"].items():
            if value["sources"]:
                lines.append(
                    f"Aperture correction in {band}: {value['mag']:.3f} ± {value['error']:.3f} mag "
                    f"({count_text(value['sources'], 'cluster')})."
                )
        return [*lines, *report["notes"]]


def check_format(path: Path) -> None:
    """Raise BadInput if a catalogue of this name cannot be written."""
    if path.suffix not in FORMATS:
        raise BadInput(f"{path}: the ending must be .ecsv, .csv or .fits.")


def make_catalogue(
    mosaics: Mapping[str, Mosaic], options: SourceOptions, progress: Progress = no_progress
) -> SourceCatalogue:
    """Detect sources on the mosaics of a field, measure them in all bands, and select candidates.

    Raises BadInput, naming the mosaic, or the cut that cannot be made.
    """
    reference = mosaics[reference_band(mosaics)]
    images, notes = _calibrated(mosaics, reference)
    cuts = _possible_cuts(images, options, notes)
    detection = _detection_images(images, options.band)
    progress(0, 3, f"detecting sources on {_names(detection)}")
    sources = detect(
        [ShiftedImage(i.image, round(i.dx), round(i.dy)) for i in detection.values()],
        (reference.height, reference.width),
        options.n_sigma,
    )
    progress(1, 3, f"measuring {count_text(len(sources), 'source')}")
    photometry = measure_photometry(images, sources, options.aperture_px)
    locus = None
    if options.measure_min_ci:
        locus = _locus(photometry)
        cuts = replace(cuts, min_ci=round(locus.threshold, 3))
    progress(2, 3, "measuring the aperture correction")
    corrections = _corrections(images, sources, photometry, cuts, options, notes)
    photometry = corrected(photometry, corrections)
    magnitude_v = photometry.magnitudes.get("V")
    selection = select(cuts, photometry.ci, photometry.errors, magnitude_v)
    progress(3, 3, "the catalogue is made")
    table = _table(images, sources, photometry, reference)[selection.selected]
    report: dict[str, Any] = {
        "detected_on": list(detection),
        "sources": len(sources),
        "selected": len(table),
        "cuts": selection.counts(),
        "min_ci": cuts.min_ci,
        "stars": vars(locus) if locus else None,
        "aperture_corrections": {band: vars(value) for band, value in corrections.items()},
        "notes": notes,
    }
    table["id"] = np.arange(1, len(table) + 1)
    table.meta["selection"] = [row["text"] for row in report["cuts"]]
    return SourceCatalogue(table, sources, photometry, selection, cuts, report)


def _detection_images(
    images: Mapping[str, CalibratedImage], band: str | None
) -> Mapping[str, CalibratedImage]:
    """Return the images on which sources are detected. Raises BadInput."""
    if band == WHITE:
        return images
    chosen = band or reference_band(images)
    if chosen not in images:
        raise BadInput(f"--band {chosen}: there is no mosaic in band {chosen}.")
    return {chosen: images[chosen]}


def _names(images: Mapping[str, CalibratedImage]) -> str:
    return ", ".join(image.filter for image in images.values())


def _calibrated(
    mosaics: Mapping[str, Mosaic], reference: Mosaic
) -> tuple[dict[str, CalibratedImage], list[str]]:
    """Return the images in the order of the bands, and sentences about what is unknown."""
    images, notes = {}, []
    for band in [band for band in BANDS if band in mosaics]:
        mosaic = mosaics[band]
        zero_point = mosaic.zero_point_vega
        gain = electrons_per_unit(mosaic)
        try:
            image = mosaic.read().map_pixels()
        except UnusableImage as error:
            raise BadInput(str(error)) from None
        shift = mosaic.shift_from(reference)
        images[band] = CalibratedImage(mosaic.filter, image, *shift, zero_point, gain)
        if zero_point is None:
            notes.append(
                f"{mosaic.filter} has no Vega zero point: its magnitudes are left out; "
                f"give it to import_field with --zero-point {band}=MAG:Vega."
            )
        if gain is None:
            notes.append(
                f"{mosaic.filter}: the electrons for each unit of the image "
                f"({mosaic.unit or 'no unit'}) are unknown; its errors are those of the sky alone."
            )
    return images, notes


def _possible_cuts(
    images: Mapping[str, CalibratedImage], options: SourceOptions, notes: list[str]
) -> Cuts:
    """Return the cuts, without that in M_V where it may be left out. Raises BadInput."""
    cuts = options.cuts
    if cuts.max_error_mag is not None and cuts.min_bands > len(images):
        raise BadInput(
            f"A candidate must be detected in {count_text(cuts.min_bands, 'band')}, and there are "
            f"mosaics of {len(images)}: give --min-detected {len(images)}."
        )
    if cuts.faintest_m_v is None:
        return cuts
    if "V" not in images:
        reason = "the field has no mosaic in V"
    elif images["V"].zero_point is None:
        reason = "V has no Vega zero point: give it to import_field with --zero-point V=MAG:Vega"
    elif cuts.distance_mpc is None:
        reason = "the distance is unknown: give it to import_field with --distance MPC"
    else:
        return cuts
    if options.luminosity == "required":
        raise BadInput(f"A cut in M_V cannot be made: {reason}.")
    notes.append(f"No cut in M_V was made: {reason}.")
    return replace(cuts, faintest_m_v=None)


def _locus(photometry: Photometry) -> StellarLocus:
    """Return the locus of the field's stars. Raises BadInput."""
    try:
        return stellar_locus(photometry.ci_of_stars)
    except TooFewStars as error:
        raise BadInput(
            f"{error}: give the threshold with --min-ci MAG, or --min-ci none."
        ) from None


def _corrections(
    images: Mapping[str, CalibratedImage],
    sources: Sources,
    photometry: Photometry,
    cuts: Cuts,
    options: SourceOptions,
    notes: list[str],
) -> dict[str, Correction]:
    """Return the aperture corrections by band, as given or as measured."""
    if options.correction_mag is not None:
        return {band: Correction(options.correction_mag, 0.0, 0) for band in images}
    least_ci = cuts.min_ci if cuts.min_ci is not None else _EXTENDED_CI
    corrections = measure_corrections(images, sources, photometry, least_ci, options.aperture_px)
    unmeasured = [images[band].filter for band, value in corrections.items() if not value.sources]
    if unmeasured:
        notes.append(
            f"There are too few bright isolated clusters to measure the aperture correction in "
            f"{', '.join(unmeasured)}: its magnitudes are those in {options.aperture_px:g} px; "
            "--aperture-correction MAG gives one."
        )
    return corrections


def _table(
    images: Mapping[str, CalibratedImage],
    sources: Sources,
    photometry: Photometry,
    reference: Mosaic,
) -> Table:
    """Return the measurements of all sources as a table."""
    table = Table({"id": np.arange(1, len(sources) + 1)})
    table["x"], table["y"] = np.round(sources.x + 1, 3), np.round(sources.y + 1, 3)
    if reference.wcs is not None:
        ra, dec = pixel_to_icrs(reference.wcs, sources.x, sources.y)
        table["ra"], table["dec"] = np.round(ra, 8), np.round(dec, 8)
    for band, image in images.items():
        if image.zero_point is not None:
            table[f"mag_{image.filter}"] = _masked(photometry.magnitudes[band], 4)
            table[f"err_{image.filter}"] = _masked(photometry.errors[band], 4)
    table["ci"] = _masked(photometry.ci, 3)
    table["snr"] = np.round(sources.snr, 1)
    return table


def _masked(values: Numbers, digits: int) -> MaskedColumn:
    return MaskedColumn(np.round(values, digits), mask=~np.isfinite(values))
