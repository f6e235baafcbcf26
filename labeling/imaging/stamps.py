"""Stamps: square cutouts centred on candidates, for all candidates of a catalogue at once.

Arrays are (candidate, y, x) or (candidate, band, y, x), float32, row 0 at the bottom. Positions
x, y are (candidate,) in px; the centre of the first pixel is 0. NaN means no data: beyond the
frame, NaN in the mosaic, or a band that does not cover the candidate; zero is a measured zero.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from classifier.core.config import PACK_STAMP_PX
from labeling.imaging.mosaics import Image, release_pages

_MAX_POSITION_PX = 1e9
_AT_A_TIME = 32
"""Stamps; the rows of each are 3 MB of the largest mosaics."""
_CENTRE_PX = 5
_CENTRES_AT_A_TIME = 256
"""Squares of _CENTRE_PX, which lie on as many pages of a memory map at most as 32 stamps do."""

Positions = NDArray[np.float64]
PixelIndices = NDArray[np.intp]


def first_pixel(position: Positions | float, size: int = PACK_STAMP_PX) -> PixelIndices:
    """Return the first pixel of a window of `size` px about a position, along one axis.

    The rounding is that of `astropy.nddata.overlap_slices`: for an even size the position lies in
    (size/2 - 1, size/2] of the window. It is exact, so that a window is always the middle of a
    larger one; astropy subtracts first, and rounds a position 1e-15 px above an integer down.
    """
    # Positions far outside must still fit into an integer.
    clipped = np.clip(position, -_MAX_POSITION_PX, _MAX_POSITION_PX)
    return np.ceil(clipped - size % 2 / 2).astype(np.intp) - size // 2


def cut_stamps(
    image: Image, x: Positions, y: Positions, size: int = PACK_STAMP_PX, out: Image | None = None
) -> Image:
    """Cut a stamp of `size` px about each position; return (candidate, y, x).

    Pixels beyond the image are NaN. The stamps are written to `out` if it is not None. Of a memory
    map, the rows of a few stamps are in memory at a time.
    """
    stamps = np.empty((len(x), size, size), np.float32) if out is None else out
    x_min, y_min = first_pixel(x, size), first_pixel(y, size)
    height, width = image.shape
    padded = is_padded(image, x, y, size)
    fits = height >= size and width >= size
    windows = sliding_window_view(image, (size, size)) if fits else None
    upwards = np.argsort(y_min, kind="stable")
    for first in range(0, len(upwards), _AT_A_TIME):
        for row in upwards[first : first + _AT_A_TIME]:
            if padded[row] or windows is None:
                stamps[row] = _padded_window(image, x_min[row], y_min[row], size)
            else:
                stamps[row] = windows[y_min[row], x_min[row]]
        release_pages(image)
    return stamps


def _padded_window(image: Image, x_min: int, y_min: int, size: int) -> Image:
    """Return a window (y, x) that may reach beyond the image, where it is NaN."""
    window = np.full((size, size), np.nan, np.float32)
    height, width = image.shape
    y0, y1 = max(y_min, 0), min(y_min + size, height)
    x0, x1 = max(x_min, 0), min(x_min + size, width)
    if y0 < y1 and x0 < x1:
        window[y0 - y_min : y1 - y_min, x0 - x_min : x1 - x_min] = image[y0:y1, x0:x1]
    return window


def is_observed(image: Image, x: Positions, y: Positions) -> NDArray[np.bool_]:
    """Return True for each position, (candidate,), at which the image was exposed.

    Drizzled mosaics are exactly 0, or NaN, where nothing was exposed; a position was exposed if
    any of the 5 x 5 pixels about it is neither.
    """
    height, width = image.shape
    x_min, y_min = first_pixel(x, _CENTRE_PX), first_pixel(y, _CENTRE_PX)
    observed = np.zeros(len(x), dtype=bool)
    near = (x_min > -_CENTRE_PX) & (x_min < width) & (y_min > -_CENTRE_PX) & (y_min < height)
    rows = np.flatnonzero(near)
    rows = rows[np.argsort(y_min[rows], kind="stable")]
    for first in range(0, len(rows), _CENTRES_AT_A_TIME):
        block = rows[first : first + _CENTRES_AT_A_TIME]
        columns_BX = x_min[block, None] + np.arange(_CENTRE_PX)
        lines_BY = y_min[block, None] + np.arange(_CENTRE_PX)
        pixels_BYX = image[
            lines_BY.clip(0, height - 1)[:, :, None], columns_BX.clip(0, width - 1)[:, None, :]
        ]
        observed[block] = (np.isfinite(pixels_BYX) & (pixels_BYX != 0)).any(axis=(1, 2))
        release_pages(image)
    return observed


def is_padded(
    image: Image, x: Positions, y: Positions, size: int = PACK_STAMP_PX
) -> NDArray[np.bool_]:
    """Return True for each position, (candidate,), whose stamp reaches beyond the image."""
    x_min, y_min = first_pixel(x, size), first_pixel(y, size)
    height, width = image.shape
    padded: NDArray[np.bool_] = (
        (x_min < 0) | (y_min < 0) | (x_min + size > width) | (y_min + size > height)
    )
    return padded
