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
    strips = [slice(first, first + _BOX_PX) for first in range(0, height, _BOX_PX)]
    share = np.array([np.isfinite(_boxes(image[s], unexposed[s])).mean(1) for s in strips])
    usable = share >= min(_FEWEST, share.max())
    mode, noise = np.zeros((2, *share.shape))
    for row, strip in enumerate(strips):
        if (chosen := usable[row]).any():
            boxes = _boxes(image[strip], unexposed[strip])[chosen]
            mode[row, chosen], noise[row, chosen] = _clipped(boxes)
    level, spread = (_on_pixels(mesh, usable)[:height, :width] for mesh in (mode, noise))
    return Sky(level, spread, float(np.median(noise[usable])))


def _boxes(strip: Image, unexposed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the boxes along a strip of the image, (box, pixel), NaN where not exposed.

    In 64 bits: the squares of fluxes such as 1e-21 are zero in 32.
    """
    height, width = strip.shape
    columns = -(-width // _BOX_PX)
    padded = np.full((_BOX_PX, columns * _BOX_PX), np.nan)
    padded[:height, :width] = np.where(unexposed, np.nan, strip)
    return padded.reshape(_BOX_PX, columns, _BOX_PX).swapaxes(0, 1).reshape(columns, -1)


def _clipped(boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
