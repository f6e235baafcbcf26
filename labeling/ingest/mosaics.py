"""Bring a field's mosaics in: read them all, check them against one another, write the rows."""

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
from labeling.imaging.grids import compass, frame_shift, same_orientation
from labeling.imaging.mosaics import MosaicFile, UnusableImage, read_mosaic
from labeling.imaging.star_width import star_fwhm
from labeling.ingest.errors import BadInput
from labeling.models import Field, Mosaic

_NAMED = re.compile(r"\w+=")
_PLACE = re.compile(r"(?P<path>.+?)(\[(?P<hdu>\d+)\])?")


@dataclass(frozen=True)
class MosaicRequest:
    """A file to use as a mosaic, and what the person says of it over the header's word."""

    path: Path
    band: str | None = None
    hdu: int | None = None

    @classmethod
    def parse(cls, text: str) -> MosaicRequest:
        """From `[FILTER=]PATH[[HDU]]`, as in `B=ngc1566_f438w.fits[1]`."""
        name, place = text.split("=", 1) if _NAMED.match(text) else ("", text)
        match = _PLACE.fullmatch(place)
        if match is None:
            raise BadInput(f"{text!r} names no file.")
        path, hdu = match["path"], match["hdu"]
        try:
            band = band_of(name) if name else None
        except ValueError as error:
            raise BadInput(f"{text}: {error}.") from None
        return cls(Path(path).expanduser().resolve(), band, int(hdu) if hdu else None)


def import_field(
    name: str, requests: Sequence[MosaicRequest], *, needs_wcs: bool = True, **about: Any
) -> Field:
    """Create or update a field with these mosaics; all of them, or none.

    `about` are columns of Field (galaxy, distance_mpc, pixel_scale_arcsec, simulated,
    votes_needed). Raises BadInput, naming the file and the reason.
    """
    new = _read_all(name, requests, needs_wcs=needs_wcs)
    there = Field.objects.filter(name=name).first()
    mosaics = new | (_kept(there, set(new), needs_wcs=needs_wcs) if there else {})
    reference = mosaics[reference_band(mosaics)]
    for mosaic in mosaics.values():
        _check_grid(mosaic, reference)
    if there and there.imports.exists():
        _check_replacement(there, new)
    measured = {band: _measured(mosaic) for band, mosaic in new.items()}
    field = _save(name, new, measured, _described(mosaics, reference, about))
    shutil.rmtree(settings.RGB_CACHE / name, ignore_errors=True)
    return field


def _read_all(
    name: str, requests: Sequence[MosaicRequest], *, needs_wcs: bool
) -> dict[str, MosaicFile]:
    """The mosaics by band, each band once."""
    if not requests:
        raise BadInput(f"Field {name} needs at least one mosaic.")
    mosaics: dict[str, MosaicFile] = {}
    for request in requests:
        band, mosaic = _read(request, needs_wcs=needs_wcs)
        if band in mosaics:
            other = mosaics[band].path
            raise BadInput(f"{mosaic.path}: band {band} has a mosaic already, {other}.")
        mosaics[band] = mosaic
    return mosaics


def _kept(field: Field, replaced: set[str], *, needs_wcs: bool) -> dict[str, MosaicFile]:
    """The field's mosaics in the bands that stay as they are."""
    rows = field.mosaics.exclude(band__in=replaced)
    requests = [MosaicRequest(Path(row.path), row.band, row.hdu) for row in rows]
    return _read_all(field.name, requests, needs_wcs=needs_wcs) if requests else {}


def _described(
    mosaics: dict[str, MosaicFile], reference: MosaicFile, about: dict[str, Any]
) -> dict[str, Any]:
    """What the person says of the field, completed by what the mosaics say."""
    said = {column: value for column, value in about.items() if value is not None}
    if "pixel_scale_arcsec" not in said:
        if reference.pixel_scale_arcsec is None:
            raise BadInput(f"{reference.path}: has no WCS; say the scale with --pixel-scale.")
        said["pixel_scale_arcsec"] = reference.pixel_scale_arcsec
    if any(mosaic.simulated for mosaic in mosaics.values()):
        said["simulated"] = True
    if reference.wcs is not None:
        said["north_deg"], said["east_left"] = compass(reference.wcs)
    return said


