"""Field stars: those of the galaxy, and bright foreground stars with diffraction spikes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from labeling.simulation import seds
from labeling.simulation.instrument import FULL_WELL, Plane, ZeroPoint
from labeling.simulation.psf import cross
from labeling.simulation.scene import Fluxes

SPIKE_LENGTH = 140
"""Length in px to which the spikes of a saturated star are drawn."""


def luminosity_function(
    rng: np.random.Generator, count: int, bright: float, faint: float, slope: float = 0.4
) -> NDArray[np.float64]:
    """Return magnitudes with dN/dm ~ 10^(slope m); a slope of 0.4 is dN/dL ~ L^-2."""
    low, high = 10.0 ** (slope * bright), 10.0 ** (slope * faint)
    return np.asarray(np.log10(low + rng.random(count) * (high - low)) / slope)


def fluxes_of(
    magnitudes: NDArray[np.float64], zero_points: Mapping[str, ZeroPoint]
) -> NDArray[np.float64]:
    """Return the electrons/s of Vega magnitudes, whose first axis is the band; 0 for NaN."""
    vega = np.array([zero_points[band].vega for band in BANDS])
    vega = vega.reshape(-1, *([1] * (magnitudes.ndim - 1)))
    flux: NDArray[np.float64] = np.nan_to_num(10.0 ** (0.4 * (vega - magnitudes)), nan=0.0)
    return flux


def spectral_types(rng: np.random.Generator, count: int, young: float) -> NDArray[np.float64]:
    """Return spectral types for `seds.stars`: a share `young` hot, the others red giants."""
    hot = rng.random(count) < young
    return np.where(hot, np.abs(rng.normal(0.0, 0.6, count)), rng.uniform(4.2, 6.0, count))


def field_stars(
    rng: np.random.Generator,
    magnitudes: NDArray[np.float64],
    young: float,
    zero_points: Mapping[str, ZeroPoint],
) -> Fluxes:
    """Return the fluxes (5, N) of field stars with these V magnitudes."""
    types = spectral_types(rng, len(magnitudes), young)
    return fluxes_of(magnitudes + seds.stars(types), zero_points)


@dataclass(frozen=True)
class SaturatedStar:
    """A foreground star that saturates; (x, y) from 0, `angle` of its first spike."""

    x: float
    y: float
    flux: Fluxes
    angle: float

    def bead(self, arm: int, order: int) -> tuple[float, float]:
        """Return the position (x, y) of a bead of light in V along a spike (0 to 3)."""
        away = _bead_spacing(BANDS.index("V")) * (order + 2.0)
        angle = self.angle + arm * np.pi / 2.0
        return self.x + away * np.cos(angle), self.y + away * np.sin(angle)

    def imprint(self, plane: Plane, band: int, zero_point: ZeroPoint) -> None:
        """Add the long spikes and the bleeding column, which the PSF is too small for."""
        self._add_spikes(plane, band)
        self._add_bleeding(plane, band, zero_point)

    def _add_spikes(self, plane: Plane, band: int) -> None:
        top, left = max(0, round(self.y) - SPIKE_LENGTH), max(0, round(self.x) - SPIKE_LENGTH)
        window = plane[top : round(self.y) + SPIKE_LENGTH, left : round(self.x) + SPIKE_LENGTH]
        dx = (np.arange(window.shape[1]) + left - self.x)[None, :]
        dy = (np.arange(window.shape[0]) + top - self.y)[:, None]
        radius = np.hypot(dx, dy)
        beads = 1.0 + 0.8 * np.cos(2.0 * np.pi * radius / _bead_spacing(band))
        fade = np.clip(1.0 - radius / SPIKE_LENGTH, 0.0, None)
        arms = cross(dx, dy, self.angle, width=0.9) * beads * fade / (radius + 5.0) ** 1.7
        halo = 0.01 * fade / (radius + 3.0) ** 2.3
        window += (self.flux[band] * (0.011 * arms + halo)).astype(np.float32)

    def _add_bleeding(self, plane: Plane, band: int, zero_point: ZeroPoint) -> None:
        saturation = FULL_WELL * zero_point.exposures / zero_point.exptime
        excess = 0.2 * self.flux[band] - saturation
        if excess <= 0.0:
            return
        half = int(min(excess / saturation / 2.0 + 1.0, 40.0))
        row, column = round(self.y), round(self.x)
        if 0 <= column < plane.shape[1]:
            plane[max(0, row - half) : max(0, row + half + 1), column] += np.float32(saturation)


def _bead_spacing(band: int) -> float:
    # Diffraction beads the spikes at a spacing proportional to the wavelength.
    return (6.0, 7.3, 9.4, 11.5, 17.4)[band]
