"""Find sources on a mosaic that has no catalogue yet, by SExtractor's method (sep).

Bertin & Arnouts 1996, A&AS 117, 393; Barbary 2016, JOSS 1, 58.
"""

from __future__ import annotations

import numpy as np
import sep
from astropy.table import MaskedColumn, Table

from labeling.imaging.mosaics import Image

_LEAST_PX = 5
_CI_RADII_PX = (1.0, 3.0)
_WINDOW_SIGMA_PX = 1.0
_DIGITS = {"x": 3, "y": 3, "snr": 1, "ci": 3}


def detect(image: Image, n_sigma: float = 5.0) -> Table:
    """Find sources brighter than `n_sigma` times the local noise on an image (y, x).

    Returns a table with id, x, y (FITS pixels: the first is 1), snr of the peak, and ci, the
    concentration index mag(1 px) - mag(3 px), masked where a flux is not positive. Pixels that
    are NaN or exactly 0 were not exposed and hold no sources. Empty where there is nothing.
    """
    pixels = np.ascontiguousarray(image, dtype=np.float32)
    unexposed = ~np.isfinite(pixels) | (pixels == 0)
    sky = sep.Background(pixels, mask=unexposed)
    above = pixels - sky.back()
    found = sep.extract(above, n_sigma, err=sky.rms(), mask=unexposed, minarea=_LEAST_PX)
    x, y, _ = sep.winpos(above, found["x"], found["y"], _WINDOW_SIGMA_PX, mask=unexposed)
    inner, outer = (sep.sum_circle(above, x, y, radius)[0] for radius in _CI_RADII_PX)
    undefined = (inner <= 0) | (outer <= 0)
    ratio = np.where(undefined, 1.0, outer) / np.where(undefined, 1.0, inner)
    table = Table(
        {
            "id": np.arange(1, len(x) + 1),
            "x": x + 1,
            "y": y + 1,
            "snr": found["peak"] / sky.globalrms,
            "ci": MaskedColumn(2.5 * np.log10(ratio), mask=undefined),
        }
    )
    for name, digits in _DIGITS.items():
        table[name] = np.round(table[name], digits)
    return table
