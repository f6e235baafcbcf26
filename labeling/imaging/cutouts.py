"""Cutouts of one candidate: its stamps as NumPy and FITS files, and its colour images as PNG.

Arrays are (band, y, x) or (y, x), float32, row 0 at the bottom; NaN where there is no data.
Positions are in px of the field's reference frame; the centre of the first pixel is 0.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from django.conf import settings
from numpy.typing import NDArray

from classifier.core.atomic_files import write_atomically
from classifier.core.bands import BANDS, reference_band
from classifier.core.config import PACK_STAMP_PX
from classifier.core.errors import PackError
from classifier.core.packs import Steps, open_pack, read_stamps
from classifier.core.quantisation import DESCRIPTION
from labeling.files import reserve
from labeling.files.fits_text import ascii_text
from labeling.imaging.celestial import wcs_header
from labeling.imaging.mosaics import Image, read_section
from labeling.imaging.rgb import (
    RECIPE_VERSION,
    SOFTENING,
    STRETCH,
    encode_png,
    hide_unexposed,
    lupton_rgb,
    normalise_to_noise,
)
from labeling.imaging.stamps import first_pixel
from labeling.models import Candidate, Mosaic

_PNG_END = b"IEND\xaeB`\x82"
"""The last bytes of every whole PNG file."""

RGB_SIZES = (299, 50)
"""Sides in px of the context and the centre image (Wei et al. 2020)."""


def stamps_of(candidate: Candidate) -> Image:
    """Return the candidate's stamps, (band, y, x). Raises PackError."""
    if candidate.pack_row is None:
        raise PackError(f"{candidate} was set aside and has no stamps.")
    return read_stamps(candidate.pack_path, candidate.pack_row)


def steps_of(candidate: Candidate) -> Steps:
    """Return the quantisation step of the stamps in each band, 0 where they are lossless.

    Raises PackError.
    """
    if candidate.pack_row is None:
        raise PackError(f"{candidate} was set aside and has no stamps.")
    return open_pack(candidate.pack_path).steps(candidate.pack_row)


def are_quantised(candidate: Candidate) -> bool:
    """True if the candidate has stamps that are not lossless."""
    try:
        return bool(steps_of(candidate).any())
    except PackError:
        return False


def encode_npy(array: Image) -> bytes:
    """Encode the array as a NumPy file, little-endian float32 in C order."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array, dtype="<f4"), allow_pickle=False)
    return buffer.getvalue()


def encode_fits(candidate: Candidate) -> bytes:
    """Encode the stamps as a FITS file with one HDU and WCS per observed filter.

    Raises PackError.
    """
    stamps, steps = stamps_of(candidate), steps_of(candidate)
    hdus = [fits.PrimaryHDU(header=_primary_header(candidate))]
    for band, header in _stamp_headers(candidate).items():
        if band in candidate.observed.split():
            image, step = stamps[BANDS.index(band)], steps[BANDS.index(band)]
            if step > 0:
                header["QUANTIZ"] = (DESCRIPTION["method"], "how the pixels were quantised")
                header["QSTEP"] = (float(step), "step in BUNIT; errors are at most half of it")
            hdus.append(fits.ImageHDU(image, header, name=header["FILTER"]))
    buffer = io.BytesIO()
    fits.HDUList(hdus).writeto(buffer, checksum=True)
    return buffer.getvalue()


def _primary_header(candidate: Candidate) -> fits.Header:
    """Return the header that names the candidate."""
    header = fits.Header()
    header["OBJECT"] = (ascii_text(candidate.field.galaxy)[:60], "galaxy")
    header["FIELD"] = (candidate.field.name[:60], "field in Asterism")
    header["CATID"] = (ascii_text(candidate.catalogue_id), "id in the survey's catalogue")
    header["SIMULATE"] = (candidate.field.simulated, "are the pixels simulated?")
    return header


def _stamp_headers(candidate: Candidate) -> dict[str, fits.Header]:
    """Return filter, unit and WCS of each band's stamp; the WCS is the mosaic's, shifted."""
    if candidate.cut_elsewhere:
        wcs = _wcs_of_stamp(candidate)
        return {
            band: _header(band, about["filter"], about["unit"], wcs)
            for band, about in candidate.catalogue_import.stamp_bands.items()
        }
    return {
        band: _header(band, mosaic.filter, mosaic.unit, _shifted_wcs(candidate, mosaic))
        for band, mosaic in candidate.field.mosaic_by_band.items()
    }


def _header(band: str, filter_name: str, unit: str, wcs: WCS | None) -> fits.Header:
    """Return the header of one band's stamp."""
    header = fits.Header()
    if wcs is not None:
        header.update(wcs_header(wcs))
    header["FILTER"], header["BAND"] = filter_name or band, band
    header["BUNIT"] = ascii_text(unit)
    return header


def _wcs_of_stamp(candidate: Candidate) -> WCS | None:
    """Return a WCS by position, scale and north of a stamp that was cut elsewhere."""
    field = candidate.field
    scale, north_deg = field.pixel_scale_arcsec, field.north_deg
    if scale is None or north_deg is None or candidate.ra is None or candidate.dec is None:
        return None
    angle = np.radians(north_deg)
    north = np.array([-np.sin(angle), np.cos(angle)])
    east = np.array([-north[1], north[0]]) * (1 if field.east_left else -1)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [candidate.ra, candidate.dec]
    wcs.wcs.crpix = np.add(candidate.position_in_stamp, 1)
    wcs.wcs.cd = scale / 3600 * np.array([east, north])
    return wcs


