"""Aperture photometry of many sources on one mosaic: fluxes, errors, magnitudes, concentration.

Shapes   images are (y, x), positions (N,) in px from 0.
Units    fluxes are in the image's unit, magnitudes in the system of the zero point.
NaN      a source whose aperture, or all of whose ring of sky, lacks data has no flux; a flux below
         its error has no magnitude.
Source   Adamo et al. 2017, ApJ 841, 131, section 3: 4 px aperture, sky from 7 to 8 px,
         concentration index mag(1 px) - mag(3 px). Errors as IRAF's phot: Poisson noise, the
         scatter of the sky, and the error of its level.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10, pi
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from labeling.imaging.apertures import aperture_sum, pixel_offsets
from labeling.imaging.mosaics import Image
from labeling.imaging.stamps import cut_stamps

Numbers = NDArray[np.float64]

APERTURE_PX = 4.0
SKY_PX = (7.0, 8.0)
CI_RADII_PX = (1.0, 3.0)
MAG_PER_RELATIVE_ERROR = 2.5 / np.log(10)

_ELECTRONS = ("ELECTRON", "ELECTRONS", "E-")
_ELECTRONS_PER_SECOND = tuple(
    name + per_second for name in _ELECTRONS for per_second in ("/S", "/SEC", "S-1", ".S-1")
)
_CHUNK = 4096
"""Sources measured at once, to bound memory."""


@dataclass(frozen=True)
class Brightness:
    """Flux above the local sky and its error (N,), in the image's unit."""

    flux: Numbers
    error: Numbers

    def magnitudes(self, zero_point: float) -> tuple[Numbers, Numbers]:
        """Return magnitudes and errors, NaN for sources with S/N below 1."""
        flux = np.where(self.flux > self.error, self.flux, np.nan)
        return zero_point - 2.5 * np.log10(flux), MAG_PER_RELATIVE_ERROR * self.error / flux


class Calibration(Protocol):
    """What a header says of its image's brightness; None where it is unknown."""

    unit: str
    exposure_s: float | None
    zero_point_ab: float | None
    photflam: float | None
    photplam: float | None


def electrons_per_unit(calibration: Calibration) -> float | None:
    """Return the electrons for each unit of an image, for its Poisson noise; None if unknown.

    PHOTFLAM and PHOTPLAM give the AB magnitude of one electron per second (WFC3 Data Handbook,
    section 9.1), and the zero point that of one unit of the image, whatever that is.
    """
    unit = calibration.unit.strip().upper().replace(" ", "")
    seconds = calibration.exposure_s
    if unit in _ELECTRONS:
        return 1.0
    if seconds is None or not seconds > 0:
        return None
    if unit in _ELECTRONS_PER_SECOND:
        return seconds
    photflam, photplam = calibration.photflam, calibration.photplam
    if calibration.zero_point_ab is None or not photflam or not photplam:
        return None
    zero_point_of_electrons = -2.5 * log10(photflam) - 5 * log10(photplam) - 2.408
    return float(seconds * 10 ** (0.4 * (zero_point_of_electrons - calibration.zero_point_ab)))


def measure_flux(
    image: Image,
    x: Numbers,
    y: Numbers,
    radius: float = APERTURE_PX,
    electrons_per_unit: float = inf,
    sky_px: tuple[float, float] = SKY_PX,
) -> Brightness:
    """Return the flux within `radius` px of each position, minus the local sky.

    An infinite number of electrons per unit of the image means no Poisson noise.
    """
    flux, error = np.empty((2, len(x)))
    ring_pixels = pi * (sky_px[1] ** 2 - sky_px[0] ** 2)
    area = pi * radius**2
    for first in range(0, len(x), _CHUNK):
        rows = slice(first, first + _CHUNK)
        level, scatter = local_sky(image, x[rows], y[rows], sky_px)
        total = aperture_sum(image, x[rows], y[rows], radius, complete=True)
        flux[rows] = total - level * area
        poisson = np.maximum(flux[rows], 0) / electrons_per_unit
        error[rows] = np.sqrt(poisson + np.square(scatter) * (area + area**2 / ring_pixels))
    return Brightness(flux, error)


def local_sky(
    image: Image, x: Numbers, y: Numbers, sky_px: tuple[float, float] = SKY_PX
) -> tuple[Numbers, Numbers]:
    """Return median and robust scatter (N,) of the pixels in a ring about each position."""
    side = 2 * int(np.ceil(sky_px[1])) + 3
    radius = np.hypot(*pixel_offsets(x, y, side))
    in_ring = (radius >= sky_px[0]) & (radius <= sky_px[1])
    # In float64: squares of fluxes of 1e-20 erg/s/cm2/A are below the least float32.
    ring = np.where(in_ring, cut_stamps(image, x, y, side), np.nan).astype(float)
    # numpy warns of the median of nothing.
    blank = ~np.isfinite(ring).any(axis=(1, 2))
    ring[blank] = 0
    level = np.nanmedian(ring, axis=(1, 2))
    scatter = 1.4826 * np.nanmedian(np.abs(ring - level[:, None, None]), axis=(1, 2))
    level[blank] = np.nan
    return level, scatter


def concentration(
    image: Image, x: Numbers, y: Numbers, sky_px: tuple[float, float] = SKY_PX
) -> Numbers:
    """Return mag(1 px) - mag(3 px) of each source; NaN unless both fluxes are positive."""
    inner, outer = (measure_flux(image, x, y, r, sky_px=sky_px).flux for r in CI_RADII_PX)
    positive = (inner > 0) & (outer > 0)
    ratio = np.divide(outer, inner, out=np.full(len(x), np.nan), where=positive)
    return np.asarray(2.5 * np.log10(ratio))
