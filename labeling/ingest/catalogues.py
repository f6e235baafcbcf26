"""Bring a catalogue into a field: candidates, reference labels and one stamp pack, or nothing."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from astropy.wcs import WCS
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from classifier.core.bands import BANDS, reference_band
from classifier.core.classes import MorphologicalClass
from labeling.imaging.grids import frame_shift
from labeling.imaging.mosaics import UnusableImage, read_mosaic
from labeling.ingest.errors import BadInput
from labeling.ingest.stamping import BandImage, stamp_all
from labeling.ingest.tables import Catalogue, read_catalogue
from labeling.models import Candidate, CatalogueImport, Field, ReferenceLabel
from labeling.training.label_source import LabelSource

FILTERS_NEEDED = 4
"""Candidates seen in fewer filters are set aside (Wei et al. 2020, section 2)."""


@dataclass(frozen=True)
class CatalogueOptions:
    """How a catalogue file is to be read; part of what makes an import the same import."""

    origin: int = 1
    columns: Mapping[str, str] | None = None
    references: Mapping[str, str] | None = None
    allow_outside: bool = False

    def fingerprint(self, path: Path) -> str:
        """sha256 of the file's bytes and of how they are read."""
        digest = sha256(path.read_bytes() if path.is_file() else b"")
        how = [self.origin, dict(self.columns or {}), dict(self.references or {})]
        digest.update(json.dumps([*how, self.allow_outside], sort_keys=True).encode())
        return digest.hexdigest()


def import_catalogue(
    field: Field, path: Path, reading: CatalogueOptions
) -> tuple[CatalogueImport, bool]:
    """Read the file into the field; returns the import and whether it is new.

    The same file read the same way is the import that is there already. Raises BadInput,
    naming file, row and reason; nothing has changed then.
    """
    fingerprint = reading.fingerprint(path)
    if there := field.imports.filter(fingerprint=fingerprint).first():
        return there, False
    catalogue = read_catalogue(path, columns=reading.columns, references=reading.references)
    for name in catalogue.references:
        if not LabelSource(name).is_reference:
            raise BadInput(f"{path}: a reference label may not be called {name!r}.")
    frames = _frames(field)
    reference = frames[reference_band(frames)]
    x, y = catalogue.x - reading.origin, catalogue.y - reading.origin
    outside = _outside(path, reference, x, y, allowed=reading.allow_outside)
    ra, dec = _sky_positions(catalogue, reference.wcs, x, y)
    observed = np.column_stack(
        [
            frames[band].is_observed(x, y) if band in frames else np.zeros(len(x), dtype=bool)
            for band in BANDS
        ]
    )
    reasons = _reasons(catalogue, observed, outside)
    _check_new(field, catalogue)
    used = np.flatnonzero([not reason for reason in reasons])
    pack = f"{uuid4().hex}.zarr"
    stamp_all(settings.PACKS / pack, field, frames, x[used], y[used], observed[used])
    try:
        candidates = _candidates(field, catalogue, (x, y, ra, dec), observed, reasons)
        for candidate, padded in zip(candidates, reference.pads(x, y), strict=True):
            candidate.at_edge = bool(padded)
        for place, row in enumerate(used):
            candidates[row].pack_row = place
        report = _report(catalogue, reasons, reference.wcs, (x, y))
        return _save(field, path, reading, pack, fingerprint, candidates, catalogue, report), True
    except BaseException:
        shutil.rmtree(settings.PACKS / pack, ignore_errors=True)
        raise


def _frames(field: Field) -> dict[str, BandImage]:
    """The field's mosaics, read whole, with their shift against the reference frame."""
    mosaics = {mosaic.band: mosaic for mosaic in field.mosaics.all()}
    if not mosaics:
        raise BadInput(f"Field {field} has no mosaics yet: run import_field first.")
    try:
        files = {b: read_mosaic(Path(m.path), m.hdu) for b, m in mosaics.items()}
    except UnusableImage as error:
        raise BadInput(f"{error} It belongs to field {field}.") from None
    reference = files[reference_band(files)]
    return {
        band: BandImage(file.image, file.wcs, *frame_shift(file.wcs, reference.wcs))
        for band, file in files.items()
    }


def _outside(
    path: Path, reference: BandImage, x: Any, y: Any, *, allowed: bool
) -> NDArray[np.bool_]:
    """Rows beyond the reference frame; refused unless allowed."""
    outside = ~reference.contains(x, y)
    if outside.any() and not allowed:
        rows = np.flatnonzero(outside) + 1
        some = ", ".join(str(row) for row in rows[:5]) + (" …" if len(rows) > 5 else "")
        height, width = reference.image.shape
        raise BadInput(
            f"{path}, row {some}: {len(rows)} of {len(x)} rows lie outside the image "
            f"({width} x {height} px); is this the right field, and the right --origin? "
            "--allow-outside sets such rows aside."
        )
    return outside


