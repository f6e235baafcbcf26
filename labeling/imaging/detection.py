"""Detect sources on mosaics that have no catalogue: peaks over the local noise, as DAOFIND does.

Stetson 1987, PASP 99, 191: the image is correlated with a Gaussian of the width of stars, less
its mean, so that flat light gives zero. photutils does the same, but has no wheel for Python 3.11
on arm64 Linux.

Several bands are added to a white-light image, each in units of its noise, as in LEGUS (Adamo et
al. 2017, ApJ 841, 131, section 3.1). Images are (y, x); pixels that are NaN or exactly 0 were not
exposed and hold no sources. The image is read in tiles, so that memory does not depend on its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.stats import sigma_clipped_stats
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from labeling.imaging.apertures import windowed_centroids
from labeling.imaging.mosaics import Image
from labeling.imaging.sky import measure_sky

Numbers = NDArray[np.float64]

_SIGMA_PX = 0.85
"""Width of the Gaussian: stars on WFC3 mosaics have a FWHM of 2 px."""
_SQUARES = np.add.outer(np.arange(-2, 3) ** 2, np.arange(-2, 3) ** 2)
"""Squared distances from the middle of the kernel, px."""
_BLEND_PX = 2.5
"""Of two peaks nearer than this the higher one counts."""
_SAME_PX = 1.0
"""Two peaks whose centroids are nearer than this are one source."""
_WINDOW_SIGMA_PX = 1.0
_TILE_PX, _MARGIN_PX = 1024, 128
"""Multiples of the boxes in which the sky is measured; a box smooths over its neighbours."""
_NOISE_SAMPLES = 500
"""Pixels along each axis from which the noise of a band is measured."""


@dataclass(frozen=True)
class ShiftedImage:
    """An image and its whole-pixel shift: a position in the reference frame plus (dx, dy)."""

    image: Image
    dx: int = 0
    dy: int = 0


@dataclass(frozen=True)
class Sources:
    """Positions in px from 0 in the reference frame, and the peaks' signal to noise, each (N,)."""

    x: Numbers
    y: Numbers
    snr: Numbers

    def __len__(self) -> int:
        return len(self.x)


def detect(images: Sequence[ShiftedImage], shape: tuple[int, int], n_sigma: float = 5.0) -> Sources:
    """Detect sources above `n_sigma` times the local noise in the sum of the images.

    `shape` (y, x) is that of the reference frame; the sources are in the order of y.
    """
    bands = [_Band.of(shifted) for shifted in images]
    bands = [band for band in bands if band.noise > 0]
    tiles = [_detect_on_tile(bands, shape, tile, n_sigma) for tile in _tiles(shape)]
    x, y, snr = np.hstack([np.empty((3, 0)), *tiles])
    order = np.lexsort((x, y))
    return _without_duplicates(Sources(x[order], y[order], snr[order]))


