"""Import a catalogue into a field: candidates, reference labels and one stamp pack, or nothing.

Positions x, y are in px of the field's reference frame; the centre of the first pixel is 0. RA and
Dec are degrees, magnitudes Vega; NaN where a value is missing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.wcs import WCS
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from classifier.core.bands import BANDS, reference_band
from classifier.core.classes import MorphologicalClass
from labeling.imaging.grids import grid_shift
from labeling.imaging.mosaics import UnusableImage
from labeling.imaging.stamps import Positions
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import read_mosaics
from labeling.ingest.pack_claims import claimed_pack, remove_abandoned_packs
from labeling.ingest.stamping import BandImage, stamp_all
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import Catalogue, read_catalogue, sha256_of
from labeling.models import Candidate, CatalogueImport, Field, ReferenceLabel
from labeling.training.label_source import LabelSource

MIN_FILTERS = 4
"""Candidates observed in fewer filters are set aside (Wei et al. 2020, section 2)."""


@dataclass(frozen=True)
class CatalogueOptions:
    """Options for a catalogue file; the same file with other options is another import."""

    origin: int = 1
    table: TableOptions = dataclass_field(default_factory=TableOptions)
    allow_outside: bool = False
    lossless: bool = False
    """Whether stamps are stored exactly; not part of the fingerprint, for the rows are the same."""

    def fingerprint(self, path: Path) -> str:
        """SHA-256 of the file's bytes and of these options."""
        digest = sha256_of(path)
        options = [self.origin, *self.table.fingerprint_parts()]
        digest.update(json.dumps([*options, self.allow_outside], sort_keys=True).encode())
        return str(digest.hexdigest())


def import_catalogue(
    field: Field, path: Path, options: CatalogueOptions
) -> tuple[CatalogueImport, bool]:
    """Import the file into the field; return the import and whether it is new.

    The same file with the same options gives the existing import. Raises BadInput, naming file,
    row and reason; nothing has changed then.
    """
    remove_abandoned_packs()
    fingerprint = options.fingerprint(path)
    if existing := field.imports.filter(fingerprint=fingerprint).first():
        return existing, False
    catalogue = read_catalogue(path, options.table)
    for name in catalogue.references:
        if not LabelSource(name).is_reference:
            raise BadInput(f"{path}: a reference label may not be called {name!r}.")
    images = _read_images(field)
    reference = images[reference_band(images)]
    x, y = catalogue.x - options.origin, catalogue.y - options.origin
    outside = _outside(path, reference, x, y, allowed=options.allow_outside)
    observed = _observed(images, x, y)
    reasons = _reasons_to_set_aside(catalogue, observed, outside)
    _check_ids_are_new(field, catalogue)
    rows = np.flatnonzero([not reason for reason in reasons])
    with claimed_pack() as pack:
        stamp_all(
            settings.PACKS / pack,
            field,
            images,
            x[rows],
            y[rows],
            observed[rows],
            lossless=options.lossless,
        )
        sky = _sky_positions(catalogue, reference.wcs, x, y)
        candidates = _unsaved_candidates(field, catalogue, (x, y, *sky), observed, reasons)
        for candidate, padded in zip(candidates, reference.is_padded(x, y), strict=True):
            candidate.at_edge = bool(padded)
        for pack_row, row in enumerate(rows):
            candidates[row].pack_row = pack_row
        record = CatalogueImport(
            field=field,
            file_name=path.name,
            fingerprint=fingerprint,
            origin=options.origin,
            rows=len(candidates),
            report=_import_report(catalogue, reasons, reference.wcs, (x, y)),
            pack=pack,
        )
        _save_catalogue(record, candidates, catalogue)
    return record, True


def _read_images(field: Field) -> dict[str, BandImage]:
    """Read the field's mosaics, each with its shift relative to the reference frame."""
    files = read_mosaics(field)
    reference = files[reference_band(files)]
    try:
        return {
            band: BandImage(
                file.map_pixels(settings.HOME), file.wcs, *grid_shift(file.grid, reference.grid)
            )
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
            f"{path}, row {row_text}: {len(rows)} of {len(x)} rows lie outside the image "
            f"({width} x {height} px); is this the right field, and the right --origin? "
            "--allow-outside sets such rows aside."
        )
    return outside


def _observed(images: Mapping[str, BandImage], x: Positions, y: Positions) -> NDArray[np.bool_]:
    """Return True for each candidate and band whose mosaic covers it, (candidate, band)."""
    missing = np.zeros(len(x), dtype=bool)
    return np.column_stack(
        [images[band].is_observed(x, y) if band in images else missing for band in BANDS]
    )


