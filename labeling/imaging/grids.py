"""Pixel grids: where the pixels of one image lie on those of a reference image.

Positions and shifts are in px; the centre of the first pixel is 0. Positions are compared by the
full WCS of both images, distortions included, at points over all of their common area.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from astropy.coordinates import angular_separation
from astropy.wcs import WCS
from numpy.typing import NDArray

from labeling.imaging.celestial import (
    Pixels,
    UnusableWCS,
    centre_of,
    frame_name,
    icrs_to_pixel,
    pixel_to_icrs,
    read_wcs,
    wcs_header,
)

GRID_TOLERANCE_PX = 0.1
"""Largest distance from a shift by whole pixels at which two grids count as the same."""
_POINTS = 25
"""Points along each side of an image, its edges included, at which positions are compared."""


@dataclass(frozen=True)
class Grid:
    """The pixels of an image: their WCS and their number (height, width)."""

    wcs: WCS
    shape: tuple[int, int]

    def lattice(self) -> tuple[Pixels, Pixels]:
        """Return positions (x, y) over the whole image: corners, edges and centre among them."""
        height, width = self.shape
        x, y = np.meshgrid(np.linspace(0, width - 1, _POINTS), np.linspace(0, height - 1, _POINTS))
        return x.ravel(), y.ravel()

    def contains(self, x: Pixels, y: Pixels) -> NDArray[np.bool_]:
        """Return True for each position on a pixel of the image; False for NaN."""
        height, width = self.shape
        contained: NDArray[np.bool_] = (
            (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
        )
        return contained

    def positions_on(self, other: Grid, x: Pixels, y: Pixels) -> tuple[Pixels, Pixels]:
        """Return where another image has the sky of these positions."""
        return icrs_to_pixel(other.wcs, *pixel_to_icrs(self.wcs, x, y))


@dataclass(frozen=True)
class GridComparison:
    """How the pixels of an image lie on those of a reference image.

    `dx`, `dy` are the median shift in px: to be added to a position on the reference. `scale` is
    how many pixels of the image one pixel of the reference spans, `rotation_deg` the angle
    anticlockwise from the reference to the image. `deviation_px` is the largest distance from the
    nearest shift by whole pixels, `overlap` the share of the reference that the image covers, and
    `separation_deg` the distance of their centres on the sky. `frames` are the names of both sky
    frames if the pixels would agree, were it not for these names.
    """

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    rotation_deg: float = 0.0
    mirrored: bool = False
    deviation_px: float = np.inf
    overlap: float = 0.0
    separation_deg: float = 0.0
    frames: tuple[str, str] | None = None

    @property
    def is_same_grid(self) -> bool:
        """True if the pixels are those of the reference, shifted by whole pixels at most."""
        return self.overlap > 0 and self.deviation_px <= GRID_TOLERANCE_PX

    @property
    def whole_shift(self) -> tuple[int, int]:
        """The nearest shift (dx, dy) by whole pixels."""
        return round(self.dx), round(self.dy)

    def mismatch(self, reference: str) -> str:
        """Return how the image differs from the reference of this name; empty for one grid."""
        if self.is_same_grid:
            return ""
        if not self.overlap:
            distance = _angle(self.separation_deg)
            return (
                f"it covers no part of {reference}: their centres are {distance} apart"
                f"{self._frames_clause()}"
            )
        differences = [f"shifted by ({self.dx:z.2f}, {self.dy:z.2f}) px"]
        if abs(self.scale - 1) >= 5e-5:
            differences.append(f"scaled by {self.scale:.4f}")
        if abs(self.rotation_deg) >= 5e-4:
            differences.append(f"rotated by {self.rotation_deg:.3f}°")
        if self.mirrored:
            differences.append("mirrored")
        return (
            f"its pixels are not those of {reference}: they are {', '.join(differences)}, up to "
            f"{self.deviation_px:.2f} px from any shift by whole pixels{self._frames_clause()}"
        )

    def _frames_clause(self) -> str:
        """Return that the names of the frames make the difference, to end a sentence."""
        if self.frames is None:
            return ""
        return (
            f" (its header names the frame {self.frames[0]}, the other {self.frames[1]}, and with "
            "one frame the pixels agree: if one header is wrong, correct its RADESYS and EQUINOX)"
        )


def _angle(degrees: float) -> str:
    if degrees >= 1:
        return f"{degrees:.2f}°"
    return f"{degrees * 60:.1f}′" if degrees >= 1 / 60 else f"{degrees * 3600:.1f}″"


def compare_grids(grid: Grid, reference: Grid) -> GridComparison:
    """Measure where the pixels of an image lie on those of the reference."""
    comparison = _compare(grid, reference)
    if comparison.is_same_grid:
        return comparison
    return replace(comparison, frames=_frames_that_differ(grid, reference))


def _frames_that_differ(grid: Grid, reference: Grid) -> tuple[str, str] | None:
    """Return the names of two equatorial frames if with one of them the pixels agree."""
    names = frame_name(grid.wcs), frame_name(reference.wcs)
    types = [wcs.wcs.ctype[wcs.wcs.lng][:4] for wcs in (grid.wcs, reference.wcs)]
    if names[0] == names[1] or types != ["RA--", "RA--"]:
        return None
    renamed = grid.wcs.deepcopy()
    renamed.wcs.radesys = reference.wcs.wcs.radesys
    renamed.wcs.equinox = reference.wcs.wcs.equinox
    return names if _compare(Grid(renamed, grid.shape), reference).is_same_grid else None


def covered_share(grid: Grid | None, reference: Grid | None) -> float:
    """Return the share of the reference that an image covers; 1 without a WCS."""
    if grid is None or reference is None:
        return 1.0
    comparison = compare_grids(grid, reference)
    if not comparison.is_same_grid:
        return comparison.overlap
    sides = [
        max(0, min(length, of_reference + shift) - max(0, shift))
        for length, of_reference, shift in zip(
            grid.shape[::-1], reference.shape[::-1], comparison.whole_shift, strict=True
        )
    ]
    return sides[0] * sides[1] / (reference.shape[0] * reference.shape[1])


def _compare(grid: Grid, reference: Grid) -> GridComparison:
    """Measure where the pixels of an image lie on those of the reference, in their own frames."""
    x, y = reference.lattice()
    on_grid = reference.positions_on(grid, x, y)
    inside = grid.contains(*on_grid)
    pairs = [np.stack([x, y, *on_grid])[:, inside]]
    # The image may cover a part of the reference that lies between the points above.
    u, v = grid.lattice()
    on_reference = grid.positions_on(reference, u, v)
    pairs.append(np.stack([*on_reference, u, v])[:, reference.contains(*on_reference)])
    points = np.concatenate(pairs, axis=1)
    overlap = _overlap(inside, points.shape[1])
    separation = _separation_deg(grid, reference)
    if not overlap:
        return GridComparison(separation_deg=separation)
    shifts = points[2:] - points[:2]
    dx, dy = (float(value) for value in np.median(shifts, axis=1))
    deviation = np.hypot(shifts[0] - round(dx), shifts[1] - round(dy)).max()
    matrix = _matrix(points)
    determinant = float(np.linalg.det(matrix))
    # For a mirrored image this is the rotation of its second axis.
    rotation = np.degrees(np.arctan2(-matrix[0, 1], matrix[1, 1]))
    return GridComparison(
        dx=dx,
        dy=dy,
        scale=abs(determinant) ** 0.5,
        rotation_deg=float(rotation),
        mirrored=determinant < 0,
        deviation_px=float(deviation),
        overlap=overlap,
        separation_deg=separation,
    )


def _overlap(inside: NDArray[np.bool_], n_points: int) -> float:
    """Return the share of the reference's points on the image; above 0 if any pair of points is."""
    if not n_points:
        return 0.0
    return max(float(inside.mean()), 1 / inside.size)


