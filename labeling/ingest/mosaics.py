"""Import a field's mosaics: read them all, check their grids, write the rows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from classifier.core.bands import band_of, reference_band
from labeling.imaging.celestial import compass
from labeling.imaging.grids import frame_shift, same_orientation
from labeling.imaging.mosaics import MosaicFile, UnusableImage, read_mosaic
from labeling.imaging.star_width import star_fwhm
from labeling.ingest.errors import BadInput
from labeling.ingest.progress import Progress, no_progress
from labeling.models import Field, Mosaic

_FILTER_PREFIX = re.compile(r"\w+=")
_LOCATION = re.compile(r"(?P<path>.+?)(\[(?P<hdu>\d+)(,(?P<plane>\d+))?\])?")


@dataclass(frozen=True)
class MosaicRequest:
    """A file to use as a mosaic; `band` overrides the filter in its header."""

    path: Path
    band: str | None = None
    hdu: int | None = None
    plane: int | None = None

    @classmethod
    def parse(cls, text: str) -> MosaicRequest:
        """Parse `[FILTER=]PATH[[HDU[,PLANE]]]`, as in `B=ngc1566.fits[1]`. Raises BadInput."""
        name, location = text.split("=", 1) if _FILTER_PREFIX.match(text) else ("", text)
        match = _LOCATION.fullmatch(location)
        if match is None:
            raise BadInput(f"{text!r} names no file.")
        try:
            band = band_of(name) if name else None
        except ValueError as error:
            raise BadInput(f"{text}: {error}.") from None
        hdu, plane = (int(match[key]) if match[key] else None for key in ("hdu", "plane"))
        return cls(Path(match["path"]).expanduser().resolve(), band, hdu, plane)


@dataclass(frozen=True)
class FieldPlan:
    """Mosaics that were read and checked, and what will be written; nothing is written yet.

    `report` is for JSON: what was recognised in each file, and how the grids lie to each other.
    """

    name: str
    report: dict[str, Any]
    rows: dict[str, dict[str, Any]]
    columns: dict[str, Any]

    def write(self, progress: Progress = no_progress) -> Field:
        """Write the field and its mosaics, all or none. Raises BadInput."""
        progress(0, 1, "writing the field")
        field = _save_field(self.name, self.rows, self.columns)
        shutil.rmtree(settings.RGB_CACHE / self.name, ignore_errors=True)
        progress(1, 1, "writing the field")
        return field


def import_field(
    name: str, requests: Sequence[MosaicRequest], *, needs_wcs: bool = True, **columns: Any
) -> Field:
    """Create or update a field with these mosaics; all of them, or none. See `plan_field`."""
    return plan_field(name, requests, needs_wcs=needs_wcs, **columns).write()


def plan_field(
    name: str,
    requests: Sequence[MosaicRequest],
    *,
    needs_wcs: bool = True,
    progress: Progress = no_progress,
    **columns: Any,
) -> FieldPlan:
    """Read and check the mosaics of a new or existing field; write nothing.

    `columns` are values of Field (galaxy, distance_mpc, pixel_scale_arcsec, simulated,
    votes_needed); None leaves a column unchanged. Raises BadInput, naming file and reason.
    """
    imported = _read_all(name, requests, needs_wcs=needs_wcs)
    existing = Field.objects.filter(name=name).first()
    mosaics = imported | (
        _read_unchanged(existing, set(imported), needs_wcs=needs_wcs) if existing else {}
    )
    reference = mosaics[reference_band(mosaics)]
    for mosaic in mosaics.values():
        _check_grid(mosaic, reference)
    if existing and existing.imports.exists():
        _check_replacement(existing, imported)
    rows = {}
    for step, (band, mosaic) in enumerate(imported.items()):
        progress(step, len(imported), f"measuring {mosaic.path.name}")
        rows[band] = _mosaic_row(mosaic, band)
    progress(len(imported), len(imported), "all mosaics are read")
    values = _complete_columns(mosaics, reference, columns)
    report = {
        "field": name,
        "is_new": existing is None,
        "pixel_scale_arcsec": values["pixel_scale_arcsec"],
        "mosaics": [_report(band, mosaics[band], reference) for band in imported],
    }
    return FieldPlan(name, report, rows, values)


def _report(band: str, mosaic: MosaicFile, reference: MosaicFile) -> dict[str, Any]:
    """Return what was recognised in one file."""
    height, width = mosaic.image.shape
    return {
        "band": band,
        "filter": mosaic.filter,
        "path": str(mosaic.path),
        "hdu": mosaic.hdu,
        "plane": mosaic.plane,
        "width": width,
        "height": height,
        "unit": mosaic.unit,
        "pixel_scale_arcsec": mosaic.pixel_scale_arcsec,
        "offset_px": frame_shift(mosaic.wcs, reference.wcs),
    }


def _read_all(
    name: str, requests: Sequence[MosaicRequest], *, needs_wcs: bool
) -> dict[str, MosaicFile]:
    """Read the mosaics by band. Raises BadInput if two are of one band."""
    if not requests:
        raise BadInput(f"Field {name} needs at least one mosaic.")
    mosaics: dict[str, MosaicFile] = {}
    for request in requests:
        band, mosaic = _read_request(request, needs_wcs=needs_wcs)
        if band in mosaics:
            raise BadInput(
                f"{mosaic.path}: band {band} has a mosaic already, {mosaics[band].path}."
            )
        mosaics[band] = mosaic
    return mosaics


def _read_unchanged(field: Field, bands: set[str], *, needs_wcs: bool) -> dict[str, MosaicFile]:
    """Read the field's mosaics in all bands but these, which are replaced."""
    rows = field.mosaics.exclude(band__in=bands)
    requests = [MosaicRequest(Path(row.path), row.band, row.hdu, row.plane) for row in rows]
    return _read_all(field.name, requests, needs_wcs=needs_wcs) if requests else {}


