"""The width of stars on a mosaic, with which the width of a candidate is compared.

Stars are found as PSFEx finds them (Bertin 2011, ASPC 442, 435): among bright, isolated, round
sources those of one brightness after another share one half-light radius, so that stars stand out
as a narrow peak of the distribution of sizes, with clusters and galaxies to its right and cosmic
rays to its left. Each is fitted by a circular Moffat (1969, A&A 3, 455) at the centres of the
pixels, as the examine panel fits candidates; the answer is the median.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import least_squares
from scipy.spatial import KDTree

from labeling.imaging.apertures import circle_overlap, pixel_offsets
from labeling.imaging.mosaics import EXPOSED_STEP, Image, MosaicFile
from labeling.imaging.sky import measure_sky
from labeling.imaging.stamps import cut_stamps

Numbers = NDArray[np.float64]

_SIDE_PX = 1536
"""The middle of the exposed part is enough, and all that there is time for."""
_SOURCE_SIGMA, _LEAST_PX = 5.0, 4
_BRIGHT_SIGMA = 30.0
_LONG_AXIS = 1.4  # of the short one; stars of 2 px are no rounder than that
_ALONE_PX = 8.0
_TOTAL_PX, _BISECTIONS = 6.0, 10
_LOCUS = 0.12  # half the width of the peak of sizes, as a share of its size
_FEWEST, _MOST = 8, 40
_BOX_PX = 7  # either side of a star
_NARROWEST_PX, _WIDEST_PX = 1.0, 10.0
_BETA = (1.2, 12.0)
_FLATTEST = 0.2  # share of the peak that a fit may leave


def star_fwhm(image: Image) -> float | None:
    """Median FWHM in px of the stars in the middle of an image (y, x); None with too few.

    Pixels that are NaN or exactly 0 were not exposed.
    """
    coarse = image[::EXPOSED_STEP, ::EXPOSED_STEP]
    rows, columns = _middle(np.isfinite(coarse) & (coarse != 0), image.shape)
    return _fwhm_of(np.ascontiguousarray(image[rows, columns], dtype=np.float32))


def star_fwhm_of(mosaic: MosaicFile) -> float | None:
    """Median FWHM as `star_fwhm`, of a file of which only the middle is read.

    Raises UnusableImage.
    """
    return _fwhm_of(mosaic.window(*_middle(mosaic.exposed, mosaic.shape)))


def _fwhm_of(pixels: Image) -> float | None:
    """Median FWHM in px of the stars on these pixels (y, x)."""
    unexposed = ~np.isfinite(pixels) | (pixels == 0)
    if unexposed.all():
        return None
    pixels = np.where(unexposed, np.float32(0), pixels)
    sky = measure_sky(pixels, unexposed)
    if not sky.typical_noise > 0:
        return None
    # In units of the noise, since squares of fluxes such as 1e-21 are zero in float32.
    above = (np.where(unexposed, 0, pixels - sky.level) / sky.typical_noise).astype(np.float32)
    x, y = _stars(above, unexposed)
    fits = [_moffat_fwhm(above, *position) for position in zip(x, y, strict=True)]
    widths = [width for width in fits if width is not None]
    return float(np.median(widths)) if len(widths) >= _FEWEST else None


def _middle(exposed: NDArray[np.bool_], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """At most _SIDE_PX square about the middle of what was exposed, as rows and columns.

    `exposed` is of every EXPOSED_STEP-th pixel (y, x).
    """
    window = []
    for axis, side in enumerate(shape):
        lit = EXPOSED_STEP * np.flatnonzero(exposed.any(axis=1 - axis))
        centre = int(lit[0] + lit[-1]) // 2 if lit.size else side // 2
        first = max(0, min(centre - _SIDE_PX // 2, side - _SIDE_PX))
        window.append(slice(first, min(first + _SIDE_PX, side)))
    return window[0], window[1]


def _stars(above: Image, unexposed: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Positions of the brightest stars on an image above its sky, in units of its noise."""
    x, y, peak, is_round = _sources(above, unexposed)
    chosen = is_round & (peak > _BRIGHT_SIGMA) & _isolated(x, y)
    x, y, peak = x[chosen], y[chosen], peak[chosen]
    if len(x) < _FEWEST:
        return np.empty(0), np.empty(0)
    radii = _half_light_radii(above, x, y)
    stars = np.abs(radii / _peak_of(radii) - 1) < _LOCUS
    brightest = np.argsort(-peak[stars])[:_MOST]
    return x[stars][brightest], y[stars][brightest]


