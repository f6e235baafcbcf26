"""Light on its way to the camera: a sky of points, patches and a smooth background.

Everything is drawn on small local grids and added to the frame, one band at a time, so that a
full frame of thousands of objects costs seconds. Positions count from 0 at the centre of the
first pixel; fluxes are (5,) or (5, N) electrons/s in the order of `classifier.core.bands.BANDS`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve
from scipy.special import erf

from labeling.simulation.instrument import Plane
from labeling.simulation.profiles import PIXEL_SIGMA, Patch, Profile, draw

Fluxes: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """One piece of an object: a point (no profile) or a profile, offset from its position."""

    flux: Fluxes
    dx: float = 0.0
    dy: float = 0.0
    profile: Profile | None = None
    axis_ratio: float = 1.0
    angle: float = 0.0

    def scale(self, size: float = 1.0, brightness: float = 1.0) -> "Component":
        """The part `size` times as wide and as far out, `brightness` times as bright."""
        wider = None if self.profile is None else self.profile.stretch(size)
        return replace(
            self,
            flux=self.flux * brightness,
            dx=self.dx * size,
            dy=self.dy * size,
            profile=wider,
        )


def splat(
    plane: Plane,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    flux: NDArray[np.float64],
    sigma: float = PIXEL_SIGMA,
) -> None:
    """Add points to the plane, each as a Gaussian integrated over 5 x 5 pixels."""
    offsets = np.arange(-2, 3)
    column = np.rint(x).astype(int)[:, None] + offsets  # (N, 5)
    row = np.rint(y).astype(int)[:, None] + offsets  # (N, 5)
    across = _pixel_shares(column - x[:, None], sigma)
    upward = _pixel_shares(row - y[:, None], sigma) * flux[:, None]
    inside_x = (column >= 0) & (column < plane.shape[1])
    inside_y = (row >= 0) & (row < plane.shape[0])
    light = upward[:, :, None] * across[:, None, :]  # (N, 5, 5)
    inside = inside_y[:, :, None] & inside_x[:, None, :]
    flat = row[:, :, None] * plane.shape[1] + column[:, None, :]
    np.add.at(plane.reshape(-1), flat[inside], light[inside].astype(np.float32))


def _pixel_shares(distance: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    scale = sigma * np.sqrt(2.0)
    shares: NDArray[np.float64] = 0.5 * (
        erf((distance + 0.5) / scale) - erf((distance - 0.5) / scale)
    )
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def add_patch(plane: Plane, patch: Patch, flux: float) -> None:
    """Add `flux` in the patch's shape, without what falls outside the plane."""
    height, width = patch.image.shape
    top, left = max(0, -patch.y0), max(0, -patch.x0)
    bottom = min(height, plane.shape[0] - patch.y0)
    right = min(width, plane.shape[1] - patch.x0)
    if top < bottom and left < right:
        rows = slice(patch.y0 + top, patch.y0 + bottom)
        columns = slice(patch.x0 + left, patch.x0 + right)
        plane[rows, columns] += np.float32(flux) * patch.image[top:bottom, left:right]


@dataclass
class Scene:
    """What the sky holds; `light(band)` is what reaches the detector in one band."""

    shape: tuple[int, int]
    background: Callable[[int], Plane]
    _x: list[NDArray[np.float64]] = field(default_factory=list)
    _y: list[NDArray[np.float64]] = field(default_factory=list)
    _fluxes: list[Fluxes] = field(default_factory=list)
    _patches: list[tuple[Patch, Fluxes]] = field(default_factory=list)

    def add_points(self, x: NDArray[np.float64], y: NDArray[np.float64], fluxes: Fluxes) -> None:
        """Add N point sources, `fluxes` (5, N)."""
        self._x.append(np.asarray(x, dtype=float))
        self._y.append(np.asarray(y, dtype=float))
        self._fluxes.append(fluxes)

    def add_object(self, x: float, y: float, parts: Iterable[Component]) -> None:
        """Add an object of several parts at (x, y)."""
        for part in parts:
            px, py = x + part.dx, y + part.dy
            if part.profile is None:
                self.add_points(np.array([px]), np.array([py]), part.flux[:, None])
            else:
                patch = draw(part.profile, (px, py), part.axis_ratio, part.angle)
                self._patches.append((patch, part.flux))

    def light(self, band: int, psf: NDArray[np.float32]) -> Plane:
        """The band's plane (y, x), electrons/s, as the telescope images it, without noise."""
        plane = self.background(band)
        if self._x:
            fluxes = np.concatenate([each[band] for each in self._fluxes])
            splat(plane, np.concatenate(self._x), np.concatenate(self._y), fluxes)
        for patch, flux in self._patches:
            add_patch(plane, patch, float(flux[band]))
        return convolve(plane, psf)


def convolve(plane: Plane, psf: NDArray[np.float32]) -> Plane:
    """The plane seen through the PSF; beyond its edges the sky goes on as at the edge."""
    reach = psf.shape[0] // 2
    wide = np.pad(plane, reach, mode="edge")
    seen: Plane = oaconvolve(wide, psf, mode="valid").astype(np.float32, copy=False)
    return seen
