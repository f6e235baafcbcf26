"""Read mosaics from FITS files: pixels, filter, unit, WCS, calibration and noise.

Arrays are (y, x) float32, row 0 at the bottom, as in FITS. Pixel positions count from 0 at the
centre of the lower left pixel, as in numpy and astropy.wcs with origin 0.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
from astropy.io import fits
from astropy.stats import sigma_clipped_stats
from astropy.wcs import WCS
from numpy.typing import NDArray

from labeling.files.checksums import ChecksumError, check_sums
from labeling.files.unpacking import FileVersion, ScratchFile, unpack_fits, version_of
from labeling.imaging.calibration import Calibration, read_calibration
from labeling.imaging.celestial import UnusableWCS, pixel_scale_arcsec, read_wcs
from labeling.imaging.filter_names import filter_in_name, filter_name
from labeling.imaging.fits_pixels import (
    ROW_STEP,
    FitsPixels,
    Image,
    UnusableImage,
    check_exists,
    open_fits,
    read_section,
    reading,
)
from labeling.imaging.grids import Grid
from labeling.imaging.science_hdu import NoScienceImage, name_of, science_hdu
from labeling.number_texts import count_text

__all__ = [
    "EXPOSED_STEP",
    "Image",
    "MosaicFile",
    "UnusableImage",
    "read_mosaic",
    "read_section",
    "release_pages",
]

EXPOSED_STEP = ROW_STEP
_SKY_SAMPLES = 500
"""Pixels along each axis for the sky; 500 x 500 give the median to 0.25 % of sigma."""
_SMALLEST = 1e-30
"""Of the brightest pixel; the squares of much smaller numbers are zero in float32."""


@dataclass(frozen=True)
class MosaicFile:
    """One image of a file: its header values, WCS, sky and noise; its pixels stay on disk.

    What is compressed or scaled is unpacked once to scratch files that last as long as this.

    `plane` is None unless the HDU is a cube. `shape` is (y, x). `filter_source` is the keyword
    that names the filter, or FILE_NAME. `wcs_fault` says why there is no WCS although the header
    has one. `sky` and `sky_sigma` are in the image's unit. `exposed`
    is True for every 16th pixel that was exposed, (y, x). `fingerprint` is the SHA-256 of the
    pixels, independent of the file. `impossible` counts the pixels that were infinite or beyond
    1e30, and are NaN here. `notes` are for whoever imports it. `simulated` is the card SIMULATE,
    which our simulator writes.
    """

    path: Path
    hdu: int
    plane: int | None
    name: str
    shape: tuple[int, int]
    filter: str
    filter_source: str
    unit: str
    wcs: WCS | None
    wcs_fault: str
    calibration: Calibration
    simulated: bool
    sky: float
    sky_sigma: float
    fingerprint: str
    exposed: NDArray[np.bool_] = field(repr=False, compare=False)
    impossible: int
    notes: tuple[str, ...]
    unpacked: ScratchFile | None = field(repr=False, compare=False)
    pixels: PixelFile = field(repr=False, compare=False)

    @property
    def pixel_scale_arcsec(self) -> float | None:
        """Mean side of a pixel in arcsec; None without a WCS."""
        return None if self.wcs is None else pixel_scale_arcsec(self.wcs, self.shape)

    @property
    def grid(self) -> Grid | None:
        """The pixels on the sky; None without a WCS."""
        return None if self.wcs is None else Grid(self.wcs, self.shape)

    @property
    def image(self) -> Image:
        """All pixels, read into memory. Raises UnusableImage."""
        return self.window(slice(0, self.shape[0]), slice(0, self.shape[1]))

    def window(self, y: slice, x: slice) -> Image:
        """Read a part of the pixels into memory. Raises UnusableImage."""
        if isinstance(self.pixels.file, Path):
            return read_section(self.path, self.hdu, y, x, plane=self.plane)
        image = self.map_pixels()
        with reading(self.path, f"HDU {self.hdu} cannot be read"):
            return np.array(image[y, x], np.float32)

    def map_pixels(self) -> Image:
        """Return all pixels as a memory map, of which little is in memory at a time.

        Raises UnusableImage.
        """
        with reading(self.path, f"HDU {self.hdu} cannot be read"):
            return self.pixels.map(self.shape)

    @contextmanager
    def open(self) -> Iterator[fits.HDUList]:
        """Open the file to read its headers. Raises UnusableImage."""
        with open_fits(self.path, self.unpacked) as file:
            yield file


@dataclass(frozen=True)
class PixelFile:
    """Where the pixels of an image lie one after the other, as numbers of this type."""

    file: Path | ScratchFile
    dtype: str
    offset: int = 0

    def map(self, shape: tuple[int, int]) -> Image:
        """Return the pixels as a memory map."""
        if isinstance(self.file, ScratchFile):
            return self.file.map(self.dtype, self.offset, shape)
        return np.memmap(self.file, self.dtype, "r", self.offset, shape)


def release_pages(image: Image) -> None:
    """Take what was read through a memory map out of memory; other arrays stay as they are."""
    pages = getattr(image, "_mmap", None)
    if isinstance(pages, mmap.mmap):
        pages.madvise(mmap.MADV_DONTNEED)


def read_mosaic(
    path: Path, hdu: int | None = None, plane: int | None = None, scratch: Path | None = None
) -> MosaicFile:
    """Read the image HDU of this number, or else the one with the science image.

    `plane` counts from 0 and is for cubes (band, y, x) only. All pixels are read once, block by
    block, to check and to measure them; what is compressed or scaled is unpacked to the folder
    `scratch`, by default that of temporary files. Raises UnusableImage if the file is missing, not
    FITS, damaged, or has no such image, or several and no number is given.

    While somebody has the mosaic of a file that has not changed, it is returned again.
    """
    check_exists(path)
    version = version_of(path)
    if mosaic := _in_use.get((version, hdu, plane)):
        return mosaic
    mosaic = _read(path, hdu, plane, scratch)
    for number in {hdu, mosaic.hdu}:
        _in_use[version, number, plane] = mosaic
    return mosaic


_in_use: WeakValueDictionary[tuple[FileVersion, int | None, int | None], MosaicFile] = (
    WeakValueDictionary()
)


def _read(path: Path, hdu: int | None, plane: int | None, scratch: Path | None) -> MosaicFile:
    """Read a mosaic as `read_mosaic`."""
    unpacked = _unpack(path, scratch)
    with open_fits(path, unpacked) as file, reading(path, "its headers cannot be read"):
        number = _science_hdu(file, path) if hdu is None else hdu
        pixels = FitsPixels(file, path, number, plane)
        header, primary = pixels.hdu.header, file[0].header
        headers = (header, primary)
        unit = str(header.get("BUNIT", primary.get("BUNIT", ""))).strip()
        filter_text, filter_source = filter_name(headers, path)
        wcs, wcs_fault = _wcs_of(header, file)
        scale = None if wcs is None else pixel_scale_arcsec(wcs, pixels.shape)
        calibration = read_calibration(headers, unit, scale)
        name = name_of(pixels.hdu)
        is_simulated = header.get("SIMULATE", primary.get("SIMULATE")) is True
        with reading(path, "its pixels cannot be read; it may be truncated"):
            notes = _check_sums(path, unpacked, number)
            converted = None if pixels.is_plain else _scratch_for(pixels, scratch)
            measured = _measure(pixels, converted)
            if measured.impossible and converted is None:
                converted = _scratch_for(pixels, scratch)
                for _, block, _ in pixels.blocks():
                    converted.write(block.data)
    if (named := filter_in_name(path)) and named != filter_text:
        notes.append(f"its name says {named}, its header {filter_text}")
    if measured.impossible:
        pixels_text = count_text(measured.impossible, "pixel is", "pixels are")
        notes.append(f"{pixels_text} infinite or beyond 1e30: taken as missing")
    return MosaicFile(
        path=path,
        hdu=number,
        plane=plane,
        name=name,
        shape=pixels.shape,
        filter=filter_text,
        filter_source=filter_source,
        unit=unit,
        wcs=wcs,
        wcs_fault=wcs_fault,
        calibration=calibration,
        simulated=is_simulated,
        sky=measured.sky,
        sky_sigma=measured.sky_sigma,
        fingerprint=measured.fingerprint,
        exposed=measured.exposed,
        impossible=measured.impossible,
        notes=tuple(notes),
        unpacked=unpacked,
        pixels=PixelFile(converted, "=f4")
        if converted
        else PixelFile(unpacked or path, ">f4", pixels.offset),
    )


def _wcs_of(header: fits.Header, file: fits.HDUList) -> tuple[WCS | None, str]:
    """Return the WCS, or else why it cannot be used; neither if the header has none."""
    try:
        return read_wcs(header, file), ""
    except UnusableWCS as error:
        return None, str(error)


def _science_hdu(file: fits.HDUList, path: Path) -> int:
    """Return the number of the HDU with the image. Raises UnusableImage."""
    try:
        return science_hdu(file, path)
    except NoScienceImage as error:
        raise UnusableImage(f"{path}: {error}.") from None


def _unpack(path: Path, scratch: Path | None) -> ScratchFile | None:
    """Unpack a compressed file; None for one that is not. Raises UnusableImage."""
    with reading(path, "it is compressed, and cannot be unpacked"):
        return unpack_fits(path, scratch)


def _scratch_for(pixels: FitsPixels, folder: Path | None) -> ScratchFile:
    """Return a scratch file for the pixels as float32. Raises LimitExceeded."""
    scratch = ScratchFile(folder)
    scratch.reserve(4 * pixels.shape[0] * pixels.shape[1])
    return scratch


def _check_sums(path: Path, unpacked: ScratchFile | None, hdu: int) -> list[str]:
    """Check the sums of the HDU and the primary one; return notes. Raises UnusableImage."""
    try:
        return check_sums(unpacked.open if unpacked else lambda: path.open("rb"), {0, hdu})
    except ChecksumError as error:
        raise UnusableImage(f"{path}: {error}.") from None


@dataclass(frozen=True)
class _Measured:
    """What one pass over all pixels gives."""

    sky: float
    sky_sigma: float
    fingerprint: str
    exposed: NDArray[np.bool_]
    impossible: int


def _measure(pixels: FitsPixels, copy: ScratchFile | None) -> _Measured:
    """Measure the pixels block by block, and write them to `copy` if there is one.

    Raises UnusableImage for an image without light, or a mask.
    """
    path, (height, width) = pixels.path, pixels.shape
    step_y, step_x = (max(1, side // _SKY_SAMPLES) for side in (height, width))
    digest, samples, exposed = sha256(), [], []
    impossible, low, high = 0, np.inf, -np.inf
    for first, block, beyond in pixels.blocks():
        digest.update(block.data)
        if copy:
            copy.write(block.data)
        samples.append(block[-first % step_y :: step_y, ::step_x])
        coarse = block[::EXPOSED_STEP, ::EXPOSED_STEP]
        exposed.append(np.isfinite(coarse) & (coarse != 0))
        impossible += beyond
        low, high = (
            float(np.fmin(low, np.fmin.reduce(block, axis=None))),
            float(np.fmax(high, np.fmax.reduce(block, axis=None))),
        )
    brightest = max(abs(low), abs(high))
    if 0 < brightest < _SMALLEST:
        raise UnusableImage(
            f"{path}: its brightest pixel has {brightest:.1e} {pixels.hdu.header.get('BUNIT', '')}"
            ", too little for numbers of 32 bits; multiply all pixels, and say so in BUNIT."
        )
    if pixels.is_integer and (low, high) == (0, 1):
        raise UnusableImage(f"{path}: all its pixels are 0 or 1, it is a mask.")
    sky, sky_sigma = _sky(np.concatenate(samples), path)
    return _Measured(sky, sky_sigma, digest.hexdigest(), np.concatenate(exposed), impossible)


def _sky(sample: Image, path: Path) -> tuple[float, float]:
    """Return sigma-clipped median and standard deviation of the exposed pixels.

    Drizzled mosaics are exactly 0, or NaN, where nothing was exposed.
    """
    exposed = sample[np.isfinite(sample) & (sample != 0)]
    if not exposed.size:
        raise UnusableImage(f"{path}: the image is empty, all pixels are zero or NaN.")
    # In 64 bits: the squares of fluxes such as 1e-21 are zero in 32.
    _, median, sigma = sigma_clipped_stats(exposed.astype(np.float64))
    return float(median), float(sigma)