def _sky_positions(catalogue: Catalogue, wcs: WCS | None, x: Any, y: Any) -> tuple[Any, Any]:
    """RA and Dec in degrees: the catalogue's, else by the reference frame's WCS."""
    if wcs is None or np.isfinite(catalogue.ra).all():
        return catalogue.ra, catalogue.dec
    return tuple(wcs.all_pix2world(x, y, 0))


def _reasons(catalogue: Catalogue, observed: NDArray[np.bool_], outside: Any) -> list[str]:
    """Why each row is set aside; an empty text where it is not."""
    missing = {band: np.isnan(values) for band, values in catalogue.magnitudes.items()}
    reasons = []
    for row in range(len(catalogue)):
        undetected = [band for band in BANDS if band in missing and missing[band][row]]
        blind = [band for k, band in enumerate(BANDS) if not observed[row, k]]
        if outside[row]:
            reasons.append("outside the image")
        elif len(BANDS) - len(blind) < FILTERS_NEEDED:
            reasons.append(f"observed in {len(BANDS) - len(blind)} of 5 filters")
        elif missing and len(missing) - len(undetected) < FILTERS_NEEDED:
            seen = len(missing) - len(undetected)
            reasons.append(f"detected in {seen} of {len(missing)} filters")
        else:
            reasons.append("")
    return reasons


def _check_new(field: Field, catalogue: Catalogue) -> None:
    """No id of the catalogue may be in the field already."""
    there = dict(field.candidates.values_list("catalogue_id", "catalogue_import__file_name"))
    for row, text in enumerate(catalogue.ids, 1):
        if text in there:
            raise BadInput(
                f"{catalogue.path}, row {row}: field {field} has a candidate {text} already, "
                f"from {there[text]}."
            )


def _candidates(
    field: Field, catalogue: Catalogue, places: Iterable[Any], observed: Any, reasons: list[str]
) -> list[Candidate]:
    """Unsaved candidates, one for each row."""
    x, y, ra, dec = places
    photometry = {f"mag_{b.lower()}": values for b, values in catalogue.magnitudes.items()}
    photometry |= {f"mag_err_{b.lower()}": values for b, values in catalogue.errors.items()}
    candidates = []
    for row, text in enumerate(catalogue.ids):
        candidate = Candidate(
            field=field,
            catalogue_id=text,
            x=float(x[row]),
            y=float(y[row]),
            ra=_known(ra[row]),
            dec=_known(dec[row]),
            ci=_known(catalogue.ci[row]),
            observed=" ".join(np.array(BANDS)[observed[row]]),
            set_aside=reasons[row],
            **{name: _known(values[row]) for name, values in photometry.items()},
        )
        candidate.derive_columns()
        candidates.append(candidate)
    return candidates


def _known(value: float) -> float | None:
    """A database value: None for NaN and, as of a flux of zero, for infinity."""
    return float(value) if np.isfinite(value) else None


def _report(
    catalogue: Catalogue, reasons: list[str], wcs: WCS | None, places: tuple[Any, Any]
) -> dict[str, Any]:
    """What became of the rows, and how well positions and WCS agree."""
    report: dict[str, Any] = {
        "candidates": reasons.count(""),
        "set_aside": dict(sorted(Counter(filter(None, reasons)).items())),
        "references": {
            source: {str(int(k)): int(np.sum(labels == k)) for k in MorphologicalClass}
            for source, labels in catalogue.references.items()
        },
    }
    known = np.isfinite(catalogue.ra) & np.isfinite(catalogue.dec)
    if wcs is not None and known.any():
        x, y = wcs.all_world2pix(catalogue.ra[known], catalogue.dec[known], 0)
        offset = np.median(np.hypot(x - places[0][known], y - places[1][known]))
        report["wcs_offset_px"] = round(float(offset), 3) if np.isfinite(offset) else None
    return report


@transaction.atomic
def _save(
    field: Field,
    path: Path,
    reading: CatalogueOptions,
    pack: str,
    fingerprint: str,
    candidates: list[Candidate],
    catalogue: Catalogue,
    report: dict[str, Any],
) -> CatalogueImport:
    """Write the import, its candidates and their reference labels."""
    done = CatalogueImport.objects.create(
        field=field,
        file_name=path.name,
        fingerprint=fingerprint,
        origin=reading.origin,
        rows=len(candidates),
        report=report,
        pack=pack,
    )
    for candidate in candidates:
        candidate.catalogue_import = done
    Candidate.objects.bulk_create(candidates, batch_size=500)
    labels = [
        ReferenceLabel(candidate=candidates[row], source=source, label=int(values[row]))
        for source, values in catalogue.references.items()
        for row in np.flatnonzero(values)
    ]
    ReferenceLabel.objects.bulk_create(labels, batch_size=1000)
    field.set_cold_start_order()
    return done
