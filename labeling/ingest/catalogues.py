"""Import a catalogue into a field: candidates, reference labels and one stamp pack, or nothing.

Positions x, y are in px of the field's reference frame; the centre of the first pixel is 0. RA and
Dec are ICRS degrees, magnitudes Vega; NaN where a value is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.wcs import WCS
from django.contrib.auth.models import User
from numpy.typing import NDArray

from classifier.core.bands import BANDS, reference_band
from classifier.core.pack_locations import Location
from labeling.imaging.celestial import icrs_to_pixel, pixel_to_icrs
from labeling.imaging.grids import Grid, grid_shift
from labeling.imaging.mosaics import UnusableImage
from labeling.imaging.stamps import Positions
from labeling.ingest.candidate_rows import Sources
from labeling.ingest.catalogue_plan import CataloguePlan, WriteStamps, check_ids_are_new
from labeling.ingest.catalogue_report import catalogue_report
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import read_mosaics
from labeling.ingest.pack_claims import remove_abandoned_imports
from labeling.ingest.positions import compare_positions, measure_rounding
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.same_sources import SameSources
from labeling.ingest.stamping import BandImage, stamp_all
from labeling.ingest.table_files import sha256_of
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import Catalogue, read_catalogue
from labeling.models import CatalogueImport, Field, Mosaic
from labeling.number_texts import count_text
from labeling.rules.band_rule import BandRule
from labeling.training.label_source import LabelSource


@dataclass(frozen=True)
class CatalogueOptions:
    """Options for a catalogue file; the same file with other options is another import."""

    origin: int | None = None
    """Number of the first pixel in x and y; None: by the description of the columns, or 1."""
    table: TableOptions = dataclass_field(default_factory=TableOptions)
    allow_outside: bool = False
    lossless: bool = False
    """Whether stamps are stored exactly; not part of the fingerprint, for the rows are the same."""
    force: bool = False
    """Import although the positions look wrong; recorded with the import."""
    min_observed: int | None = None
    """Changes the field's band rule; None leaves it."""
    min_detected: int | None = None

    def fingerprint(self, path: Path) -> str:
        """SHA-256 of the file's bytes and of the options by which it is read."""
        digest = sha256_of(path)
        options = [1 if self.origin is None else self.origin, *self.table.fingerprint_parts()]
        digest.update(json.dumps([*options, self.allow_outside], sort_keys=True).encode())
        return str(digest.hexdigest())

    def origin_of(self, catalogue: Catalogue) -> int:
        """Return the number of the first pixel in x and y of a catalogue."""
        origins = (self.origin, catalogue.origin, 1)
        return next(origin for origin in origins if origin is not None)

    def band_rule(self, field: Field) -> BandRule:
        """The field's band rule with the changes of these options."""
        changes = {"min_observed": self.min_observed, "min_detected": self.min_detected}
        return replace(field.band_rule, **{k: v for k, v in changes.items() if v is not None})


def import_catalogue(
    field: Field,
    path: Path,
    options: CatalogueOptions,
    progress: Progress = no_progress,
    *,
    imported_by: User | None = None,
) -> tuple[CatalogueImport, bool]:
    """Import the file into the field; return the import and whether it is new.

    The same file with the same options gives the existing import. Raises BadInput, naming file,
    row and reason; nothing has changed then.
    """
    remove_abandoned_imports()
    if existing := existing_import(field, path, options):
        return existing, False
    plan = plan_catalogue(field, path, options, progress)
    return plan.write(progress, imported_by=imported_by), True


def existing_import(field: Field, path: Path, options: CatalogueOptions) -> CatalogueImport | None:
    """Return the finished import of the same file with the same options, or None."""
    return _import_of(field, options.fingerprint(path))


def _import_of(field: Field, fingerprint: str) -> CatalogueImport | None:
    """Return the field's finished import with this fingerprint, or None."""
    if field.pk is None:
        return None
    imports = field.imports.finished().filter(fingerprint=fingerprint)
    existing: CatalogueImport | None = imports.first()
    return existing