def _matrix(points: Pixels) -> NDArray[np.float64]:
    """Return the linear part of the mapping from x, y to u, v; `points` is (4, point)."""
    origin = points.mean(axis=1, keepdims=True)
    start, end = np.split(points - origin, 2)
    if np.linalg.matrix_rank(start @ start.T) < 2:
        return np.eye(2)
    solution: NDArray[np.float64] = np.linalg.lstsq(start.T, end.T, rcond=None)[0].T
    return solution


def _separation_deg(grid: Grid, reference: Grid) -> float:
    """Return the distance on the sky between the centres of two images."""
    centres = [pixel_to_icrs(g.wcs, *centre_of(g.wcs, g.shape)) for g in (grid, reference)]
    (ra, dec), (ra_reference, dec_reference) = np.radians(centres)
    return float(np.degrees(angular_separation(ra, dec, ra_reference, dec_reference)))


def wcs_as_text(grid: Grid) -> str:
    """Return the WCS as cards in one string, from which it can be read again.

    Raises UnusableWCS if positions by the cards differ: lookup tables are not cards.
    """
    header = wcs_header(grid.wcs)
    again = read_wcs(header)
    deviation = np.inf
    if again is not None:
        deviation = compare_grids(Grid(again, grid.shape), grid).deviation_px
    if not deviation <= GRID_TOLERANCE_PX:
        raise UnusableWCS(
            f"its WCS has a distortion of up to {deviation:.2f} px in tables of the file, which "
            "only the drizzled image is free of; import that one"
        )
    return str(header.tostring())


def grid_shift(grid: Grid | None, reference: Grid | None) -> tuple[float, float]:
    """Return (dx, dy) in px to add to a position on the reference; (0, 0) without a WCS.

    A shift of one and the same grid is by whole pixels. Other shifts occur in fields of earlier
    versions, and are those measured.
    """
    if grid is None or reference is None:
        return 0.0, 0.0
    comparison = compare_grids(grid, reference)
    if comparison.is_same_grid:
        dx, dy = comparison.whole_shift
        return float(dx), float(dy)
    return comparison.dx, comparison.dy