def _read(request: MosaicRequest, *, needs_wcs: bool) -> tuple[str, MosaicFile]:
    """The mosaic and its band, by the person's word or else the header's."""
    try:
        mosaic = read_mosaic(request.path, request.hdu)
        band = request.band or band_of(mosaic.filter)
    except UnusableImage as error:
        raise BadInput(str(error)) from None
    except ValueError as error:
        hint = f"say which it is: --mosaic FILTER={request.path}"
        why = str(error) if mosaic.filter else "the header names no filter"
        raise BadInput(f"{request.path}: {why}; {hint}.") from None
    if mosaic.wcs is None and needs_wcs:
        raise BadInput(
            f"{request.path}: has no celestial WCS; if x and y are all you have, import it "
            "with --no-wcs and --pixel-scale."
        )
    return band, mosaic


def _check_grid(mosaic: MosaicFile, reference: MosaicFile) -> None:
    """Mosaics need not be alike in size, but must be alike in scale and orientation."""
    if mosaic.wcs is None or reference.wcs is None:
        if mosaic.image.shape != reference.image.shape:
            raise BadInput(
                f"{mosaic.path}: without WCS all mosaics must be of one size, and it is "
                f"{_size(mosaic)} px where {reference.path.name} is {_size(reference)} px."
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
    """Once stamps are cut, a mosaic may move to another place on disk, and nothing else."""
    before = {mosaic.band: mosaic for mosaic in field.mosaics.all()}
    for band, file in mosaics.items():
        old = before.get(band)
        if old is None or not _same_frame(old, file):
            raise BadInput(
                f"{file.path}: field {field} has candidates whose stamps were cut from other "
                "mosaics; import this one into a new field."
            )


def _same_frame(old: Mosaic, new: MosaicFile) -> bool:
    """Whether each pixel of the new image lies where it lay on the old one."""
    if (old.height, old.width) != new.image.shape or old.has_wcs != (new.wcs is not None):
        return False
    if old.wcs is None or new.wcs is None:
        return True
    return same_orientation(new.wcs, old.wcs) and frame_shift(new.wcs, old.wcs) == (0.0, 0.0)


def _measured(mosaic: MosaicFile) -> dict[str, Any]:
    """What takes a moment to find out, and so must not hold the database up."""
    return {"star_fwhm_px": star_fwhm(mosaic.image), "fingerprint": mosaic.fingerprint}


@transaction.atomic
def _save(
    name: str,
    mosaics: dict[str, MosaicFile],
    measured: dict[str, dict[str, Any]],
    about: dict[str, Any],
) -> Field:
    """Write the field and its mosaics."""
    field = Field.objects.filter(name=name).first() or Field(name=name)
    for column, value in about.items():
        setattr(field, column, value)
    field.galaxy = field.galaxy or name
    _save_valid(field, f"Field {name}")
    for band, mosaic in mosaics.items():
        height, width = mosaic.image.shape
        facts = {
            "filter": mosaic.filter or band,
            "path": str(mosaic.path),
            "hdu": mosaic.hdu,
            "width": width,
            "height": height,
            "sky": mosaic.sky,
            "sky_sigma": mosaic.sky_sigma,
            "unit": mosaic.unit[:32],
            "wcs_text": mosaic.wcs.to_header_string(relax=True) if mosaic.wcs else "",
            **measured[band],
        }
        row = field.mosaics.filter(band=band).first() or Mosaic(field=field, band=band)
        for column, value in facts.items():
            setattr(row, column, value)
        _save_valid(row, str(mosaic.path))
    return field


def _save_valid(row: Field | Mosaic, what: str) -> None:
    """Save the row, or say in what it breaks the rules of its columns."""
    try:
        row.full_clean()
    except ValidationError as error:
        broken = "; ".join(f"{name}: {texts[0]}" for name, texts in error.message_dict.items())
        raise BadInput(f"{what}: {broken}") from None
    row.save()
