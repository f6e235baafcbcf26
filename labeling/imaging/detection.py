"""Find sources on a mosaic that has no catalogue yet: peaks over the local noise, as DAOFIND does.

Stetson 1987, PASP 99, 191: the image is correlated with a Gaussian of the width of stars, less
its mean, so that flat light gives zero. photutils does the same, but has no wheel for Python 3.11
on arm64 Linux.
"""

from __future__ import annotations

import numpy as np
from astropy.table import MaskedColumn, Table
from numpy.typing import NDArray
from scipy import ndimage

from labeling.imaging.apertures import aperture_sum, windowed_centroids
from labeling.imaging.mosaics import Image
from labeling.imaging.sky import measure_sky

_SIGMA_PX = 0.85
"""Width of the Gaussian: stars on WFC3 mosaics have a FWHM of 2 px."""
_SQUARES = np.add.outer(np.arange(-2, 3) ** 2, np.arange(-2, 3) ** 2)
"""Squared distances from the middle of the kernel, px."""
_BLEND_PX = 2.5
"""Of two peaks nearer than this the higher one counts."""
_CI_RADII_PX = (1.0, 3.0)
_WINDOW_SIGMA_PX = 1.0
_DIGITS = {"x": 3, "y": 3, "snr": 1, "ci": 3}


def detect(image: Image, n_sigma: float = 5.0) -> Table:
    """Find sources brighter than `n_sigma` times the local noise on an image (y, x).

    Returns a table with id, x, y (FITS pixels: the first is 1), snr of the peak, and ci, the
    concentration index mag(1 px) - mag(3 px), masked where a flux is not positive. Pixels that
    are NaN or exactly 0 were not exposed and hold no sources. Empty where there is nothing.
    """
    pixels = np.asarray(image, dtype=np.float32)
    unexposed = ~np.isfinite(pixels) | (pixels == 0)
    if unexposed.all():
        return _table(*np.empty((4, 0)))
    sky = measure_sky(pixels, unexposed)
    above = np.where(unexposed, np.float32(0), pixels - sky.level)
    kernel = _matched_filter()
    matched = ndimage.correlate(above, kernel, mode="constant")
    peaks = matched == ndimage.maximum_filter(matched, footprint=_SQUARES < _BLEND_PX**2)
    rows, columns = np.nonzero(peaks & (matched > n_sigma * sky.noise) & ~unexposed)
    start = columns.astype(float), rows.astype(float)
    x, y = windowed_centroids(above, *start, _WINDOW_SIGMA_PX, side=9)
    inner, outer = (aperture_sum(above, x, y, radius) for radius in _CI_RADII_PX)
    positive = (inner > 0) & (outer > 0)
    ci = np.full(len(x), np.nan)
    ci[positive] = 2.5 * np.log10(outer[positive] / inner[positive])
    return _table(x, y, above[rows, columns] / sky.typical_noise, ci)


def _matched_filter() -> Image:
    """Return the kernel whose correlation with a star is its peak, and with flat light is zero."""
    gaussian = np.exp(-_SQUARES / (2 * _SIGMA_PX**2))
    lowered = gaussian - gaussian.mean()
    return np.asarray(lowered / np.square(lowered).sum(), dtype=np.float32)


def _table(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    snr: NDArray[np.float64],
    ci: NDArray[np.float64],
) -> Table:
    table = Table(
        {
            "id": np.arange(1, len(x) + 1),
            "x": x + 1,
            "y": y + 1,
            "snr": snr,
            "ci": MaskedColumn(ci, mask=np.isnan(ci)),
        }
    )
    for name, digits in _DIGITS.items():
        table[name] = np.round(table[name], digits)
    return table
