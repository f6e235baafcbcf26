"""Read mosaics from FITS files: pixels, filter, unit, WCS and noise.

Arrays are (y, x) float32, row 0 at the bottom, as in FITS. Pixel positions count from 0 at the
centre of the lower left pixel, as in numpy and astropy.wcs with origin 0.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOMEM
from hashlib import sha256
from pathlib import Path
from threading import Lock

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._compression import CfitsioException
from astropy.stats import sigma_clipped_stats
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

from labeling.files.limits import MAX_PIXELS, UNPACKING_ERRORS, LimitExceeded, check_fits

Image = NDArray[np.float32]

_FILTER_KEYWORDS = ("FILTER", "FILTNAM1", "FILTER1", "FILTER2")
# cfitsio's decoders keep their state in variables that all threads share.
_DECOMPRESSION = Lock()
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
_SKY_SAMPLES = 500
"""Pixels along each axis for the sky; 500 x 500 give the median to 0.25 % of sigma."""


class UnusableImage(Exception):
    """A file has no usable image; the text names the file and the reason."""


@dataclass(frozen=True)
class MosaicFile:
    """One image HDU: pixels, header values, WCS (None if the header has none), sky and noise.

    `sky` and `sky_sigma` are in the image's unit. `simulated` is the card SIMULATE, which our
    simulator writes.
    """

    path: Path
    hdu: int
    plane: int | None
    image: Image
    filter: str
    unit: str
    wcs: WCS | None
    sky: float
    sky_sigma: float
    simulated: bool

    @property
    def pixel_scale_arcsec(self) -> float | None:
        """Mean side of a pixel in arcsec; None without a WCS."""
        if self.wcs is None:
            return None
        return float(proj_plane_pixel_scales(self.wcs).mean() * 3600)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the pixels, independent of the file."""
        return sha256(np.ascontiguousarray(self.image).data).hexdigest()


def read_mosaic(path: Path, hdu: int | None = None, plane: int | None = None) -> MosaicFile:
    """Read the two-dimensional image HDU of this number, or the first one.

    `plane` counts from 0 and is for cubes (band, y, x) only.

    Raises UnusableImage if the file is missing, not FITS, truncated, or has no such image.
    """
    with _open_fits(path) as file, _reading(path, "its headers cannot be read"):
        number = _first_image_hdu(file, path) if hdu is None else hdu
        header, image = _read_hdu(file, number, plane, path)
        primary = file[0].header
    sky, sky_sigma = _sky(image, path)
    return MosaicFile(
        path=path,
        hdu=number,
        plane=plane,
        image=image,
        filter=_filter_name(header) or _filter_name(primary),
        unit=str(header.get("BUNIT", primary.get("BUNIT", ""))).strip(),
        wcs=celestial_wcs(header),
        sky=sky,
        sky_sigma=sky_sigma,
        simulated=header.get("SIMULATE", primary.get("SIMULATE")) is True,
    )


def read_section(path: Path, hdu: int, y: slice, x: slice, *, plane: int | None = None) -> Image:
    """Read a window (y, x) of an image HDU, or of one plane of a cube, and little more from disk.

    Raises UnusableImage, also if the image does not reach as far.
    """
    with _open_fits(path) as file, _reading(path, f"HDU {hdu} cannot be read"):
        section = file[hdu].section
        planes = () if plane is None else (plane,)
        if isinstance(file[hdu], fits.CompImageHDU):
            with _DECOMPRESSION:
                window = np.asarray(section[*planes, y, x], dtype=np.float32)
        else:
            # Astropy reads a narrow window row by row, ten times slower than whole rows at once.
            window = np.asarray(section[*planes, y, :][:, x], dtype=np.float32)
        if window.shape != (y.stop - y.start, x.stop - x.start):
            raise UnusableImage(f"{path}: HDU {hdu} is not the image that was imported.")
        return window


