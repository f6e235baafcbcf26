"""Colour images: R = I, G = B + V, B = NUV + U, after Lupton et al. 2004 (PASP 116, 133).

Each band is taken in units of its own mosaic's noise, so that no band's noise outshines the
others, above the faint end of the surroundings, so that a candidate on the bulge is as visible as
one in the outskirts.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray
from PIL import Image as Pillow

from labeling.imaging.mosaics import Image

CHANNELS = (("I",), ("B", "V"), ("NUV", "U"))
STRETCH = 12.0  # sigma of the sky; where the scale turns from linear to logarithmic
SOFTENING = 6.0  # Lupton's Q
BLACK = -0.5  # sigma of the sky
FAINT_PERCENT = 25.0  # of the surroundings, taken as zero


def lupton(bands: Mapping[str, Image], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """RGB image (y, x, 3), row 0 at the bottom, of bands in units of their noise.

    A channel takes the mean of the bands that are there and is black without any; NaN is black.
    """
    channels = []
    for names in CHANNELS:
        there = [np.nan_to_num(bands[name], nan=BLACK) for name in names if name in bands]
        channels.append(np.mean(there, axis=0) if there else np.full(shape, BLACK))
    with np.errstate(invalid="ignore"):  # astropy divides by an intensity of zero and drops it
        rgb: NDArray[np.uint8] = make_lupton_rgb(
            *channels, minimum=BLACK, stretch=STRETCH, Q=SOFTENING
        )
    return rgb


def above_surroundings(window: Image, noise: float) -> Image:
    """A band's pixels (y, x) in units of its noise above the faint end of the window itself.

    A window without any data stays all NaN.
    """
    if not np.isfinite(window).any():
        return window
    faint = np.nanpercentile(window, FAINT_PERCENT)
    return np.asarray((window - faint) / (noise or 1.0), dtype=np.float32)


def write_png(rgb: NDArray[np.uint8], path: Path) -> None:
    """Write an RGB image, row 0 at the bottom, as PNG; readers never see half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    png = io.BytesIO()
    Pillow.fromarray(rgb[::-1]).save(png, "PNG", optimize=True)
    partial = path.with_name(f".{path.name}.{id(png)}")
    partial.write_bytes(png.getvalue())
    partial.replace(path)