def _sources(
    above: Image, unexposed: NDArray[np.bool_]
) -> tuple[Numbers, Numbers, Numbers, NDArray[np.bool_]]:
    """Position and peak of connected pixels over the noise, and whether they are whole and round.

    Blends are not taken apart: they are no stars to measure.
    """
    labels, count = ndimage.label(above > _SOURCE_SIGMA, np.ones((3, 3)))
    rows, columns = np.nonzero(labels)
    number, light = labels[rows, columns] - 1, above[rows, columns].astype(float)

    flux = np.bincount(number, light, count)

    def mean_of(values: NDArray[Any]) -> Numbers:
        return np.asarray(np.bincount(number, light * values, count) / flux, dtype=float)

    x, y = mean_of(columns), mean_of(rows)
    dx, dy = columns - x[number], rows - y[number]
    xx, yy, xy = map(mean_of, (dx**2, dy**2, dx * dy))
    mean, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    peak = np.zeros(count)
    np.maximum.at(peak, number, light)
    edge = ndimage.maximum_filter(unexposed, 3, mode="constant", cval=1)
    cut = np.bincount(number, edge[rows, columns], count) > 0
    is_round = ~cut & (mean + spread < _LONG_AXIS**2 * (mean - spread))
    large = np.bincount(number, minlength=count) >= _LEAST_PX
    return x[large], y[large], peak[large], is_round[large]


def _half_light_radii(above: Image, x: Numbers, y: Numbers) -> Numbers:
    """Radii in px that hold half of the light within _TOTAL_PX of each position, by bisection."""
    side = 2 * int(_TOTAL_PX) + 3
    stamps = np.nan_to_num(cut_stamps(above, x, y, side))
    dx, dy = pixel_offsets(x, y, side)

    def light(radii: Numbers) -> Numbers:
        return np.asarray((stamps * circle_overlap(dx, dy, radii[:, None, None])).sum((1, 2)))

    half = light(np.full(len(x), _TOTAL_PX)) / 2
    low, high = np.zeros(len(x)), np.full(len(x), _TOTAL_PX)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        less = light(middle) < half
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.asarray((low + high) / 2)


def _isolated(x: Numbers, y: Numbers) -> NDArray[np.bool_]:
    """Return True (N,) for each source without another one within _ALONE_PX."""
    tree = KDTree(np.column_stack([x, y]))
    return np.asarray(tree.query_ball_point(tree.data, _ALONE_PX, return_length=True) == 1)


def _peak_of(sizes: Numbers) -> float:
    """Return the half-sample mode of the sizes (Bickel & Fruehwirth 2006, CSDA 50, 3500)."""
    sample = np.sort(np.asarray(sizes, dtype=float))
    while len(sample) > 3:
        half = (len(sample) + 1) // 2
        spans = sample[half - 1 :] - sample[: len(sample) - half + 1]
        first = int(spans.argmin())
        sample = sample[first : first + half]
    return float(sample.mean())


def _moffat_fwhm(above: Image, x: float, y: float) -> float | None:
    """FWHM in px of a circular Moffat on a flat floor; None where it does not fit."""
    column, row = round(x), round(y)
    box = above[
        max(row - _BOX_PX, 0) : row + _BOX_PX + 1, max(column - _BOX_PX, 0) : column + _BOX_PX + 1
    ]
    rows, columns = np.indices(box.shape)
    rows, columns = rows + max(row - _BOX_PX, 0), columns + max(column - _BOX_PX, 0)
    peak = float(box.max())

    def left_over(guess: Numbers) -> Numbers:
        x0, y0, height, fwhm, beta, floor = guess
        squares = (columns - x0) ** 2 + (rows - y0) ** 2
        model = (1 + squares * (4 * (2 ** (1 / beta) - 1) / fwhm**2)) ** -beta
        return np.asarray((floor + height * model - box / peak).ravel(), dtype=float)

    low = (x - 1.5, y - 1.5, 0.3, 0.5, _BETA[0], -0.2)
    high = (x + 1.5, y + 1.5, 3.0, 15.0, _BETA[1], 0.2)
    fit = least_squares(left_over, (x, y, 1.0, 2.5, 3.0, 0.0), bounds=(low, high), max_nfev=60)
    fwhm = float(fit.x[3])
    fits = np.abs(fit.fun).max() < _FLATTEST and _NARROWEST_PX < fwhm < _WIDEST_PX
    return fwhm if fits else None