@dataclass(frozen=True)
class _Band:
    """One image in units of its own noise."""

    shifted: ShiftedImage
    level: float
    noise: float

    @classmethod
    def of(cls, shifted: ShiftedImage) -> _Band:
        """Return the image with its level and noise; a noise of 0 where nothing was exposed."""
        step_y, step_x = (max(1, side // _NOISE_SAMPLES) for side in shifted.image.shape)
        # In float64: squares of fluxes of 1e-20 erg/s/cm2/A are below the least float32.
        sample = np.asarray(shifted.image[::step_y, ::step_x], dtype=float)
        exposed = sample[np.isfinite(sample) & (sample != 0)]
        if not exposed.size:
            return cls(shifted, 0.0, 0.0)
        _, median, spread = sigma_clipped_stats(exposed)
        return cls(shifted, float(median), float(spread or exposed.std() or abs(median)))

    def signal_to_noise(self, rows: slice, columns: slice) -> Numbers:
        """Return a window of the reference frame; NaN where the band was not exposed."""
        shift, image = self.shifted, self.shifted.image
        window = np.full((rows.stop - rows.start, columns.stop - columns.start), np.nan)
        top, left = rows.start + shift.dy, columns.start + shift.dx
        y0, x0 = max(top, 0), max(left, 0)
        y1 = min(rows.stop + shift.dy, image.shape[0])
        x1 = min(columns.stop + shift.dx, image.shape[1])
        if y0 < y1 and x0 < x1:
            pixels = np.asarray(image[y0:y1, x0:x1], dtype=float)
            exposed = np.isfinite(pixels) & (pixels != 0)
            values = np.where(exposed, (pixels - self.level) / self.noise, np.nan)
            window[y0 - top : y1 - top, x0 - left : x1 - left] = values
        return window


def _tiles(shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
    for top in range(0, shape[0], _TILE_PX):
        for left in range(0, shape[1], _TILE_PX):
            yield (
                slice(top, min(top + _TILE_PX, shape[0])),
                slice(left, min(left + _TILE_PX, shape[1])),
            )


def _detect_on_tile(
    bands: Sequence[_Band], shape: tuple[int, int], tile: tuple[slice, slice], n_sigma: float
) -> Numbers:
    """Return x, y and S/N (3, n) of the peaks in one tile."""
    rows, columns = (
        slice(max(side.start - _MARGIN_PX, 0), min(side.stop + _MARGIN_PX, length))
        for side, length in zip(tile, shape, strict=True)
    )
    white = _white_light(bands, rows, columns)
    unexposed = np.isnan(white)
    if unexposed.all():
        return np.empty((3, 0))
    sky = measure_sky(white, unexposed)
    # A box of one value, as in a drawn image, has no noise of its own; the band's is 1.
    noise = np.where(sky.noise > 0, sky.noise, np.float32(1))
    above = np.where(unexposed, np.float32(0), white - sky.level)
    matched = ndimage.correlate(above, _matched_filter(), mode="constant")
    peaks = matched == ndimage.maximum_filter(matched, footprint=_SQUARES < _BLEND_PX**2)
    inside = np.zeros(white.shape, dtype=bool)
    inside[
        tile[0].start - rows.start : tile[0].stop - rows.start,
        tile[1].start - columns.start : tile[1].stop - columns.start,
    ] = True
    y, x = np.nonzero(peaks & inside & (matched > n_sigma * noise) & ~unexposed)
    snr = above[y, x] / noise[y, x]
    centres = windowed_centroids(above, x.astype(float), y.astype(float), _WINDOW_SIGMA_PX, side=9)
    return np.stack([centres[0] + columns.start, centres[1] + rows.start, snr])


def _white_light(bands: Sequence[_Band], rows: slice, columns: slice) -> Image:
    """Return the sum of the bands in units of its noise, NaN where none was exposed."""
    total = np.zeros((rows.stop - rows.start, columns.stop - columns.start))
    count = np.zeros(total.shape)
    for band in bands:
        window = band.signal_to_noise(rows, columns)
        exposed = ~np.isnan(window)
        total[exposed] += window[exposed]
        count += exposed
    white = np.full(total.shape, np.nan)
    np.divide(total, np.sqrt(count), out=white, where=count > 0)
    return white.astype(np.float32)


def _matched_filter() -> Image:
    """Return the kernel whose correlation with a star is its peak, and with flat light is zero."""
    gaussian = np.exp(-_SQUARES / (2 * _SIGMA_PX**2))
    lowered = gaussian - gaussian.mean()
    return np.asarray(lowered / np.square(lowered).sum(), dtype=np.float32)


def _without_duplicates(sources: Sources) -> Sources:
    """Return the sources without the fainter of each two at one position."""
    if not len(sources):
        return sources
    pairs = KDTree(np.column_stack([sources.x, sources.y])).query_pairs(
        _SAME_PX, output_type="ndarray"
    )
    first, second = pairs.reshape(-1, 2).T
    kept = np.ones(len(sources), dtype=bool)
    kept[np.where(sources.snr[first] < sources.snr[second], first, second)] = False
    return Sources(sources.x[kept], sources.y[kept], sources.snr[kept])
