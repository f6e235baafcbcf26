"""Photometry of the mosaics as in LEGUS: aperture magnitudes and concentration index.

Positions count from 0; planes are (y, x) electrons/s. Source: Adamo et al. 2017, ApJ 841, 131,
section 3: 4 px aperture, sky from 7 to 8 px, one average aperture correction.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.imaging.apertures import aperture_sum, pixel_offsets
from labeling.imaging.stamps import cut_stamps
from labeling.simulation.instrument import Plane, ZeroPoint
from labeling.simulation.profiles import EFF, draw
from labeling.simulation.scene import add_patch, convolve

APERTURE, SKY_INNER, SKY_OUTER = 4.0, 7.0, 8.0
"""Radii in pixels."""

_SIDE = 19
"""Side in px of the square that contains the ring of sky."""


@dataclass(frozen=True)
class Brightness:
    """Net aperture flux and its error, electrons/s, (N,)."""

    flux: NDArray[np.float64]
    error: NDArray[np.float64]

    def magnitudes(
        self, zero_point: ZeroPoint, correction: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Vega magnitudes and errors, NaN for sources with S/N below 1."""
        detected = self.flux > self.error
        flux = np.where(detected, self.flux, np.nan)
        return zero_point.vega - 2.5 * np.log10(flux) + correction, 1.0857 * self.error / flux


def local_sky(
    plane: Plane, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return median and robust scatter (N,) of the pixels 7 to 8 px from each position."""
    radius = np.hypot(*pixel_offsets(x, y, _SIDE))
    in_ring = (radius >= SKY_INNER) & (radius <= SKY_OUTER)
    ring = np.where(in_ring, cut_stamps(plane, x, y, _SIDE), np.nan)
    level = np.nanmedian(ring, axis=(1, 2))
    scatter = 1.4826 * np.nanmedian(abs(ring - level[:, None, None]), axis=(1, 2))
    return level, scatter


def measure_flux(
    plane: Plane,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: float,
    exptime: float,
) -> Brightness:
    """Return the flux within `radius` px of each position, minus the local sky."""
    level, scatter = local_sky(plane, x, y)
    area = np.pi * radius**2
    flux = aperture_sum(plane, x, y, radius) - level * area
    pixels_of_sky = np.pi * (SKY_OUTER**2 - SKY_INNER**2)
    variance = np.maximum(flux, 0.0) / exptime + scatter**2 * (area + area**2 / pixels_of_sky)
    return Brightness(flux, np.sqrt(variance))


def concentration(
    plane: Plane, x: NDArray[np.float64], y: NDArray[np.float64], exptime: float
) -> NDArray[np.float64]:
    """Return mag(1 px) - mag(3 px) of each source; NaN unless both fluxes are positive."""
    small, large = (measure_flux(plane, x, y, radius, exptime).flux for radius in (1.0, 3.0))
    ratio = np.where((small > 0.0) & (large > 0.0), large, np.nan) / np.where(
        small > 0.0, small, 1.0
    )
    index: NDArray[np.float64] = 2.5 * np.log10(ratio)
    return index


def aperture_correction(psf: NDArray[np.float32], half_light: float) -> float:
    """Return the total minus the 4 px magnitude of a typical round cluster."""
    plane = np.zeros((121, 121), dtype=np.float32)
    add_patch(plane, draw(EFF.of_half_light(half_light, 3.0), (60.0, 60.0)), 1.0)
    centre = np.array([60.0])
    within = measure_flux(convolve(plane, psf), centre, centre, APERTURE, np.inf).flux[0]
    return float(2.5 * np.log10(within))
