"""The sky of an image and its noise, on a mesh, as SExtractor measures them.

Bertin & Arnouts 1996, A&AS 117, 393, section 4: in each box the mode of the clipped pixels, a
median filter over the boxes against bright sources, and an interpolation between their centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.stats import sigma_clipped_stats
from numpy.typing import NDArray
from scipy import ndimage

from labeling.imaging.mosaics import Image

_BOX_PX = 64
_FEWEST = 0.1
"""Share of a box that must be exposed for it to count."""


@dataclass(frozen=True)
class Sky:
    """Level and noise (standard deviation) of the sky, each (y, x) in the units of the image."""

    level: Image
    noise: Image
    typical_noise: float


def measure_sky(image: Image, unexposed: NDArray[np.bool_]) -> Sky:
    """Return the sky of an image (y, x), where some pixels, but not all, are not exposed."""
    height, width = image.shape
    rows, columns = -(-height // _BOX_PX), -(-width // _BOX_PX)
    padding = ((0, rows * _BOX_PX - height), (0, columns * _BOX_PX - width))
    pixels = np.pad(np.where(unexposed, np.nan, image), padding, constant_values=np.nan)
    boxes = pixels.reshape(rows, _BOX_PX, columns, _BOX_PX).swapaxes(1, 2)
    exposed = np.isfinite(boxes).mean((2, 3))
    usable = exposed >= min(_FEWEST, exposed.max())
    mode, noise = np.zeros((2, rows, columns))
    mode[usable], noise[usable] = _clipped(boxes[usable].reshape(usable.sum(), -1))
    level, spread = (_on_pixels(mesh, usable)[:height, :width] for mesh in (mode, noise))
    return Sky(level, spread, float(np.median(noise[usable])))


def _clipped(boxes: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mode and the standard deviation of each box (box, pixel) without sources."""
    mean, median, spread = sigma_clipped_stats(boxes, mask=np.isnan(boxes), sigma=3.0, axis=1)
    crowded = np.abs(mean - median) > 0.3 * spread
    return np.where(crowded, median, 2.5 * median - 1.5 * mean), spread


def _on_pixels(mesh: NDArray[np.float64], usable: NDArray[np.bool_]) -> Image:
    """Return a mesh on the pixels; a box that is not usable takes the value of the nearest."""
    row, column = ndimage.distance_transform_edt(
        ~usable, return_distances=False, return_indices=True
    )
    smooth = ndimage.median_filter(mesh[row, column], 3, mode="nearest")
    zoomed = ndimage.zoom(smooth, _BOX_PX, order=1, mode="nearest", grid_mode=True)
    return np.asarray(zoomed, dtype=np.float32)
