"""Mosaics on disk: which HDU, which filter, where on the sky, and how noisy.

Arrays are (y, x) with row 0 at the bottom, as FITS has them. Pixel positions count from 0 at
the centre of the lower left pixel, as numpy and astropy.wcs (origin 0) do.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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

Image = NDArray[np.float32]

_FILTER_KEYWORDS = ("FILTER", "FILTNAM1", "FILTER1", "FILTER2")
# cfitsio's decoders keep their place in variables that all threads share.
_DECOMPRESSION = Lock()
_SKY_SAMPLE = 500  # px; a grid of 500 x 500 gives the median to 0.25 % of sigma


class UnusableImage(Exception):
    """A file that holds no image that we can use; the text names the file and the reason."""


@dataclass(frozen=True)
class MosaicFile:
    """One image HDU: its array, header facts, and WCS (None where the header has none).

    `simulated` is what the card SIMULATE says, which our own simulator writes.
    """

    path: Path
    hdu: int
    image: Image
    filter: str
    unit: str
    wcs: WCS | None
    sky: float
    sky_sigma: float
    simulated: bool

    @property
    def pixel_scale_arcsec(self) -> float | None:
        """Mean side of a pixel in arcsec."""
        if self.wcs is None:
            return None
        return float(proj_plane_pixel_scales(self.wcs).mean() * 3600)

    @property
    def fingerprint(self) -> str:
        """sha256 of the pixels, whatever file they lie in."""
        return sha256(np.ascontiguousarray(self.image).data).hexdigest()


def read_mosaic(path: Path, hdu: int | None = None) -> MosaicFile:
    """Read a two-dimensional image HDU: the one asked for, or the first that there is.

    Raises UnusableImage for a file that is missing, is not FITS, is cut short, or has no such
    image.
    """
    with _open(path) as file:
        number = _image_hdu(file, path) if hdu is None else hdu
        header, image = _contents(file, number, path)
        primary = file[0].header
    sky, sky_sigma = _sky(image, path)
    return MosaicFile(
        path=path,
        hdu=number,
        image=image,
        filter=_filter(header) or _filter(primary),
        unit=str(header.get("BUNIT", primary.get("BUNIT", ""))).strip(),
        wcs=celestial_wcs(header),
        sky=sky,
        sky_sigma=sky_sigma,
        simulated=header.get("SIMULATE", primary.get("SIMULATE")) is True,
    )


def read_section(path: Path, hdu: int, y: slice, x: slice) -> Image:
    """A window of an image HDU, (y, x); reads only what it must. Raises UnusableImage."""
    with _open(path) as file, _pixels_of(path, f"HDU {hdu} cannot be read"):
        section = file[hdu].section
        if isinstance(file[hdu], fits.CompImageHDU):
            with _DECOMPRESSION:
                return np.asarray(section[y, x], dtype=np.float32)
        # Astropy reads a narrow window of plain pixels row by row, ten times slower than the
        # whole rows at once.
        return np.asarray(section[y, :][:, x], dtype=np.float32)


@contextmanager
def _pixels_of(path: Path, complaint: str) -> Iterator[None]:
    """Whatever goes wrong while pixels are read becomes UnusableImage."""
    try:
        yield
    except (CfitsioException, IndexError, OSError, TypeError, ValueError) as error:
        raise UnusableImage(f"{path}: {complaint} ({error}).") from None


def celestial_wcs(header: fits.Header) -> WCS | None:
    """The two celestial axes of a header's WCS, or None where it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        try:
            wcs = WCS(header)
        except (ValueError, KeyError, TypeError):
            return None
        return wcs.celestial if wcs.has_celestial else None


@contextmanager
def _open(path: Path) -> Iterator[fits.HDUList]:
    """The file's HDUs, without the chatter about odd but readable headers."""
    if not path.is_file():
        raise UnusableImage(f"{path}: there is no such file.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        try:
            file = fits.open(path)
        except OSError as error:
            raise UnusableImage(f"{path}: not a readable FITS file ({error}).") from None
        with file:
            yield file


def _image_hdu(file: fits.HDUList, path: Path) -> int:
    """Number of the first HDU that holds a two-dimensional image."""
    for number, hdu in enumerate(file):
        if hdu.is_image and len(hdu.shape) == 2:
            return number
    raise UnusableImage(f"{path}: none of its {len(file)} HDUs is a two-dimensional image.")


def _contents(file: fits.HDUList, number: int, path: Path) -> tuple[fits.Header, Image]:
    """Header and pixels of one HDU, as native float32."""
    if not 0 <= number < len(file):
        raise UnusableImage(f"{path}: has HDUs 0 to {len(file) - 1}, not {number}.")
    hdu = file[number]
    if not hdu.is_image or len(hdu.shape) != 2:
        raise UnusableImage(f"{path}: HDU {number} is not a two-dimensional image.")
    with _pixels_of(path, "its pixels cannot be read, perhaps it is cut short"), _DECOMPRESSION:
        return hdu.header, np.array(hdu.data, dtype=np.float32)


def _filter(header: fits.Header) -> str:
    """The filter's name: the first filter keyword that names one; ACS has two wheels."""
    for keyword in _FILTER_KEYWORDS:
        name = str(header.get(keyword, "")).strip().upper()
        if name and not name.startswith(("CLEAR", "N/A")):
            return name
    return ""


def _sky(image: Image, path: Path) -> tuple[float, float]:
    """Sigma-clipped median and standard deviation of the exposed pixels.

    Drizzled mosaics are exactly 0, or NaN, where nothing was exposed.
    """
    step_y, step_x = (max(1, side // _SKY_SAMPLE) for side in image.shape)
    sample = image[::step_y, ::step_x]
    exposed = sample[np.isfinite(sample) & (sample != 0)]
    if not exposed.size:
        raise UnusableImage(f"{path}: the image is empty, all pixels are zero or NaN.")
    _, median, sigma = sigma_clipped_stats(exposed)
    return float(median), float(sigma)