def plan_catalogue(
    field: Field,
    path: Path,
    options: CatalogueOptions,
    progress: Progress = no_progress,
    *,
    mosaics: Iterable[Mosaic] | None = None,
) -> CataloguePlan:
    """Read and check the file for this field; write nothing.

    `mosaics` are those of a field that is not stored yet. Raises BadInput, naming file, row and
    reason.
    """
    progress(0, 3, "reading the catalogue")
    catalogue = read_catalogue(path, options.table, progress)
    for name in catalogue.references:
        if not LabelSource(name).is_reference:
            raise BadInput(f"{path}: a reference label may not be called {name!r}.")
    progress(1, 3, "reading the mosaics")
    images = _read_images(field, field.mosaics.all() if mosaics is None else mosaics)
    catalogue.notes.extend(catalogue.bands_without_mosaic(images.keys()))
    progress(2, 3, "checking positions and bands")
    rule = options.band_rule(field)
    sources, offset = _sources(field, catalogue, images, options, rule)
    report = catalogue_report(catalogue, sources, rule) | offset
    check_rule_can_be_met(catalogue, report, rule)
    fingerprint = options.fingerprint(path)
    existing = _import_of(field, fingerprint)
    if existing is None:
        check_ids_are_new(field, catalogue)
    progress(3, 3, "the catalogue is checked")
    return CataloguePlan(
        field=field,
        catalogue=catalogue,
        sources=sources,
        write_stamps=_stamp_writer(field, images, sources, lossless=options.lossless),
        fingerprint=fingerprint,
        origin=options.origin_of(catalogue),
        band_rule=rule,
        report=report,
        forced=options.force,
        existing=existing,
    )


def _sources(
    field: Field,
    catalogue: Catalogue,
    images: Mapping[str, BandImage],
    options: CatalogueOptions,
    rule: BandRule,
) -> tuple[Sources, dict[str, float]]:
    """Return what the mosaics say of each row, and how far positions and WCS differ."""
    reference = images[reference_band(images)]
    x, y = _pixel_positions(catalogue, reference, options.origin_of(catalogue))
    offset = _check_positions(catalogue, reference, x, y, options)
    ra, dec = _sky_positions(catalogue, reference.wcs, x, y)
    outside = _outside(catalogue.path, reference, x, y, allowed=options.allow_outside)
    observed = _observed(images, x, y) & ~outside[:, None]
    with_stamp = np.flatnonzero(observed.any(axis=1))
    pack_row = np.full(len(catalogue), -1)
    pack_row[with_stamp] = np.arange(len(with_stamp))
    reason, reasons = reasons_to_set_aside(catalogue, observed, outside, rule)
    same = SameSources.find(field, catalogue.ids, (x, y), (ra, dec))
    catalogue.notes.extend(same.notes)
    padded = reference.is_padded(x, y)
    sources = Sources(x, y, ra, dec, observed, padded, pack_row, reason, reasons, same)
    return sources, offset


def _stamp_writer(
    field: Field, images: Mapping[str, BandImage], sources: Sources, *, lossless: bool
) -> WriteStamps:
    """Return what writes the stamps of all rows that have some."""
    rows = np.flatnonzero(sources.pack_row >= 0)

    def write(pack: Location, progress: Progress) -> None:
        stamp_all(
            pack,
            field,
            images,
            sources.x[rows],
            sources.y[rows],
            sources.observed[rows],
            lossless=lossless,
            progress=progress,
        )

    return write


def _read_images(field: Field, rows: Iterable[Mosaic]) -> dict[str, BandImage]:
    """Read the field's mosaics, each with its shift relative to the reference frame."""
    files = read_mosaics(field, rows)
    reference = files[reference_band(files)]
    try:
        return {
            band: BandImage(file.map_pixels(), file.wcs, *grid_shift(file.grid, reference.grid))
            for band, file in files.items()
        }
    except UnusableImage as error:
        raise BadInput(f"{error} It belongs to field {field}.") from None


def _outside(
    path: Path, reference: BandImage, x: Positions, y: Positions, *, allowed: bool
) -> NDArray[np.bool_]:
    """Return True for each row beyond the reference frame; raises BadInput unless allowed."""
    outside = ~reference.contains(x, y)
    if outside.any() and not allowed:
        rows = np.flatnonzero(outside) + 1
        row_text = ", ".join(str(row) for row in rows[:5]) + (" …" if len(rows) > 5 else "")
        height, width = reference.image.shape
        raise BadInput(
            f"{path}, row {row_text}: {len(rows)} of {count_text(len(x), 'row lies', 'rows lie')} "
            f"outside the image ({width} x {height} px); is this the right field, and the right "
            "--origin? --allow-outside sets such rows aside."
        )
    return outside


def _observed(images: Mapping[str, BandImage], x: Positions, y: Positions) -> NDArray[np.bool_]:
    """Return True for each candidate and band whose mosaic covers it, (candidate, band)."""
    missing = np.zeros(len(x), dtype=bool)
    return np.column_stack(
        [images[band].is_observed(x, y) if band in images else missing for band in BANDS]
    )


def _pixel_positions(
    catalogue: Catalogue, reference: BandImage, origin: int
) -> tuple[Positions, Positions]:
    """Return x, y on the reference frame, by its WCS if the catalogue has only RA and Dec."""
    if catalogue.has_pixels:
        return catalogue.x - origin, catalogue.y - origin
    if reference.wcs is None:
        raise BadInput(
            f"{catalogue.path}: has RA and Dec only, and the field's mosaics have no WCS; "
            "give the columns of x and y."
        )
    rounding = measure_rounding(_grid(reference, reference.wcs), catalogue.ra, catalogue.dec)
    text = f"x and y come from RA and Dec by the WCS of the reference mosaic. {rounding.note}"
    catalogue.notes.append(text.rstrip())
    return icrs_to_pixel(reference.wcs, catalogue.ra, catalogue.dec)


