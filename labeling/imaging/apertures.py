"""Positions and sums of pixels near given positions, all of a catalogue in one go.

Positions are in pixels from 0, images are (y, x); N sources. NaN pixels count as zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labeling.imaging.mosaics import Image
from labeling.imaging.stamps import cut_stamps

Numbers = NDArray[np.float64]

_STEPS = 6


def pixel_offsets(x: Numbers, y: Numbers, side: int) -> tuple[Numbers, Numbers]:
    """Return dx (N, 1, side) and dy (N, side, 1) of the pixels of stamps from their positions."""
    offsets = np.arange(side) - side // 2
    dx = offsets + (np.ceil(x - 0.5) - x)[:, None]
    dy = offsets + (np.ceil(y - 0.5) - y)[:, None]
    return dx[:, None, :], dy[:, :, None]


def circle_overlap(dx: Numbers, dy: Numbers, radius: Numbers | float) -> Numbers:
    """Return the area of unit pixels at (dx, dy) from a circle's centre that lies within it.

    The arguments are broadcast.
    """
    left, right, bottom, top = dx - 0.5, dx + 0.5, dy - 0.5, dy + 0.5
    upper = _corner_overlap(right, top, radius) - _corner_overlap(left, top, radius)
    return upper - _corner_overlap(right, bottom, radius) + _corner_overlap(left, bottom, radius)


def _corner_overlap(x: Numbers, y: Numbers, radius: Numbers | float) -> Numbers:
    """Return the area of the rectangle from (0, 0) to (x, y) within the circle, with its sign."""
    width, height = np.minimum(np.abs(x), radius), np.minimum(np.abs(y), radius)
    # The rectangle's upper side is inside as far as here, then the circle's arc is its bound.
    level = np.minimum(width, np.sqrt(np.square(radius) - height**2))
    area = height * level + _under_arc(width, radius) - _under_arc(level, radius)
    return np.asarray(np.sign(x) * np.sign(y) * area)


def _under_arc(x: Numbers, radius: Numbers | float) -> Numbers:
    """Return the area under the circle's upper arc from 0 to x."""
    square = np.square(radius)
    return np.asarray((x * np.sqrt(square - x**2) + square * np.arcsin(x / radius)) / 2)


def aperture_sum(
    image: Image, x: Numbers, y: Numbers, radius: float, *, complete: bool = False
) -> Numbers:
    """Return the sum of the pixels within `radius` px of each position, (N,).

    With `complete`, NaN where a pixel lacks data.
    """
    side = 2 * int(np.ceil(radius + 0.5)) + 1
    stamps = cut_stamps(image, x, y, side).astype(float)
    overlap = circle_overlap(*pixel_offsets(x, y, side), radius)
    missing = ~np.isfinite(stamps)
    sums = np.asarray((np.where(missing, 0, stamps) * overlap).sum((1, 2)))
    if complete:
        sums[(missing & (overlap > 0)).any(axis=(1, 2))] = np.nan
    return sums


def windowed_centroids(
    image: Image, x: Numbers, y: Numbers, sigma: float, side: int = 19
) -> tuple[Numbers, Numbers]:
    """Return positions moved to the Gaussian-weighted centroid nearby, as SExtractor's XWIN, YWIN.

    The weight has a standard deviation of `sigma` px in a stamp of `side` px, less the stamp's
    median. A position that would move by more than 2 px stays where it is.
    """
    stamps = cut_stamps(image, x, y, side).astype(float)
    stamps = np.nan_to_num(stamps - np.nanmedian(stamps, axis=(1, 2), keepdims=True))
    new_x, new_y = x.astype(float), y.astype(float)
    dx, dy = pixel_offsets(new_x, new_y, side)
    for _ in range(_STEPS):
        from_x, from_y = dx - (new_x - x)[:, None, None], dy - (new_y - y)[:, None, None]
        weight = stamps * np.exp(-0.5 * (from_x**2 + from_y**2) / sigma**2)
        # Without light in all there is no centroid; a least total would depend on the unit.
        total = weight.sum((1, 2))
        total[total <= 0] = np.inf
        new_x = new_x + np.clip(2 * (weight * from_x).sum((1, 2)) / total, -1, 1)
        new_y = new_y + np.clip(2 * (weight * from_y).sum((1, 2)) / total, -1, 1)
    near = np.hypot(new_x - x, new_y - y) < 2
    return np.where(near, new_x, x), np.where(near, new_y, y)