def _complete_columns(
    mosaics: dict[str, MosaicFile], reference: MosaicFile, columns: dict[str, Any]
) -> dict[str, Any]:
    """Return the columns of Field that are not None, and those that the mosaics give."""
    values = {column: value for column, value in columns.items() if value is not None}
    if "pixel_scale_arcsec" not in values:
        if reference.pixel_scale_arcsec is None:
            raise BadInput(f"{reference.path}: has no WCS; give the scale with --pixel-scale.")
        values["pixel_scale_arcsec"] = reference.pixel_scale_arcsec
    if any(mosaic.simulated for mosaic in mosaics.values()):
        values["simulated"] = True
    if reference.wcs is not None:
        values["north_deg"], values["east_left"] = compass(reference.wcs)
    return values


def _read_request(request: MosaicRequest, *, needs_wcs: bool) -> tuple[str, MosaicFile]:
    """Read a mosaic; return it with its band, by the request or else by the header."""
    try:
        mosaic = read_mosaic(request.path, request.hdu, request.plane)
        band = request.band or band_of(mosaic.filter)
    except UnusableImage as error:
        raise BadInput(str(error)) from None
    except ValueError as error:
        hint = f"name the filter: --mosaic FILTER={request.path}"
        reason = str(error) if mosaic.filter else "the header names no filter"
        raise BadInput(f"{request.path}: {reason}; {hint}.") from None
    if mosaic.wcs is None and needs_wcs:
        raise BadInput(
            f"{request.path}: has no celestial WCS; if x and y are all you have, import it "
            "with --no-wcs and --pixel-scale."
        )
    return band, mosaic


def _check_grid(mosaic: MosaicFile, reference: MosaicFile) -> None:
    """Raise BadInput if the mosaic differs from the reference in scale or orientation.

    The sizes may differ, except without a WCS.
    """
    if mosaic.wcs is None or reference.wcs is None:
        if mosaic.image.shape != reference.image.shape:
            raise BadInput(
                f"{mosaic.path}: without WCS all mosaics must have one size; this one has "
                f"{_size(mosaic)} px, and {reference.path.name} has {_size(reference)} px."
            )
        return
    if not same_orientation(mosaic.wcs, reference.wcs):
        raise BadInput(
            f"{mosaic.path}: its pixels differ in scale or orientation from those of "
            f"{reference.path.name}; drizzle all bands onto one grid."
        )


def _size(mosaic: MosaicFile) -> str:
    height, width = mosaic.image.shape
    return f"{width} x {height}"


def _check_replacement(field: Field, mosaics: dict[str, MosaicFile]) -> None:
    """Raise BadInput if a mosaic differs from the one that the field's stamps were cut from.

    Its path may change.
    """
    existing = {mosaic.band: mosaic for mosaic in field.mosaics.all()}
    for band, file in mosaics.items():
        mosaic = existing.get(band)
        if mosaic is None or not _same_frame(mosaic, file):
            raise BadInput(
                f"{file.path}: field {field} has candidates whose stamps were cut from other "
                "mosaics; import this one into a new field."
            )


def _same_frame(mosaic: Mosaic, file: MosaicFile) -> bool:
    """True if each pixel of the file lies at the same position as in the field's mosaic."""
    if (mosaic.height, mosaic.width) != file.image.shape:
        return False
    if mosaic.has_wcs != (file.wcs is not None):
        return False
    if mosaic.wcs is None or file.wcs is None:
        return True
    shift = frame_shift(file.wcs, mosaic.wcs)
    return same_orientation(file.wcs, mosaic.wcs) and shift == (0.0, 0.0)


def _mosaic_row(mosaic: MosaicFile, band: str) -> dict[str, Any]:
    """Return the columns of Mosaic."""
    height, width = mosaic.image.shape
    return {
        "filter": mosaic.filter or band,
        "path": str(mosaic.path),
        "hdu": mosaic.hdu,
        "plane": mosaic.plane,
        "width": width,
        "height": height,
        "sky": mosaic.sky,
        "sky_sigma": mosaic.sky_sigma,
        "unit": mosaic.unit[:32],
        "wcs_text": mosaic.wcs.to_header_string(relax=True) if mosaic.wcs else "",
        "star_fwhm_px": star_fwhm(mosaic.image),
        "fingerprint": mosaic.fingerprint,
    }


@transaction.atomic
def _save_field(name: str, rows: dict[str, dict[str, Any]], columns: dict[str, Any]) -> Field:
    """Write the field and its mosaics."""
    field = Field.objects.filter(name=name).first() or Field(name=name)
    for column, value in columns.items():
        setattr(field, column, value)
    field.galaxy = field.galaxy or name
    _save_valid(field, f"Field {name}")
    for band, values in rows.items():
        row = field.mosaics.filter(band=band).first() or Mosaic(field=field, band=band)
        for column, value in values.items():
            setattr(row, column, value)
        _save_valid(row, row.path)
    return field


def _save_valid(row: Field | Mosaic, source: str) -> None:
    """Save the row. Raises BadInput, naming its source and the invalid columns."""
    try:
        row.full_clean()
    except ValidationError as error:
        errors = "; ".join(f"{name}: {texts[0]}" for name, texts in error.message_dict.items())
        raise BadInput(f"{source}: {errors}") from None
    row.save()
