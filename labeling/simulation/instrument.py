"""The simulated camera: zero points, exposure times, detector noise, FITS headers.

Fluxes are electrons per second, magnitudes are Vega, planes are (y, x) float32 with row 0 the
lowest. Real values: the header table of NGC 1566 (LEGUS, Calzetti et al. 2015, AJ 149, 51) and
the WFC3 Instrument Handbook, chapter 5 (read noise, full well, sky).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from classifier.core.bands import BANDS, band_of

Plane: TypeAlias = NDArray[np.float32]

READ_NOISE = 3.1
"""Electrons per pixel and exposure."""

FULL_WELL = 70_000.0
"""Electrons per pixel and exposure at which a pixel saturates."""

NOISE_TAPS = np.array([0.06, 0.88, 0.06])
"""Kernel, along each axis, by which drizzling correlates the noise of neighbouring pixels."""

BLOCK_ROWS = 512
"""Rows for which noise is drawn at once, to bound memory; another number gives other pixels."""


@dataclass(frozen=True)
class ZeroPoint:
    """Photometric calibration and exposure of one filter's mosaic."""

    filter: str
    photflam: float
    photplam: float
    vega: float
    exptime: float
    exposures: int = 3
    sky: float = 0.02
    """Electrons/s/px, subtracted from the mosaic but still in its noise."""

    def flux(self, magnitude: float) -> float:
        """Return the electrons per second of a Vega magnitude."""
        return float(10.0 ** (0.4 * (self.vega - magnitude)))

    def magnitude(self, flux: float) -> float:
        """Return the Vega magnitude of a positive number of electrons per second."""
        return float(self.vega - 2.5 * np.log10(flux))


SKY = MappingProxyType({"NUV": 0.0006, "U": 0.0025, "B": 0.014, "V": 0.045, "I": 0.038})
"""Zodiacal light plus dark current in each band, electrons/s/px."""

WFC3_UVIS: Mapping[str, ZeroPoint] = MappingProxyType(
    {
        "NUV": ZeroPoint("F275W", 3.30597e-18, 2706.95, 22.6405, 2382.0, sky=SKY["NUV"]),
        "U": ZeroPoint("F336W", 1.31683e-18, 3354.87, 23.5265, 1119.0, sky=SKY["U"]),
        "B": ZeroPoint("F438W", 6.91139e-19, 4325.93, 24.9940, 965.0, sky=SKY["B"]),
        "V": ZeroPoint("F555W", 1.87653e-19, 5308.23, 25.8325, 1143.0, sky=SKY["V"]),
        "I": ZeroPoint("F814W", 1.53048e-19, 8026.81, 24.6980, 989.0, sky=SKY["I"]),
    }
)
"""Each band's calibration, as observed for NGC 1566."""


def read_zero_points(path: Path) -> dict[str, ZeroPoint]:
    """Read the calibration of each band from a LEGUS `header_info` table.

    Columns: filter, detector, photflam, photplam, photfnu, zpAB, zpVEGA, exptime, number, date.
    Raises ValueError, naming the line or the band, for an invalid line or a missing band.
    """
    zero_points: dict[str, ZeroPoint] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            band = band_of(words[0])
            photflam, photplam, vega, exptime = (float(words[k]) for k in (2, 3, 6, 7))
            zero_points[band] = ZeroPoint(
                words[0].upper(), photflam, photplam, vega, exptime, int(words[8]), SKY[band]
            )
        except (IndexError, ValueError) as error:
            raise ValueError(f"{path}, line {number}: not a zero-point row ({error})") from error
    missing = [band for band in BANDS if band not in zero_points]
    if missing:
        raise ValueError(f"{path}: no zero point for {', '.join(missing)}")
    return zero_points


def sky_variance(zero_point: ZeroPoint) -> float:
    """Return the variance of an empty pixel, (electrons/s)^2: sky, read noise, drizzle."""
    electrons = zero_point.sky * zero_point.exptime + READ_NOISE**2 * zero_point.exposures
    shared = float(np.sum(NOISE_TAPS**2)) ** 2
    return electrons * shared / zero_point.exptime**2


def expose(light: Plane, zero_point: ZeroPoint, rng: np.random.Generator) -> Plane:
    """Return the sky-subtracted mosaic of `light`, both (y, x) electrons/s."""
    seconds = zero_point.exptime
    saturation = FULL_WELL * zero_point.exposures
    noise = np.empty_like(light)
    signal = np.empty_like(light)
    read_noise = np.float32(READ_NOISE * np.sqrt(zero_point.exposures))
    for top in range(0, len(light), BLOCK_ROWS):
        rows = slice(top, top + BLOCK_ROWS)
        electrons = np.clip((light[rows] + zero_point.sky) * seconds, 0.0, saturation)
        noise[rows] = rng.poisson(electrons) - electrons
        noise[rows] += read_noise * rng.standard_normal(electrons.shape, dtype=np.float32)
        signal[rows] = electrons / seconds - zero_point.sky
    for axis in (0, 1):
        correlate1d(noise, NOISE_TAPS, axis=axis, output=noise)
    signal += noise / np.float32(seconds)
    return signal


def tangent_plane(
    reference_pixel: tuple[float, float], sky: tuple[float, float], pixel_scale: float
) -> WCS:
    """Return a north-up TAN WCS: `reference_pixel` counts from 1, `sky` in degrees."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = reference_pixel
    wcs.wcs.crval = sky
    wcs.wcs.cdelt = [-pixel_scale / 3600.0, pixel_scale / 3600.0]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.set()
    return wcs


def mosaic_hdu(
    pixels: Plane, zero_point: ZeroPoint, wcs: WCS, target: str, seed: int
) -> fits.PrimaryHDU:
    """Return the plane as the HDU of a mosaic, marked as simulated in the header."""
    header = wcs.to_header()
    header["OBJECT"] = (target, "name of the field")
    header["SIMULATE"] = (True, "the pixels are simulated, not observed")
    header["SEED"] = (seed, "seed of the simulation")
    header["TELESCOP"] = ("HST", "imitated telescope")
    header["INSTRUME"] = ("WFC3", "imitated instrument")
    header["DETECTOR"] = ("UVIS", "imitated detector")
    header["FILTER"] = (zero_point.filter, "imitated filter")
    header["BUNIT"] = ("ELECTRONS/S", "brightness units")
    header["EXPTIME"] = (zero_point.exptime, "total exposure time, s")
    header["NCOMBINE"] = (zero_point.exposures, "number of exposures")
    header["PHOTFLAM"] = (zero_point.photflam, "inverse sensitivity, erg/cm2/A/electron")
    header["PHOTPLAM"] = (zero_point.photplam, "pivot wavelength, A")
    header["PHOTZPT"] = (-21.1, "ST magnitude zero point")
    header["ZPVEGA"] = (zero_point.vega, "Vega magnitude of one electron/s")
    header["MDRIZSKY"] = (zero_point.sky, "sky that was subtracted, electrons/s")
    header.add_comment("SIMULATED PIXELS: made by Asterism's simulator, not by a telescope.")
    return fits.PrimaryHDU(np.asarray(pixels, dtype=np.float32), header)