def _shifted_wcs(candidate: Candidate, mosaic: Mosaic) -> WCS | None:
    """Return the mosaic's WCS in the pixels of the candidate's stamp."""
    if mosaic.wcs is None:
        return None
    x, y = _position_on(mosaic, candidate)
    wcs = mosaic.wcs.deepcopy()
    wcs.wcs.crpix -= (int(first_pixel(x)), int(first_pixel(y)))
    return wcs


def _position(candidate: Candidate) -> tuple[float, float]:
    """Return the position (x, y) in px of the images: the stamp, if it was cut elsewhere."""
    if candidate.cut_elsewhere or candidate.x is None or candidate.y is None:
        return candidate.position_in_stamp
    return candidate.x, candidate.y


def _position_on(mosaic: Mosaic, candidate: Candidate) -> tuple[float, float]:
    """Return the candidate's position (x, y) in px of this mosaic, from 0."""
    mosaics = candidate.field.mosaic_by_band
    reference = mosaics[reference_band(mosaics)]
    dx, dy = mosaic.shift_from(reference)
    x, y = _position(candidate)
    return x + dx, y + dy


def rgb_version(candidate: Candidate) -> str:
    """Return a hash of the candidate's position, its images and the recipe of colour images."""
    sources: list[tuple[Any, ...]] = [
        (mosaic.band, mosaic.hdu, mosaic.fingerprint, mosaic.sky_sigma, mosaic.wcs_text)
        for mosaic in candidate.field.mosaic_by_band.values()
    ]
    if candidate.cut_elsewhere:
        # Packs are immutable, and so are the rows of an import.
        sources = [(candidate.catalogue_import_id, candidate.pack_row)]
    inputs = (RECIPE_VERSION, RGB_SIZES, *_position(candidate), sources)
    return sha256(repr(inputs).encode()).hexdigest()[:16]


def rgb_png(
    candidate: Candidate, size: int, stretch: float = STRETCH, softening: float = SOFTENING
) -> bytes:
    """Return the colour image of `size` px about the candidate, as a PNG file.

    Images in the default scale are cached, others are drawn for each request, so that the cache
    never exceeds two images a candidate. Raises UnusableImage if a mosaic cannot be read.
    """
    folder: Path = settings.RGB_CACHE / candidate.field.name
    name = f"{candidate.pk}-{{}}-{rgb_version(candidate)}.png"
    cached = (stretch, softening) == (STRETCH, SOFTENING)
    if cached:
        with suppress(OSError):
            data = (folder / name.format(size)).read_bytes()
            # The cache is not synced to the disk: after a power cut a file may have lost its end.
            if data.endswith(_PNG_END):
                return data
    context = _draw_context(candidate, stretch, softening)
    columns, rows = (_centre(position) for position in _position(candidate))
    images = dict(zip(RGB_SIZES, (context, context[rows, columns]), strict=True))
    if not cached:
        return encode_png(images[size])
    files = {side: encode_png(pixels) for side, pixels in images.items()}
    if reserve.is_used():
        return files[size]
    # A concurrent import may delete the folder, and a full disk is no reason to show nothing.
    with suppress(OSError):
        for side, data in files.items():
            write_atomically(folder / name.format(side), data, durable=False)
    return files[size]


def _centre(position: float) -> slice:
    """Return the pixels of the context image that are the centre image, along one axis."""
    context, centre = RGB_SIZES
    first = int(first_pixel(position, centre)) - int(first_pixel(position, context))
    return slice(first, first + centre)


def _draw_context(candidate: Candidate, stretch: float, softening: float) -> NDArray[np.uint8]:
    """Draw the context image, (y, x, 3), or (y, x, 4) if there are pixels without data."""
    side = RGB_SIZES[0]
    windows = _stamp_windows if candidate.cut_elsewhere else _mosaic_windows
    bands = {
        band: normalise_to_noise(window, noise) for band, window, noise in windows(candidate, side)
    }
    return hide_unexposed(lupton_rgb(bands, (side, side), stretch, softening), bands)


def _mosaic_windows(candidate: Candidate, side: int) -> Iterator[tuple[str, Image, float]]:
    """Yield each band, its mosaic about the candidate, and the noise of its sky."""
    for band, mosaic in candidate.field.mosaic_by_band.items():
        yield band, _window(candidate, mosaic, side), mosaic.sky_sigma


def _stamp_windows(candidate: Candidate, side: int) -> Iterator[tuple[str, Image, float]]:
    """Yield each band, its stamp in the middle of nothing, and the noise of its sky."""
    stamps = stamps_of(candidate)
    columns, rows = (
        slice(-int(first_pixel(position, side)), PACK_STAMP_PX - int(first_pixel(position, side)))
        for position in candidate.position_in_stamp
    )
    for band, about in candidate.catalogue_import.stamp_bands.items():
        if band in candidate.observed.split():
            window = np.full((side, side), np.nan, np.float32)
            window[rows, columns] = stamps[BANDS.index(band)]
            yield band, window, about["noise"]


def _window(candidate: Candidate, mosaic: Mosaic, size: int) -> Image:
    """Return the mosaic's pixels about the candidate, (y, x); NaN beyond the frame."""
    x, y = _position_on(mosaic, candidate)
    x_min, y_min = int(first_pixel(x, size)), int(first_pixel(y, size))
    y0, y1 = np.clip([y_min, y_min + size], 0, mosaic.height)
    x0, x1 = np.clip([x_min, x_min + size], 0, mosaic.width)
    window = np.full((size, size), np.nan, np.float32)
    if y0 < y1 and x0 < x1:
        rows, columns = slice(y0, y1), slice(x0, x1)
        place = Path(mosaic.path), mosaic.hdu, rows, columns
        pixels = read_section(*place, plane=mosaic.plane, scratch=settings.HOME)
        window[y0 - y_min : y1 - y_min, x0 - x_min : x1 - x_min] = pixels
    return window
