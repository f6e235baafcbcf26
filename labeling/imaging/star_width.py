"""How wide stars are on a mosaic: the width against which a candidate's own is judged.

Stars are found as PSFEx finds them (Bertin 2011, ASPC 442, 435): among bright, isolated, round
sources those of one brightness after another share one half-light radius, so that stars stand out
as a narrow peak of the distribution of sizes, with clusters and galaxies to its right and cosmic
rays to its left. Each is fitted by a circular Moffat (1969, A&A 3, 455) at the centres of the
pixels, as the examine panel fits candidates; the answer is the median.
"""

from __future__ import annotations

import numpy as np
import sep
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial import KDTree

from labeling.imaging.mosaics import Image

Numbers = NDArray[np.float64]

_SIDE_PX = 1536
"""The middle of the exposed part is enough, and all that there is time for."""
_BRIGHT_SIGMA = 30.0
_LONG_AXIS = 1.4  # of the short one; stars of 2 px are no rounder than that
_ALONE_PX = 8.0
_LOCUS = 0.12  # half the width of the peak of sizes, as a share of its place
_FEWEST, _MOST = 8, 40
_BOX_PX = 7  # either side of a star
_NARROWEST_PX, _WIDEST_PX = 1.0, 10.0
_BETA = (1.2, 12.0)
_FLATTEST = 0.2  # share of the peak that a fit may leave


def star_fwhm(image: Image) -> float | None:
    """Median FWHM in px of the stars in the middle of an image (y, x); None with too few.

    Pixels that are NaN or exactly 0 were not exposed.
    """
    pixels = _middle(image)
    unexposed = ~np.isfinite(pixels) | (pixels == 0)
    if unexposed.all():
        return None
    pixels = np.where(unexposed, np.float32(0), pixels)
    sky = sep.Background(pixels, mask=unexposed)
    above = pixels - sky.back()
    x, y = _stars(above, sky.globalrms, unexposed)
    widths = [_moffat_fwhm(above, *place) for place in zip(x, y, strict=True)]
    known = [width for width in widths if width is not None]
    return float(np.median(known)) if len(known) >= _FEWEST else None


def _middle(image: Image) -> Image:
    """At most _SIDE_PX square about the middle of what was exposed, contiguous."""
    exposed = np.isfinite(image[::16, ::16]) & (image[::16, ::16] != 0)
    window = []
    for axis, side in enumerate(image.shape):
        places = 16 * np.flatnonzero(exposed.any(axis=1 - axis))
        centre = int(places[0] + places[-1]) // 2 if places.size else side // 2
        first = max(0, min(centre - _SIDE_PX // 2, side - _SIDE_PX))
        window.append(slice(first, first + _SIDE_PX))
    return np.ascontiguousarray(image[tuple(window)], dtype=np.float32)


def _stars(above: Image, noise: float, unexposed: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Positions of the brightest stars on an image above its sky."""
    # Without taking blends apart: they are no stars to measure, and in crowds too many for sep.
    sep.set_extract_pixstack(above.size)
    found = sep.extract(above, 5.0, err=noise, mask=unexposed, minarea=4, deblend_cont=1.0)
    good = _isolated(found["x"], found["y"])
    good &= (found["flag"] == 0) & (found["peak"] > _BRIGHT_SIGMA * noise)
    good &= found["a"] < _LONG_AXIS * found["b"]
    some = found[good]
    radii, flags = sep.flux_radius(above, some["x"], some["y"], np.full(len(some), 6.0), 0.5)
    some, radii = some[flags == 0], radii[flags == 0]
    if len(some) < _FEWEST:
        return np.empty(0), np.empty(0)
    stars = some[np.abs(radii / _peak_of(radii) - 1) < _LOCUS]
    chosen = stars[np.argsort(-stars["peak"])][:_MOST]
    return chosen["x"], chosen["y"]


def _isolated(x: Numbers, y: Numbers) -> NDArray[np.bool_]:
    """Whether no other source lies within _ALONE_PX."""
    tree = KDTree(np.column_stack([x, y]))
    return np.asarray(tree.query_ball_point(tree.data, _ALONE_PX, return_length=True) == 1)


def _peak_of(sizes: Numbers) -> float:
    """Where sizes crowd: the half-sample mode (Bickel & Fruehwirth 2006, CSDA 50, 3500)."""
    some = np.sort(np.asarray(sizes, dtype=float))
    while len(some) > 3:
        half = (len(some) + 1) // 2
        spans = some[half - 1 :] - some[: len(some) - half + 1]
        first = int(spans.argmin())
        some = some[first : first + half]
    return float(some.mean())


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