def _check_positions(
    catalogue: Catalogue,
    reference: BandImage,
    x: Positions,
    y: Positions,
    options: CatalogueOptions,
) -> dict[str, float]:
    """Compare x, y with RA, Dec if the catalogue has both; return the median offset.

    Raises BadInput if they disagree, unless the user insists.
    """
    if not catalogue.has_pixels or reference.wcs is None:
        return {}
    check = compare_positions(_grid(reference, reference.wcs), x, y, catalogue.ra, catalogue.dec)
    if check is None:
        return {}
    if problem := check.problem(options.origin_of(catalogue)):
        if not options.force:
            raise BadInput(f"{catalogue.path}: {problem}. --force imports it all the same.")
        catalogue.notes.append(f"Imported with --force although {problem}.")
    else:
        catalogue.notes.append(check.note())
    offset = check.offset_px
    return {"wcs_offset_px": round(offset, 3)} if np.isfinite(offset) else {}


def _grid(image: BandImage, wcs: WCS) -> Grid:
    height, width = image.image.shape
    return Grid(wcs, (height, width))


def _sky_positions(
    catalogue: Catalogue, wcs: WCS | None, x: Positions, y: Positions
) -> tuple[Positions, Positions]:
    """Return RA and Dec of the catalogue, by the reference frame's WCS in rows without them."""
    missing = ~(np.isfinite(catalogue.ra) & np.isfinite(catalogue.dec))
    if wcs is None or not missing.any():
        return catalogue.ra, catalogue.dec
    ra, dec = catalogue.ra.copy(), catalogue.dec.copy()
    ra[missing], dec[missing] = pixel_to_icrs(wcs, x[missing], y[missing])
    n = int(missing.sum())
    if n < len(catalogue):
        catalogue.notes.append(
            f"{n} of {count_text(len(catalogue), 'row has', 'rows have')} no RA and Dec; these are "
            "computed from x and y by the WCS of the reference mosaic."
        )
    return ra, dec


def reasons_to_set_aside(
    catalogue: Catalogue, observed: NDArray[np.bool_], outside: NDArray[np.bool_], rule: BandRule
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of each row's reason to be set aside, and the reasons by number.

    The reason of rows that are put to the vote is empty.
    """
    n_magnitudes = len(catalogue.magnitudes)
    n_detected = np.zeros(len(catalogue), dtype=np.int64)
    for magnitudes in catalogue.magnitudes.values():
        n_detected += np.isfinite(magnitudes)
    shape = (2, len(BANDS) + 1, len(BANDS) + 1)
    cases = np.ravel_multi_index((outside.astype(int), observed.sum(axis=1), n_detected), shape)
    occurring = np.flatnonzero(np.bincount(cases))
    reasons = [
        "outside the image" if is_outside else rule.reason_to_set_aside(n_observed, n, n_magnitudes)
        for is_outside, n_observed, n in zip(*np.unravel_index(occurring, shape), strict=True)
    ]
    unique = sorted(set(reasons))
    numbers = np.zeros(cases.max() + 1, dtype=np.int64)
    numbers[occurring] = [unique.index(text) for text in reasons]
    return numbers[cases], unique


def check_rule_can_be_met(catalogue: Catalogue, report: dict[str, Any], rule: BandRule) -> None:
    """Raise BadInput if the field or the catalogue has too few bands for any row to be used.

    A catalogue whose sources are detected in too few bands is imported, and set aside.
    """
    path, n_magnitudes = catalogue.path, len(catalogue.magnitudes)
    observed, detected = (
        max(map(int, report["band_rule"][f"by_bands_{kind}"]), default=len(BANDS))
        for kind in ("observed", "detected")
    )
    has_bands = observed >= rule.min_observed
    has_magnitudes = not n_magnitudes or n_magnitudes >= rule.min_detected
    if report["candidates"] or (has_bands and has_magnitudes):
        return
    if not observed:
        raise BadInput(f"{path}: no row lies where the mosaics were exposed; is this its field?")
    options = [
        f"{option} {number}"
        for option, number, least in (
            ("--min-observed", observed, rule.min_observed),
            ("--min-detected", detected, rule.min_detected),
        )
        if number < least
    ]
    reasons = "; ".join(f"{n} {reason}" for reason, n in report["set_aside"].items())
    hint = f"give {' '.join(options)}" if options else "lower --min-observed and --min-detected"
    raise BadInput(
        f"{path}: no row would be put to the vote ({reasons}). To use candidates in fewer bands, "
        f"{hint}."
    )
