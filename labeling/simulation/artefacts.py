"""Artefacts of the detector: cosmic rays, and the gap between the chips.

In the gap between the chips a pixel has a single exposure, so that cosmic rays are not removed
there. Each is in one band only: the red, green and blue specks of real stamps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.simulation.instrument import Plane
from labeling.simulation.scene import splat

RAY_SIGMA = 0.32
"""Width in pixels of a cosmic ray in a drizzled mosaic; the PSF does not widen it."""


@dataclass(frozen=True)
class Rays:
    """N cosmic-ray tracks of one band: total `energy` in electrons/s, `length` in pixels."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    energy: NDArray[np.float64]
    length: NDArray[np.float64]
    angle: NDArray[np.float64]

    def imprint(self, plane: Plane) -> None:
        """Add the tracks to the plane, as points half a pixel apart along each."""
        points = np.maximum(1, np.ceil(2.0 * self.length)).astype(int)  # (N,)
        track = np.repeat(np.arange(len(points)), points)
        index = np.arange(points.sum()) - np.repeat(np.cumsum(points) - points, points)
        along = (index - (points[track] - 1) / 2.0) * 0.5
        x = self.x[track] + along * np.cos(self.angle[track])
        y = self.y[track] + along * np.sin(self.angle[track])
        splat(plane, x, y, (self.energy / points)[track], RAY_SIGMA)


def draw_rays(
    rng: np.random.Generator,
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    exptime: float,
) -> Rays:
    """Return tracks of random energy, length and direction at these positions (x, y)."""
    count = len(position[0])
    electrons = np.exp(rng.normal(8.6, 0.9, count))
    length = np.minimum(rng.exponential(1.6, count), 7.0)
    angle = rng.uniform(0.0, np.pi, count)
    return Rays(position[0], position[1], electrons / exptime, length, angle)


@dataclass(frozen=True)
class ChipGap:
    """A straight strip with fewer exposures: through (x, y), `angle` in radians."""

    x: float
    y: float
    angle: float
    width: float

    def scatter(
        self, rng: np.random.Generator, count: int, reach: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return random positions (x, y) in the strip, within `reach` along it."""
        along = rng.uniform(-reach, reach, count)
        across = rng.uniform(-0.5, 0.5, count) * self.width
        x = self.x + along * np.cos(self.angle) - across * np.sin(self.angle)
        y = self.y + along * np.sin(self.angle) + across * np.cos(self.angle)
        return x, y
