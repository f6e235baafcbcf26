"""Pictures of a preview: the reference mosaic, made small, and stamps of some candidates.

Arrays are (y, x) float32, row 0 at the bottom; positions are in px of the reference frame, from 0.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.stats import mad_std
from astropy.visualization import AsinhStretch
from numpy.typing import NDArray
from PIL import Image as Pillow

from classifier.core.atomic_files import write_atomically
from classifier.core.bands import BANDS, reference_band
from labeling.imaging.mosaics import Image
from labeling.imaging.rgb import encode_png, hide_unexposed, lupton_rgb, normalise_to_noise
from labeling.imaging.stamps import Positions, cut_stamps
from labeling.models import Field

MAP_PX = 640
"""Longest side of the map."""
STAMP_PX = 99
_ENLARGED_PX = 198


def draw_map(folder: Path, field: Field) -> dict[str, Any]:
    """Write map.png; return the size of the mosaic and of the picture."""
    mosaic = field.mosaic_by_band[reference_band(field.mosaic_by_band)]
    image = mosaic.read().map_pixels()
    step = max(1, -(-max(image.shape) // MAP_PX))
    small = _shrink(image, step)
    grey = np.nan_to_num(AsinhStretch(0.02)(_to_unit(small, mosaic.sky, mosaic.sky_sigma / step)))
    pixels = np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=2)
    write_atomically(folder / "map.png", encode_png(pixels), durable=False)
    height, width = image.shape
    return {"width": width, "height": height, "band": mosaic.band, "step": step}


def _shrink(image: Image, step: int) -> Image:
    """Return the mean of each square of `step` px, row by row to bound memory."""
    height, width = (side // step for side in image.shape)
    small = np.empty((height, width), np.float32)
    with warnings.catch_warnings():
        # numpy warns of the mean of nothing.
        warnings.simplefilter("ignore", RuntimeWarning)
        for row in range(height):
            block = np.asarray(image[row * step : (row + 1) * step, : width * step], np.float32)
            small[row] = np.nanmean(block.reshape(step, width, step), axis=(0, 2))
    return small


def _to_unit(image: Image, sky: float, sigma: float) -> Image:
    """Scale from one sigma below the sky to the brightest half percent, to 0 to 1."""
    finite = image[np.isfinite(image)]
    bright = float(np.percentile(finite, 99.5)) if finite.size else 1.0
    low = sky - (sigma or 1.0)
    return np.asarray(np.clip((image - low) / max(bright - low, 1e-30), 0, 1), np.float32)


def draw_stamps(folder: Path, field: Field, x: Positions, y: Positions) -> None:
    """Write stamp-1.png and so on, colour images about these positions."""
    mosaics = field.mosaic_by_band
    reference = mosaics[reference_band(mosaics)]
    stamps: list[dict[str, Image]] = [{} for _ in x]
    for band, mosaic in mosaics.items():
        dx, dy = mosaic.shift_from(reference)
        cut = cut_stamps(mosaic.read().map_pixels(), x + dx, y + dy, STAMP_PX)
        for images, stamp in zip(stamps, cut, strict=True):
            images[band] = normalise_to_noise(stamp, mosaic.sky_sigma)
    _write(folder, stamps)


def draw_images(folder: Path, stamps: NDArray[np.float32]) -> None:
    """Write stamp-1.png and so on, colour images of these stamps (n, band, y, x)."""
    noise = mad_std(stamps, axis=(0, 2, 3), ignore_nan=True)
    scaled = [
        {
            band: normalise_to_noise(image, sigma)
            for band, image, sigma in zip(BANDS, stamp, noise.tolist(), strict=True)
            if np.isfinite(image).any()
        }
        for stamp in stamps
    ]
    _write(folder, scaled)


def _write(folder: Path, stamps: Sequence[dict[str, Image]]) -> None:
    """Write stamp-1.png and so on, from images in units of their noise."""
    for number, images in enumerate(stamps, 1):
        rgb = hide_unexposed(lupton_rgb(images, next(iter(images.values())).shape), images)
        write_atomically(folder / f"stamp-{number}.png", _enlarge(rgb), durable=False)


def _enlarge(rgb: NDArray[np.uint8]) -> bytes:
    picture = Pillow.fromarray(rgb).resize((_ENLARGED_PX, _ENLARGED_PX), Pillow.Resampling.NEAREST)
    return encode_png(np.asarray(picture))