@contextmanager
def _reading(path: Path, message: str) -> Iterator[None]:
    """Turn all errors while a damaged file is read into UnusableImage."""
    try:
        yield
    except MemoryError:
        raise UnusableImage(f"{path}: there is not enough memory to read it.") from None
    except LimitExceeded as error:
        raise UnusableImage(f"{path}: {error}.") from None
    except _UNREADABLE as error:
        if isinstance(error, OSError) and error.errno == ENOMEM:
            raise UnusableImage(f"{path}: there is not enough memory to read it.") from None
        reason = str(error) or type(error).__name__
        raise UnusableImage(f"{path}: {message} ({reason}).") from None


def celestial_wcs(header: fits.Header) -> WCS | None:
    """Return the two celestial axes of a header's WCS, or None if it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        try:
            wcs = WCS(header)
        except (ValueError, KeyError, TypeError):
            return None
        return wcs.celestial if wcs.has_celestial else None


@contextmanager
def _open_fits(path: Path) -> Iterator[fits.HDUList]:
    """Open the file, without warnings about readable headers that break the standard."""
    if not path.is_file():
        raise UnusableImage(f"{path}: there is no such file.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        with _reading(path, "not a readable FITS file"):
            check_fits(path)
            file = fits.open(path)
        with file:
            yield file


def _first_image_hdu(file: fits.HDUList, path: Path) -> int:
    """Return the number of the first HDU with a two-dimensional image."""
    for number, hdu in enumerate(file):
        if hdu.is_image and len(hdu.shape) == 2:
            return number
    raise UnusableImage(f"{path}: none of its {len(file)} HDUs is a two-dimensional image.")


def _read_hdu(
    file: fits.HDUList, number: int, plane: int | None, path: Path
) -> tuple[fits.Header, Image]:
    """Return header and pixels (y, x) of one HDU, or of one plane of a cube."""
    if not 0 <= number < len(file):
        raise UnusableImage(f"{path}: has HDUs 0 to {len(file) - 1}, not {number}.")
    hdu = file[number]
    if not hdu.is_image or len(hdu.shape) != (2 if plane is None else 3):
        kind = "a two-dimensional image" if plane is None else "a cube (band, y, x)"
        raise UnusableImage(f"{path}: HDU {number} is not {kind}.")
    if plane is not None and not 0 <= plane < hdu.shape[0]:
        raise UnusableImage(
            f"{path}: HDU {number} has planes 0 to {hdu.shape[0] - 1}, not {plane}."
        )
    height, width = hdu.shape[-2:]
    if height * width > MAX_PIXELS:
        raise UnusableImage(
            f"{path}: HDU {number} has {width} x {height} px, more than {MAX_PIXELS}; cut it."
        )
    message = "its pixels cannot be read; it may be truncated"
    with _reading(path, message), _DECOMPRESSION:
        pixels = hdu.data if plane is None else hdu.data[plane]
        return hdu.header, np.array(pixels, dtype=np.float32)


def _filter_name(header: fits.Header) -> str:
    """Return the first filter named by a filter keyword; ACS has two filter wheels."""
    for keyword in _FILTER_KEYWORDS:
        name = str(header.get(keyword, "")).strip().upper()
        if name and not name.startswith(("CLEAR", "N/A")):
            return name
    return ""


def _sky(image: Image, path: Path) -> tuple[float, float]:
    """Return sigma-clipped median and standard deviation of the exposed pixels.

    Drizzled mosaics are exactly 0, or NaN, where nothing was exposed.
    """
    step_y, step_x = (max(1, side // _SKY_SAMPLES) for side in image.shape)
    sample = image[::step_y, ::step_x]
    exposed = sample[np.isfinite(sample) & (sample != 0)]
    if not exposed.size:
        raise UnusableImage(f"{path}: the image is empty, all pixels are zero or NaN.")
    _, median, sigma = sigma_clipped_stats(exposed)
    return float(median), float(sigma)
