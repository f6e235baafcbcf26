"""Surface-brightness profiles of clusters and galaxies, and their images.

Radii are pixels. `surface` is flux per square pixel for unit total flux, `enclosed` the share
of the flux within a radius. EFF: Elson, Fall & Freeman 1987, ApJ 323, 54, eq. 1. King: King
1962, AJ 67, 471, eqs. 14 and 18. Sersic: Graham & Driver 2005, PASA 22, 118, eqs. 1-2.
"""

from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import gamma as gamma_function
from scipy.special import gammainc, gammaincinv

Array: TypeAlias = NDArray[np.float64]

PIXEL_SIGMA = 0.5
"""Width in pixels of the smoothing by drizzling, applied to all light."""

OVERSAMPLING = 5
"""Sub-pixels along each axis on which a profile is evaluated."""


class Profile(Protocol):
    """A circular profile of unit flux."""

    def surface(self, radius: Array) -> Array:
        """Return the flux per square pixel at these radii."""

    def enclosed(self, radius: float) -> float:
        """Return the share of the flux within the radius."""

    @property
    def extent(self) -> float:
        """Radius beyond which the profile is not drawn."""

    def stretch(self, factor: float) -> Self:
        """Return the same shape, `factor` times as wide."""


@dataclass(frozen=True)
class EFF:
    """Profile of young clusters: a flat core `a` and a power-law halo, surface ~ r^-slope."""

    a: float
    slope: float

    def __post_init__(self) -> None:
        if self.a <= 0.0 or self.slope <= 2.0:
            raise ValueError("an EFF profile needs a > 0 and a slope above 2 (finite flux)")

    @classmethod
    def of_half_light(cls, radius: float, slope: float) -> Self:
        """Return the profile with half of its flux within `radius`."""
        return cls(radius / float(np.sqrt(2.0 ** (2.0 / (slope - 2.0)) - 1.0)), slope)

    def surface(self, radius: Array) -> Array:
        centre = (self.slope - 2.0) / (2.0 * np.pi * self.a**2)
        return centre * (1.0 + (radius / self.a) ** 2) ** (-self.slope / 2.0)

    def enclosed(self, radius: float) -> float:
        return float(1.0 - (1.0 + (radius / self.a) ** 2) ** (1.0 - self.slope / 2.0))

    @property
    def extent(self) -> float:
        return float(self.a * np.sqrt(10.0 ** (2.0 / (self.slope - 2.0)) - 1.0))

    def stretch(self, factor: float) -> Self:
        return replace(self, a=self.a * factor)


@dataclass(frozen=True)
class King:
    """Profile of old, tidally limited clusters: `core` radius, and `tidal` radius of its end."""

    core: float
    tidal: float

    def surface(self, radius: Array) -> Array:
        edge = 1.0 / np.sqrt(1.0 + (self.tidal / self.core) ** 2)
        inside = np.maximum(1.0 / np.sqrt(1.0 + (radius / self.core) ** 2) - edge, 0.0)
        return np.where(radius < self.tidal, inside**2, 0.0) / self._integral(self.tidal)

    def enclosed(self, radius: float) -> float:
        return self._integral(min(radius, self.tidal)) / self._integral(self.tidal)

    def _integral(self, radius: float) -> float:
        x, edge = (radius / self.core) ** 2, 1.0 + (self.tidal / self.core) ** 2
        terms = np.log1p(x) - 4.0 * (np.sqrt(1.0 + x) - 1.0) / np.sqrt(edge) + x / edge
        return float(np.pi * self.core**2 * terms)

    @property
    def extent(self) -> float:
        return self.tidal

    def stretch(self, factor: float) -> Self:
        return replace(self, core=self.core * factor, tidal=self.tidal * factor)


@dataclass(frozen=True)
class Sersic:
    """Profile of galaxies and diffuse light (`index` 0.5: Gaussian, 1: disc, 4: bulge)."""

    half_light: float
    index: float

    def surface(self, radius: Array) -> Array:
        n, b = self.index, self._b
        total = 2.0 * np.pi * n * self.half_light**2 * b ** (-2.0 * n) * gamma_function(2.0 * n)
        profile: Array = np.exp(-b * (radius / self.half_light) ** (1.0 / n)) / total
        return profile

    def enclosed(self, radius: float) -> float:
        reach = self._b * (radius / self.half_light) ** (1.0 / self.index)
        return float(gammainc(2.0 * self.index, reach))

    @property
    def _b(self) -> float:
        return float(gammaincinv(2.0 * self.index, 0.5))

    @property
    def extent(self) -> float:
        reach = float(gammaincinv(2.0 * self.index, 0.95))
        return float(self.half_light * (reach / self._b) ** self.index)

    def stretch(self, factor: float) -> Self:
        return replace(self, half_light=self.half_light * factor)


@dataclass(frozen=True)
class Patch:
    """An image (y, x) of sum 1 whose first pixel is (x0, y0) of a plane."""

    image: NDArray[np.float32]
    x0: int
    y0: int


def draw(
    profile: Profile,
    centre: tuple[float, float],
    axis_ratio: float = 1.0,
    angle: float = 0.0,
    largest: int = 36,
) -> Patch:
    """Return the image of a profile, normalised to sum 1.

    `centre` is (x, y) counted from 0 at the centre of the first pixel; `angle` in radians turns
    the major axis from +x counter-clockwise; flattening keeps the area within each isophote;
    `largest` bounds the half-width of the patch in pixels.
    """
    half = int(np.clip(np.ceil(profile.extent / np.sqrt(axis_ratio) + 2.0), 5, largest))
    x0, y0 = round(centre[0]) - half, round(centre[1]) - half
    side = (2 * half + 1) * OVERSAMPLING
    step = (np.arange(side) + 0.5) / OVERSAMPLING - 0.5
    dx = (step + x0 - centre[0])[None, :]
    dy = (step + y0 - centre[1])[:, None]
    along = (dx * np.cos(angle) + dy * np.sin(angle)) * np.sqrt(axis_ratio)
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / np.sqrt(axis_ratio)
    fine = profile.surface(np.hypot(along, across)).astype(np.float32)
    fine = gaussian_filter(fine, PIXEL_SIGMA * OVERSAMPLING, truncate=3.0, mode="constant")
    pixels = fine.reshape(2 * half + 1, OVERSAMPLING, 2 * half + 1, OVERSAMPLING).sum(axis=(1, 3))
    return Patch(pixels / pixels.sum(), x0, y0)
