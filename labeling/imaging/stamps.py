"""Stamps: square cut-outs centred on candidates, all of a catalogue in one go.

Arrays are (candidate, y, x) or (candidate, band, y, x), float32, row 0 at the bottom. NaN means
no data: beyond the frame, NaN in the mosaic, or a band whose mosaic does not cover the
candidate; zero is a measured zero.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from classifier.core.config import PACK_STAMP_PX
from labeling.imaging.mosaics import Image

_FAR_PX = 1e9

Positions = NDArray[np.float64]
Corners = NDArray[np.intp]


def first_pixel(position: Positions | float, size: int = PACK_STAMP_PX) -> Corners:
    """First pixel of a window of `size` px about a position, along one axis.

    The same rounding as `astropy.nddata.overlap_slices`: for an even size the position lies
    in (size/2 - 1, size/2] of the window. It is exact, so that a window always is the middle of
    a larger one; astropy subtracts first, and rounds a position 1e-15 px above an integer down.
    """
    # A position may be absurd, then it lies outside; an integer must still hold it.
    within = np.clip(position, -_FAR_PX, _FAR_PX)
    return np.ceil(within - size % 2 / 2).astype(np.intp) - size // 2


def cut_stamps(
    image: Image, x: Positions, y: Positions, size: int = PACK_STAMP_PX, out: Image | None = None
) -> Image:
    """Cut a stamp of `size` px about each position (px, from 0); returns (candidate, y, x).

    Pixels beyond the image are NaN. `out` receives the stamps where given.
    """
    stamps = np.empty((len(x), size, size), np.float32) if out is None else out
    left, bottom = first_pixel(x, size), first_pixel(y, size)
    height, width = image.shape
    whole = (left >= 0) & (bottom >= 0) & (left + size <= width) & (bottom + size <= height)
    if height >= size and width >= size:
        windows = sliding_window_view(image, (size, size))
        for row in np.flatnonzero(whole):
            stamps[row] = windows[bottom[row], left[row]]
    for row in np.flatnonzero(~whole):
        stamps[row] = padded_window(image, left[row], bottom[row], size)
    return stamps


def padded_window(image: Image, left: int, bottom: int, size: int) -> Image:
    """A window that may reach beyond the image, where it is NaN; (y, x)."""
    window = np.full((size, size), np.nan, np.float32)
    height, width = image.shape
    y0, y1 = max(bottom, 0), min(bottom + size, height)
    x0, x1 = max(left, 0), min(left + size, width)
    if y0 < y1 and x0 < x1:
        window[y0 - bottom : y1 - bottom, x0 - left : x1 - left] = image[y0:y1, x0:x1]
    return window


def is_observed(image: Image, x: Positions, y: Positions) -> NDArray[np.bool_]:
    """Whether the image was exposed at each position (px, from 0).

    Drizzled mosaics are exactly 0, or NaN, where nothing was exposed; a position counts as
    observed when any of the 5 x 5 pixels about it is neither.
    """
    centres = cut_stamps(image, x, y, size=5)
    exposed = np.logical_and(np.isfinite(centres), centres != 0)
    return np.asarray(exposed.any(axis=(1, 2)), dtype=bool)


def is_padded(image: Image, x: Positions, y: Positions) -> NDArray[np.bool_]:
    """Whether the stamp at each position is padded at the frame."""
    size = PACK_STAMP_PX
    left, bottom = first_pixel(x, size), first_pixel(y, size)
    height, width = image.shape
    beyond: NDArray[np.bool_] = (
        (left < 0) | (bottom < 0) | (left + size > width) | (bottom + size > height)
    )
    return beyond
