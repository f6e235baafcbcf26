"""The galaxy: a smooth disc, spiral arms, dust, and the density of its young stars.

Computed on a coarse grid, since the galaxy is smooth, and enlarged band by band, so that memory
never holds a full frame in five bands.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from classifier.core.bands import BANDS
from labeling.simulation import seds
from labeling.simulation.instrument import Plane, ZeroPoint

Coarse: TypeAlias = NDArray[np.float64]

ARM_WIDTHS = ((1.5, 0.5), (6.0, 1.0), (18.0, 0.5))
"""Widths in cells of the arms around a catalogue's sources, and the share of each."""

CELL = 8
"""Pixels along the side of a cell of the coarse grid."""


@dataclass(frozen=True)
class Galaxy:
    """Light of old and young stars and the dust in front of them, on cells of `CELL` pixels.

    `old`, `young`: V flux without dust, electrons/s/px, (rows, columns); `reddening`: E(B-V);
    `crowding`: density of young stars and clusters, with sum 1.
    """

    shape: tuple[int, int]
    old: Coarse
    young: Coarse
    reddening: Coarse
    crowding: Coarse

    def plane(self, band: int, zero_points: dict[str, ZeroPoint]) -> Plane:
        """Return the surface brightness in one band, (y, x) electrons/s/px."""
        reference = zero_points["V"].vega
        offset = zero_points[BANDS[band]].vega - reference
        light = np.zeros_like(self.old)
        for stars, colours in ((self.old, seds.cluster(4000.0, 0.0)), (self.young, YOUNG)):
            light += stars * 10.0 ** (0.4 * (offset - colours[band]))
        light *= 10.0 ** (-0.4 * seds.EXTINCTION[band] * self.reddening)
        return enlarge(light, self.shape)

    def scatter(
        self, rng: np.random.Generator, count: int, evenly: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return random positions (x, y) in px by the crowding; a share `evenly` is uniform."""
        weights = (1.0 - evenly) * self.crowding + evenly / self.crowding.size
        cell = rng.choice(self.crowding.size, size=count, p=(weights / weights.sum()).ravel())
        row, column = np.divmod(cell, self.crowding.shape[1])
        x = (column + rng.random(count)) * CELL - 0.5
        y = (row + rng.random(count)) * CELL - 0.5
        return np.minimum(x, self.shape[1] - 1.0), np.minimum(y, self.shape[0] - 1.0)


YOUNG = seds.cluster(4.0, 0.08)
"""Colours of the light of the arms."""


def cells(shape: tuple[int, int]) -> tuple[Coarse, Coarse]:
    """Return the pixel coordinates (x, y) of the centres of the cells, each (rows, columns)."""
    rows, columns = (-(-side // CELL) for side in shape)
    y, x = np.mgrid[:rows, :columns] * float(CELL) + (CELL - 1) / 2.0
    return x, y


def enlarge(coarse: Coarse, shape: tuple[int, int]) -> Plane:
    """Interpolate a coarse map linearly on all pixels."""
    rows = (np.arange(shape[0]) - (CELL - 1) / 2.0) / CELL
    columns = (np.arange(shape[1]) - (CELL - 1) / 2.0) / CELL
    tall = _along_rows(coarse.astype(np.float32), rows)
    return np.ascontiguousarray(_along_rows(tall.T, columns).T)


def _along_rows(values: NDArray[np.float32], positions: NDArray[np.float64]) -> Plane:
    low = np.clip(np.floor(positions).astype(int), 0, max(0, len(values) - 2))
    high = np.minimum(low + 1, len(values) - 1)
    share = np.clip(positions - low, 0.0, 1.0).astype(np.float32)[:, None]
    interpolated: Plane = values[low] * (1.0 - share) + values[high] * share
    return interpolated


def patchiness(rng: np.random.Generator, shape: tuple[int, ...], strength: float) -> Coarse:
    """Return factors around 1 that make smooth light patchy, on scales of 2 to 12 cells."""
    cloud = np.zeros(shape)
    for cells_wide, share in ((2.0, 0.5), (5.0, 0.7), (12.0, 0.5)):
        layer = gaussian_filter(rng.standard_normal(shape), cells_wide, mode="nearest")
        cloud += share * layer / max(float(layer.std()), 1e-12)
    return np.exp(strength * cloud)


def spiral(
    shape: tuple[int, int], rng: np.random.Generator, zero_point: ZeroPoint, pixel_scale: float
) -> Galaxy:
    """Return a two-armed spiral with its centre in the frame; its sizes scale with the frame."""
    x, y = cells(shape)
    size = float(min(shape))
    centre = np.array([shape[1], shape[0]]) * rng.uniform(0.35, 0.65, 2)
    dx, dy = x - centre[0], (y - centre[1]) / 0.8
    radius = np.hypot(dx, dy) + 1.0
    winding = 2.0 * (np.arctan2(dy, dx) - np.log(radius / size) / np.tan(0.33))
    winding += 0.8 * np.log(patchiness(rng, x.shape, 0.5)) + rng.uniform(0.0, 2.0 * np.pi)
    arms = np.exp(4.0 * (np.cos(winding) - 1.0)) * patchiness(rng, x.shape, 0.45)
    arms *= np.exp(-radius / (0.45 * size)) * np.clip(radius / (0.12 * size), 0.0, 1.0)
    dust = np.exp(5.0 * (np.cos(winding + 0.7) - 1.0)) * patchiness(rng, x.shape, 0.5)

    def brightness(magnitude_arcsec2: float) -> float:
        return zero_point.flux(magnitude_arcsec2) * pixel_scale**2

    old = brightness(21.3) * np.exp(-radius / (0.25 * size))
    old += brightness(18.9) * np.exp(-((radius / (0.02 * size)) ** 0.7))
    young = brightness(21.6) * arms
    reddening = 0.12 * dust * np.exp(-radius / (0.7 * size))
    return Galaxy(shape, old, young, reddening, arms / arms.sum())


def galaxy_around(
    sources: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    centre: tuple[float, float],
    shape: tuple[int, int],
    rng: np.random.Generator,
    zero_point: ZeroPoint,
    pixel_scale: float,
) -> Galaxy:
    """Return a disc with arms at its sources (x, y, weight); `centre` is (x, y) in px."""
    x, y = cells(shape)
    radius = np.hypot(x - centre[0], y - centre[1]) + 1.0
    edges = [np.arange(side + 1) * CELL - 0.5 for side in x.shape]
    density, _, _ = np.histogram2d(
        sources[1], sources[0], bins=(edges[0], edges[1]), weights=sources[2]
    )
    # Young light is brightest close to the young sources, and falls off along the arm.
    arms = sum(share * gaussian_filter(density, wide) for wide, share in ARM_WIDTHS)
    arms = np.minimum(arms / np.percentile(arms, 98.0), 5.0) * patchiness(rng, x.shape, 0.4)

    def brightness(magnitude_arcsec2: float) -> float:
        return zero_point.flux(magnitude_arcsec2) * pixel_scale**2

    old = brightness(20.6) * np.exp(-radius / 900.0)
    old += brightness(16.5) * np.exp(-((radius / 25.0) ** 0.6))
    reddening = 0.12 * arms * patchiness(rng, x.shape, 0.6)
    return Galaxy(shape, old, brightness(21.3) * arms, reddening, arms / arms.sum())
