"""The pixels of images in FITS files, a block of rows or a window at a time.

Arrays are (y, x) float32, row 0 at the bottom, as in FITS. NaN is a missing pixel: in the file, or
infinite or beyond 1e30 in it, as other software marks what it does not know.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOMEM, ENOSPC
from functools import lru_cache
from math import lcm
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._compression import CfitsioException
from astropy.utils.exceptions import AstropyWarning
from numpy.typing import NDArray

from labeling.files.limits import MAX_PIXELS, UNPACKING_ERRORS, LimitExceeded, check_fits
from labeling.files.unpacking import FileVersion, ScratchFile, unpack_fits, version_of
from labeling.imaging.science_hdu import image_shape
from labeling.number_texts import count_text

Image = NDArray[np.float32]

ROW_STEP = 16
"""Blocks start at multiples of so many rows."""
# cfitsio's decoders keep their state in variables that all threads share.
_DECOMPRESSION = Lock()
# Requests for pictures of one candidate come together.
_UNPACKING = Lock()
_KEPT_FILES = 10
_SPARE_OF_KEPT = 2**32
"""Bytes that must be free on the disk before unpacked files are kept; votes need it, too."""
# What astropy raises for headers and pixels that are cut short or changed.
_UNREADABLE = (
    *UNPACKING_ERRORS,
    AttributeError,
    CfitsioException,
    LookupError,
    OverflowError,
    TypeError,
    ValueError,
    fits.VerifyError,
)
_BLOCK_PX = 2**22
_LARGEST = np.float32(1e30)


class UnusableImage(Exception):
    """A file has no usable image; the text names the file and the reason."""


class FitsPixels:
    """The pixels of one image HDU, or of one plane of a cube, of an open file."""

    def __init__(self, file: fits.HDUList, path: Path, hdu: int, plane: int | None) -> None:
        """Raises UnusableImage if the file has no such image, or one that is too large."""
        if not 0 <= hdu < len(file):
            raise UnusableImage(f"{path}: has HDUs 0 to {len(file) - 1}, not {hdu}.")
        self.hdu = file[hdu]
        shape = image_shape(self.hdu) if self.hdu.is_image else ()
        _check_shape(path, hdu, shape, plane)
        self.path = path
        self.shape: tuple[int, int] = (shape[-2], shape[-1])
        leading = self.hdu.header["NAXIS"] - len(shape)
        self._first = (0,) * leading + (() if plane is None else (plane,))

    @property
    def is_integer(self) -> bool:
        """True for whole numbers in the file that are not scaled."""
        return bool(self.hdu.header["BITPIX"] > 0 and not {"BSCALE", "BZERO"} & self._cards)

    @property
    def is_plain(self) -> bool:
        """True if the pixels are in the file as big-endian float32."""
        scale = (self.hdu.header.get("BSCALE", 1), self.hdu.header.get("BZERO", 0))
        is_packed = self.hdu.fileinfo()["file"].compression is not None
        is_compressed = is_packed or isinstance(self.hdu, fits.CompImageHDU)
        return bool(self.hdu.header["BITPIX"] == -32 and scale == (1, 0) and not is_compressed)

    @property
    def offset(self) -> int:
        """Position of the first pixel in the file, unless it is compressed."""
        plane = self._first[-1] if self._first else 0
        return int(self.hdu.fileinfo()["datLoc"]) + 4 * plane * self.shape[0] * self.shape[1]

    @property
    def _cards(self) -> set[str]:
        return set(self.hdu.header)

    def read(self, y: slice, x: slice = slice(None)) -> tuple[Image, int]:
        """Read a window; return it, and how many pixels were infinite or beyond 1e30."""
        section = self.hdu.section
        if isinstance(self.hdu, fits.CompImageHDU):
            with _DECOMPRESSION:
                values = section[*self._first, y, x]
        else:
            # Astropy reads a narrow window row by row, ten times slower than whole rows at once.
            values = section[*self._first, y, :][:, x]
        return _as_image(values)

    def blocks(self) -> Iterator[tuple[int, Image, int]]:
        """Yield all pixels as (first row, block of rows, pixels beyond 1e30)."""
        height, width = self.shape
        rows = max(_BLOCK_PX // width // ROW_STEP, 1) * ROW_STEP
        if isinstance(self.hdu, fits.CompImageHDU):
            # Each block unpacks all tiles that it touches.
            step = lcm(self.hdu.tile_shape[-2], ROW_STEP)
            rows = -(-rows // step) * step
        for first in range(0, height, rows):
            last = min(first + rows, height)
            block, impossible = self.read(slice(first, last))
            if block.shape != (last - first, width):
                raise UnusableImage(f"{self.path}: its pixels end early; it may be truncated.")
            yield first, block, impossible


def _check_shape(path: Path, hdu: int, shape: tuple[int, ...], plane: int | None) -> None:
    """Raise UnusableImage unless this is the shape of an image, or of a cube with this plane."""
    if len(shape) == 3 and plane is None:
        raise UnusableImage(
            f"{path}: HDU {hdu} is not a two-dimensional image but a cube of "
            f"{count_text(shape[0], 'plane')}; choose one for each band, counting from 0, as in "
            f"V={path.name}[{hdu},0]."
        )
    if len(shape) != (2 if plane is None else 3):
        kind = "a two-dimensional image" if plane is None else "a cube (band, y, x)"
        raise UnusableImage(f"{path}: HDU {hdu} is not {kind}.")
    if plane is not None and plane >= shape[0]:
        raise UnusableImage(f"{path}: HDU {hdu} has planes 0 to {shape[0] - 1}, not {plane}.")
    height, width = shape[-2:]
    size = f"{width} x {height} px"
    if height * width > MAX_PIXELS:
        raise UnusableImage(f"{path}: HDU {hdu} has {size}, more than {MAX_PIXELS}; cut it.")
    if min(height, width) < 2:
        raise UnusableImage(f"{path}: HDU {hdu} is no two-dimensional image: it has {size}.")


def _as_image(values: Any) -> tuple[Image, int]:
    """Return pixels as float32, NaN where missing, and how many were infinite or beyond 1e30."""
    with np.errstate(over="ignore"):
        image = np.array(values, dtype=np.float32)
    impossible = np.abs(image) > _LARGEST
    count = int(np.count_nonzero(impossible))
    if count:
        image[impossible] = np.nan
    return image, count


def read_section(
    path: Path,
    hdu: int,
    y: slice,
    x: slice,
    *,
    plane: int | None = None,
    scratch: Path | None = None,
) -> Image:
    """Read a window (y, x) of an image HDU, or of one plane of a cube, and little more from disk.

    What a compressed file was unpacked to is kept in the folder `scratch`, if one is given, for the
    next windows. Raises UnusableImage, also if the image does not reach as far.
    """
    unpacked = keep_unpacked(path, scratch) if scratch else None
    with open_fits(path, unpacked) as file, reading(path, f"HDU {hdu} cannot be read"):
        window, _ = FitsPixels(file, path, hdu, plane).read(y, x)
        if window.shape != (y.stop - y.start, x.stop - x.start):
            raise UnusableImage(f"{path}: HDU {hdu} is not the image that was imported.")
        return window


def keep_unpacked(path: Path, scratch: Path) -> ScratchFile | None:
    """Return what a compressed file unpacks to, which this process keeps for some files.

    None for other files, and if the disk has too little room. Raises UnusableImage.
    """
    check_exists(path)
    if disk_usage(scratch).free < _SPARE_OF_KEPT:
        return None
    with reading(path, "it is compressed, and cannot be unpacked"), _UNPACKING:
        try:
            return _unpacked_version(version_of(path), path, scratch)
        except LimitExceeded:
            return None


@lru_cache(maxsize=_KEPT_FILES)
def _unpacked_version(_version: FileVersion, path: Path, scratch: Path) -> ScratchFile | None:
    return unpack_fits(path, scratch)


@contextmanager
def reading(path: Path, message: str) -> Iterator[None]:
    """Turn all errors while a damaged file is read into UnusableImage."""
    try:
        yield
    except MemoryError:
        raise UnusableImage(f"{path}: there is not enough memory to read it.") from None
    except LimitExceeded as error:
        raise UnusableImage(f"{path}: {error}.") from None
    except _UNREADABLE as error:
        number = error.errno if isinstance(error, OSError) else None
        if number == ENOMEM:
            raise UnusableImage(f"{path}: there is not enough memory to read it.") from None
        if number == ENOSPC:
            raise UnusableImage(f"{path}: the disk became full while it was unpacked.") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnusableImage(f"{path}: {message} ({reason}).") from None


@contextmanager
def open_fits(path: Path, unpacked: ScratchFile | None = None) -> Iterator[fits.HDUList]:
    """Open the file, or what it was unpacked to.

    There are no warnings about readable headers that break the standard.
    """
    check_exists(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        with reading(path, "not a readable FITS file"):
            if unpacked is None:
                check_fits(path)
            # Astropy's own memory maps would keep all pixels that are read in memory.
            file = fits.open(path if unpacked is None else unpacked.open(), memmap=False)
        with file:
            yield file


def check_exists(path: Path) -> None:
    """Raise UnusableImage for a file that does not exist."""
    if not path.is_file():
        raise UnusableImage(f"{path}: there is no such file.")
