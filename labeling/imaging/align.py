"""Resample an image onto the pixels of a reference image, so that all flux is kept.

Each pixel of the result is the mean of the image over the pixel's area on the sky, by the package
reproject (`reproject_exact`: the overlap of spherical polygons). An image in flux per pixel is then
multiplied by how many of its pixels one new pixel covers, so that the sum over a source stays; one
in surface brightness is not. Images are (y, x) float32; NaN and regions of zeros are unobserved,
and so is a new pixel of which less than half was observed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import numpy as np
from astropy import units
from astropy.coordinates import ICRS, SkyCoord
from astropy.wcs import WCS
from astropy.wcs.wcsapi import BaseLowLevelWCS
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import binary_opening

from labeling.imaging.celestial import Degrees, Pixels, icrs_to_pixel, pixel_to_icrs
from labeling.imaging.grids import Grid

Image = NDArray[np.float32]

STRIP_ROWS = 128
"""Rows of the result that are computed at a time."""
_MARGIN_PX = 3
"""Pixels around what a strip covers by its outline, which may be bent."""
_LEAST_OBSERVED = 0.5
_UNOBSERVED_SIDE = 5
"""Zeros are taken for unobserved in squares of so many pixels; a single zero is a measurement."""
_OUTLINE_POINTS = 33
_STEP_PX = 20.0
"""Half of the distance over which the area of pixels is measured."""
INSTALLED = find_spec("reproject") is not None


def is_surface_brightness(unit: str) -> bool:
    """True for a unit per solid angle, as MJy/sr; False per pixel, as electrons/s, or unknown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)
        parsed: Any = units.Unit(unit.strip(), parse_strict="silent")
    if isinstance(parsed, units.UnrecognizedUnit):
        return False
    factors = zip(parsed.decompose().bases, parsed.decompose().powers, strict=True)
    return any(base == units.rad and power == -2 for base, power in factors)


def resample(
    image: Image, grid: Grid, reference: Grid, *, per_area: bool
) -> Iterator[tuple[int, Image]]:
    """Yield strips of the image on the reference's pixels, as (first row, pixels).

    `per_area` is True for surface brightness. It needs the package reproject, see INSTALLED.
    """
    for first in range(0, reference.shape[0], STRIP_ROWS):
        rows = min(STRIP_ROWS, reference.shape[0] - first)
        yield first, _strip(image, grid, reference, first, rows, per_area=per_area)


def _strip(
    image: Image, grid: Grid, reference: Grid, first: int, rows: int, *, per_area: bool
) -> Image:
    """Return some rows of the result."""
    from reproject import reproject_exact  # noqa: PLC0415

    strip = np.full((rows, reference.shape[1]), np.nan, np.float32)
    window = _window(grid, reference, first, rows)
    if window is None:
        return strip
    pixels = np.array(image[window], dtype=np.float64)
    observed = ~_unobserved(pixels)
    if not observed.any():
        return strip
    corner = (window[0].start, window[1].start)
    (total, share), covered = reproject_exact(
        (np.stack([np.where(observed, pixels, 0.0), observed]), _IcrsPixels(grid.wcs, *corner)),
        _IcrsPixels(reference.wcs, first, 0),
        shape_out=(2, *strip.shape),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        # The mean over the observed part of each pixel.
        values = total / share
        complete = share * covered[0] >= _LEAST_OBSERVED
    if not per_area:
        values *= _area_ratio(grid, reference, first, rows)
    strip[complete] = values[complete]
    return strip


def _window(grid: Grid, reference: Grid, first: int, rows: int) -> tuple[slice, slice] | None:
    """Return the part (y, x) of the image that the rows of the reference cover."""
    width = reference.shape[1]
    x, y = np.meshgrid(
        np.linspace(-0.5, width - 0.5, _OUTLINE_POINTS),
        np.linspace(first - 0.5, first + rows - 0.5, _OUTLINE_POINTS),
    )
    sides = []
    for along, size in zip(reference.positions_on(grid, x, y), reversed(grid.shape), strict=True):
        finite = along[np.isfinite(along)]
        if not finite.size:
            return None
        start = int(max(np.floor(finite.min()) - _MARGIN_PX, 0))
        stop = int(min(np.ceil(finite.max()) + _MARGIN_PX + 1, size))
        if start >= stop:
            return None
        sides.append(slice(start, stop))
    return sides[1], sides[0]


def _unobserved(pixels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return True for pixels without an exposure."""
    missing = ~np.isfinite(pixels)
    empty = missing | (pixels == 0)
    # Beyond the window, the region of zeros may go on.
    padded = np.pad(empty, _UNOBSERVED_SIDE, mode="edge")
    opened = binary_opening(padded, np.ones((_UNOBSERVED_SIDE, _UNOBSERVED_SIDE)))
    inner = slice(_UNOBSERVED_SIDE, -_UNOBSERVED_SIDE)
    unobserved: NDArray[np.bool_] = missing | opened[inner, inner]
    return unobserved


def _area_ratio(grid: Grid, reference: Grid, first: int, rows: int) -> NDArray[np.float64]:
    """Return how many pixels of the image one of the reference covers, for each of these rows."""
    columns = np.linspace(0, reference.shape[1] - 1, _OUTLINE_POINTS)
    lines = np.linspace(first, first + max(rows - 1, 1), 3)
    x, y = np.meshgrid(columns, lines)
    steps = []
    for dx, dy in ((_STEP_PX, 0.0), (0.0, _STEP_PX)):
        ends = [np.array(reference.positions_on(grid, x + k * dx, y + k * dy)) for k in (1, -1)]
        steps.append((ends[0] - ends[1]) / (2 * _STEP_PX))
    (ux, vx), (uy, vy) = steps
    area = RectBivariateSpline(lines, columns, np.abs(ux * vy - uy * vx), kx=1, ky=1)
    ratio: NDArray[np.float64] = area(first + np.arange(rows), np.arange(reference.shape[1]))
    return ratio


class _IcrsPixels(BaseLowLevelWCS):  # type: ignore[misc]
    """ICRS degrees of the pixels of a part of an image, in the form that reproject takes."""

    pixel_n_dim = world_n_dim = 2
    world_axis_physical_types = ("pos.eq.ra", "pos.eq.dec")
    world_axis_units = ("deg", "deg")
    world_axis_object_components = (
        ("sky", 0, "spherical.lon.degree"),
        ("sky", 1, "spherical.lat.degree"),
    )
    world_axis_object_classes = MappingProxyType(
        {"sky": (SkyCoord, (), {"frame": ICRS(), "unit": "deg"})}
    )

    def __init__(self, wcs: WCS, y0: int, x0: int) -> None:
        self.wcs, self.y0, self.x0 = wcs, y0, x0

    def pixel_to_world_values(self, *pixel_arrays: ArrayLike) -> tuple[Degrees, Degrees]:
        """Return RA and Dec of these positions (x, y)."""
        x, y = (np.asarray(array) for array in pixel_arrays)
        return pixel_to_icrs(self.wcs, x + self.x0, y + self.y0)

    def world_to_pixel_values(self, *world_arrays: ArrayLike) -> tuple[Pixels, Pixels]:
        """Return the positions (x, y) of RA and Dec."""
        x, y = icrs_to_pixel(self.wcs, *world_arrays)
        return x - self.x0, y - self.y0
