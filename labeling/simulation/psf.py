"""Point-spread functions: small images of unit sum, odd-sized, peaked on their central pixel.

All light is smoothed before the convolution, by drizzling (`profiles.PIXEL_SIGMA`) and by the
pixel, so the PSFs are narrower than the stars in the mosaics, whose FWHM is 1.9 to 2.1 px of
0.0396 arcsec as in WFC3/UVIS mosaics.
"""

from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.ndimage import fourier_gaussian, fourier_shift

from classifier.core.bands import BANDS, FILTERS

Kernel: TypeAlias = NDArray[np.float32]

CORE_FWHM = MappingProxyType({"NUV": 1.4, "U": 1.35, "B": 1.25, "V": 1.25, "I": 1.4})
"""FWHM in px of the Moffat core in each band; with the smoothing, stars have 1.9 to 2.1 px."""

SHARE_OF_HALO, SHARE_OF_SPIKES = 0.11, 0.025

BLUR = MappingProxyType({"NUV": 0.55, "U": 0.5, "B": 0.4, "V": 0.4, "I": 0.25})
"""Gaussian sigma in px of charge diffusion (largest in the blue) and jitter, which model PSFs
lack."""


def wfc3_psf(band: str, spike_angle: float, size: int = 81) -> Kernel:
    """Return an analytic WFC3-like PSF: Moffat core, wide halo, four faint diffraction spikes.

    `spike_angle` is the angle of the first spike, in radians from +x counter-clockwise.
    """
    fine = 5
    step = (np.arange(size * fine) + 0.5) / fine - size / 2.0
    dx, dy = step[None, :], step[:, None]
    radius = np.hypot(dx, dy)
    parts = [
        (1.0 - SHARE_OF_HALO - SHARE_OF_SPIKES, _moffat(radius, CORE_FWHM[band], 2.6)),
        (SHARE_OF_HALO, _moffat(radius, 9.0, 1.7)),
        (SHARE_OF_SPIKES, cross(dx, dy, spike_angle, width=0.7) / (1.0 + radius) ** 1.2),
    ]
    # Zero at the border: otherwise bright stars would have a square outline.
    fade = np.clip(1.0 - (2.0 * radius / size) ** 2, 0.0, None) ** 2
    kernel = np.zeros((size, size))
    for share, light in parts:
        pixels = (light * fade).reshape(size, fine, size, fine).sum(axis=(1, 3))
        kernel += share * pixels / pixels.sum()
    return kernel.astype(np.float32)


def cross(
    dx: NDArray[np.floating], dy: NDArray[np.floating], angle: float, width: float
) -> NDArray[np.float64]:
    """Return the height, at most 1, of four thin arms at right angles through the origin."""
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    arms: NDArray[np.float64] = np.exp(-0.5 * (np.minimum(abs(along), abs(across)) / width) ** 2)
    return arms


def _moffat(radius: NDArray[np.float64], fwhm: float, beta: float) -> NDArray[np.float64]:
    core = fwhm / (2.0 * np.sqrt(2.0 ** (1.0 / beta) - 1.0))
    light: NDArray[np.float64] = (1.0 + (radius / core) ** 2) ** -beta
    return light


def centre_psf(model: NDArray[np.floating], band: str) -> Kernel:
    """Return a model PSF centred on the central pixel, blurred by `BLUR`, of sum 1."""
    size = min(model.shape) - (1 - min(model.shape) % 2)
    pixels = np.asarray(model[:size, :size], dtype=float)
    # The centroid of the core only, since the wings of model PSFs are cut unevenly.
    row, column = (int(k) for k in np.unravel_index(pixels.argmax(), pixels.shape))
    core = pixels[row - 4 : row + 5, column - 4 : column + 5]
    offsets = np.arange(-4, 5)
    middle = size // 2
    shift = (
        middle - row - float(core.sum(axis=1) @ offsets / core.sum()),
        middle - column - float(core.sum(axis=0) @ offsets / core.sum()),
    )
    spectrum = fourier_gaussian(fourier_shift(np.fft.fft2(pixels), shift), BLUR[band])
    moved = np.maximum(np.fft.ifft2(spectrum).real, 0.0)
    return np.asarray(moved / moved.sum(), dtype=np.float32)


def read_psfs(directory: Path) -> dict[str, Kernel]:
    """Read the model PSF of each band from `wfc3_uvis_<filter>.fits`, and centre it.

    Raises FileNotFoundError, naming the file, for a band without one.
    """
    psfs = {}
    for band in BANDS:
        path = directory / f"wfc3_uvis_{FILTERS[band].lower()}.fits"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no PSF for band {band}")
        psfs[band] = centre_psf(_read_model(path), band)
    return psfs


def _read_model(path: Path) -> NDArray[np.floating]:
    try:
        model = fits.getdata(path)
    except (OSError, TypeError) as error:  # astropy raises TypeError where a file is cut short
        raise ValueError(f"{path}: cut short, or not a FITS file ({error})") from error
    if model is None or model.ndim != 2 or min(model.shape) < 11 or not np.isfinite(model).all():
        raise ValueError(f"{path}: a PSF is one image of finite pixels, at least 11 px wide")
    return np.asarray(model, dtype=float)
