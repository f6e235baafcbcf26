"""Colour images: R = I, G = B + V, B = NUV + U, after Lupton et al. 2004 (PASP 116, 133).

Bands are in units of their mosaic's noise, so that no band's noise dominates, above the faint end
of the surroundings, so that candidates on the bulge are as visible as those in the outskirts.

Arrays are (y, x) float32, or (y, x, 3) uint8 and (y, x, 4) with transparency, row 0 at the bottom;
NaN where nothing was exposed.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import binary_opening

from labeling.imaging.mosaics import Image

RECIPE_VERSION = 3
"""To be increased when the same pixels give another image, so that cached images are redrawn."""

CHANNELS = (("I",), ("B", "V"), ("NUV", "U"))
STRETCH = 12.0
"""Lupton's stretch, in sigma of the sky: where the scale turns from linear to logarithmic."""
STRETCHES = (1.5, 2.5, 4.0, 7.0, STRETCH, 20.0, 35.0, 60.0, 100.0)
"""The steps of the stretch on pages, from faint to bright light."""
SOFTENING = 6.0
"""Lupton's Q: how much of the scale is logarithmic."""
SOFTENINGS = (0.5, 1.0, 2.0, 4.0, SOFTENING, 8.0, 11.0, 15.0)
"""The steps of Q on pages, from nearly linear to nearly logarithmic."""
BLACK = -0.5  # sigma of the sky
FAINT_PERCENT = 25.0  # of the surroundings, taken as zero


def lupton_rgb(
    bands: Mapping[str, Image],
    shape: tuple[int, int],
    stretch: float = STRETCH,
    softening: float = SOFTENING,
) -> NDArray[np.uint8]:
    """Return the RGB image (y, x, 3) of bands (y, x) in units of their noise.

    Each pixel of a channel is the mean of the bands with data there, black without any.
    """
    channels = [
        _channel([bands[name] for name in names if name in bands], shape) for names in CHANNELS
    ]
    with np.errstate(invalid="ignore"):  # astropy divides by an intensity of zero and drops it
        rgb: NDArray[np.uint8] = make_lupton_rgb(
            *channels, minimum=BLACK, stretch=stretch, Q=softening
        )
    return rgb


def _channel(bands: Sequence[Image], shape: tuple[int, int]) -> Image:
    """Return the mean over the bands (y, x) without NaN; BLACK where all are NaN."""
    total, count = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    for band in bands:
        finite = np.isfinite(band)
        np.add(total, band, out=total, where=finite)
        count += finite
    return np.where(count, total / np.maximum(count, 1), np.float32(BLACK))


def hide_unexposed(rgb: NDArray[np.uint8], bands: Mapping[str, Image]) -> NDArray[np.uint8]:
    """Return the image (y, x, 4), transparent where no band has data.

    An image that has data everywhere is returned as it is, (y, x, 3).
    """
    exposed = np.zeros(rgb.shape[:2], bool)
    for band in bands.values():
        exposed |= np.isfinite(band)
    if exposed.all():
        return rgb
    return np.dstack([rgb, np.where(exposed, np.uint8(255), np.uint8(0))])


def normalise_to_noise(window: Image, noise: float) -> Image:
    """Return a band's pixels (y, x) in units of its noise, above the window's faint end.

    NaN where nothing was exposed: where the window is NaN, or zero over 3 x 3 px or more, as in
    drizzled mosaics.
    """
    exposed = window
    if (window == 0).any():
        exposed = np.where(binary_opening(window == 0, np.ones((3, 3))), np.nan, window)
    if not np.isfinite(exposed).any():
        return np.full(window.shape, np.nan, np.float32)
    faint = np.nanpercentile(exposed, FAINT_PERCENT)
    return np.asarray((exposed - faint) / (noise or 1.0), dtype=np.float32)


def encode_png(rgb: NDArray[np.uint8]) -> bytes:
    """Encode an image (y, x, 3 or 4), row 0 at the bottom, as a PNG file."""
    buffer = io.BytesIO()
    # Noise has no repeated patterns: run-length encoding is twice as fast, and no larger.
    Pillow.fromarray(rgb[::-1]).save(buffer, "PNG", compress_type=zlib.Z_RLE)
    return buffer.getvalue()
