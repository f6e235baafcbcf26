"""The light of a field: points, extended objects and a smooth background.

Objects are drawn on small grids and added to the frame, one band at a time, so that a full frame
with thousands of objects takes seconds. Positions count from 0 at the centre of the
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
    """One component of an object: a point (no profile) or a profile, with an offset."""

    flux: Fluxes
    dx: float = 0.0
    dy: float = 0.0
    profile: Profile | None = None
    axis_ratio: float = 1.0
    angle: float = 0.0

    def scale(self, size: float = 1.0, brightness: float = 1.0) -> "Component":
        """Return it `size` times as wide and as far out, `brightness` times as bright."""
        profile = None if self.profile is None else self.profile.stretch(size)
        return replace(
            self,
            flux=self.flux * brightness,
            dx=self.dx * size,
            dy=self.dy * size,
            profile=profile,
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
    """Add `flux` in the shape of the patch; light outside the plane is lost."""
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
    """The objects of a field and its background."""

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

    def add_object(self, x: float, y: float, components: Iterable[Component]) -> None:
        """Add an object of these components at (x, y)."""
        for component in components:
            px, py = x + component.dx, y + component.dy
            if component.profile is None:
                self.add_points(np.array([px]), np.array([py]), component.flux[:, None])
            else:
                patch = draw(component.profile, (px, py), component.axis_ratio, component.angle)
                self._patches.append((patch, component.flux))

    def light(self, band: int, psf: NDArray[np.float32]) -> Plane:
        """Return the plane (y, x) of a band, electrons/s, convolved with the PSF, without noise."""
        plane = self.background(band)
        if self._x:
            flux = np.concatenate([fluxes[band] for fluxes in self._fluxes])
            splat(plane, np.concatenate(self._x), np.concatenate(self._y), flux)
        for patch, flux in self._patches:
            add_patch(plane, patch, float(flux[band]))
        return convolve(plane, psf)


def convolve(plane: Plane, psf: NDArray[np.float32]) -> Plane:
    """Return the plane convolved with the PSF; the pixels of the edges continue beyond them."""
    reach = psf.shape[0] // 2
    wide = np.pad(plane, reach, mode="edge")
    convolved: Plane = oaconvolve(wide, psf, mode="valid").astype(np.float32, copy=False)
    return convolved