def _sky_positions(
    catalogue: Catalogue, wcs: WCS | None, x: Positions, y: Positions
) -> tuple[Positions, Positions]:
    """Return RA and Dec of the catalogue, or by the reference frame's WCS if any is missing."""
    if wcs is None or np.isfinite(catalogue.ra).all():
        return catalogue.ra, catalogue.dec
    return tuple(wcs.all_pix2world(x, y, 0))


def _reasons_to_set_aside(
    catalogue: Catalogue, observed: NDArray[np.bool_], outside: NDArray[np.bool_]
) -> list[str]:
    """Return why each row is set aside; an empty text for those that are used."""
    n_observed = observed.sum(axis=1)
    n_magnitudes = len(catalogue.magnitudes)
    n_detected = np.zeros(len(catalogue), dtype=int)
    for magnitudes in catalogue.magnitudes.values():
        n_detected += ~np.isnan(magnitudes)
    reasons = []
    for row in range(len(catalogue)):
        if outside[row]:
            reasons.append("outside the image")
        elif n_observed[row] < MIN_FILTERS:
            reasons.append(f"observed in {n_observed[row]} of {len(BANDS)} filters")
        elif n_magnitudes and n_detected[row] < MIN_FILTERS:
            reasons.append(f"detected in {n_detected[row]} of {n_magnitudes} filters")
        else:
            reasons.append("")
    return reasons


def _check_ids_are_new(field: Field, catalogue: Catalogue) -> None:
    """Raise BadInput if the field has a candidate with an id of the catalogue."""
    files = dict(field.candidates.values_list("catalogue_id", "catalogue_import__file_name"))
    for row, text in enumerate(catalogue.ids, 1):
        if text in files:
            raise BadInput(
                f"{catalogue.path}, row {row}: field {field} has a candidate {text} already, "
                f"from {files[text]}."
            )


def _unsaved_candidates(
    field: Field,
    catalogue: Catalogue,
    positions: tuple[Positions, Positions, Positions, Positions],
    observed: NDArray[np.bool_],
    reasons: list[str],
) -> list[Candidate]:
    """Return unsaved candidates, one for each row; `positions` are x, y, RA and Dec."""
    x, y, ra, dec = positions
    photometry = {f"mag_{b.lower()}": values for b, values in catalogue.magnitudes.items()}
    photometry |= {f"mag_err_{b.lower()}": values for b, values in catalogue.errors.items()}
    candidates = []
    for row, text in enumerate(catalogue.ids):
        candidate = Candidate(
            field=field,
            catalogue_id=text,
            x=float(x[row]),
            y=float(y[row]),
            ra=_finite_or_none(ra[row]),
            dec=_finite_or_none(dec[row]),
            ci=_finite_or_none(catalogue.ci[row]),
            observed=" ".join(np.array(BANDS)[observed[row]]),
            set_aside=reasons[row],
            **{name: _finite_or_none(values[row]) for name, values in photometry.items()},
        )
        candidate.derive_columns()
        candidates.append(candidate)
    return candidates


def _finite_or_none(value: float) -> float | None:
    """Return a database value: None for NaN, and for the infinite magnitude of a zero flux."""
    return float(value) if np.isfinite(value) else None


def _import_report(
    catalogue: Catalogue, reasons: list[str], wcs: WCS | None, pixels: tuple[Positions, Positions]
) -> dict[str, Any]:
    """Return how many rows are used and why not, and how well positions and WCS agree in px."""
    report: dict[str, Any] = {
        "candidates": reasons.count(""),
        "set_aside": dict(sorted(Counter(filter(None, reasons)).items())),
        "references": {
            source: {str(int(k)): int(np.sum(labels == k)) for k in MorphologicalClass}
            for source, labels in catalogue.references.items()
        },
    }
    on_sky = np.isfinite(catalogue.ra) & np.isfinite(catalogue.dec)
    if wcs is not None and on_sky.any():
        x, y = wcs.all_world2pix(catalogue.ra[on_sky], catalogue.dec[on_sky], 0)
        offset = np.median(np.hypot(x - pixels[0][on_sky], y - pixels[1][on_sky]))
        report["wcs_offset_px"] = round(float(offset), 3) if np.isfinite(offset) else None
    return report


@transaction.atomic
def _save_catalogue(
    record: CatalogueImport, candidates: list[Candidate], catalogue: Catalogue
) -> None:
    """Write the import, its candidates and their reference labels."""
    record.save()
    for candidate in candidates:
        candidate.catalogue_import = record
    Candidate.objects.bulk_create(candidates, batch_size=500)
    labels = [
        ReferenceLabel(candidate=candidates[row], source=source, label=int(values[row]))
        for source, values in catalogue.references.items()
        for row in np.flatnonzero(values)
    ]
    ReferenceLabel.objects.bulk_create(labels, batch_size=1000)
    record.field.set_cold_start_order()
