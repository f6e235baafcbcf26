"""Cut the stamps of many candidates from a field's mosaics into one pack.

Positions x, y are (candidate,) in px of the field's reference frame; the centre of the first pixel
is 0. Stamps are (candidate, band, y, x); a band that does not cover a candidate is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from classifier.core.config import PACK_STAMP_PX
from classifier.core.pack_locations import Location
from classifier.core.packs import SHARD, new_pack
from labeling.imaging import stamps
from labeling.imaging.mosaics import Image
from labeling.imaging.stamps import Positions
from labeling.ingest.progress import Progress, no_progress

if TYPE_CHECKING:
    from labeling.models import Field


@dataclass(frozen=True)
class BandImage:
    """One band's image (y, x), and its shift in px relative to the field's reference frame."""

    image: Image
    wcs: WCS | None
    dx: float = 0.0
    dy: float = 0.0

    def contains(self, x: Positions, y: Positions) -> NDArray[np.bool_]:
        """Return True for each position that lies on this image."""
        height, width = self.image.shape
        px, py = x + self.dx, y + self.dy
        contained: NDArray[np.bool_] = (
            (px > -0.5) & (px < width - 0.5) & (py > -0.5) & (py < height - 0.5)
        )
        return contained

    def is_observed(self, x: Positions, y: Positions) -> NDArray[np.bool_]:
        """Return True for each position at which the image was exposed."""
        return stamps.is_observed(self.image, x + self.dx, y + self.dy)

    def is_padded(self, x: Positions, y: Positions) -> NDArray[np.bool_]:
        """Return True for each position whose stamp reaches beyond the image."""
        return stamps.is_padded(self.image, x + self.dx, y + self.dy)

    def cut(self, x: Positions, y: Positions, out: Image) -> None:
        """Cut the stamps at these positions into `out`, (candidate, y, x)."""
        stamps.cut_stamps(self.image, x + self.dx, y + self.dy, out=out)


def stamp_blocks(
    images: Mapping[str, BandImage], x: Positions, y: Positions, observed: NDArray[np.bool_]
) -> Iterator[tuple[int, Image]]:
    """Yield blocks as (number of the first candidate, stamps); the array is reused."""
    buffer = np.empty((min(SHARD, len(x)), len(BANDS), PACK_STAMP_PX, PACK_STAMP_PX), np.float32)
    for first in range(0, len(x), SHARD):
        rows = slice(first, first + SHARD)
        block = buffer[: len(x[rows])]
        for k, band in enumerate(BANDS):
            if band in images:
                images[band].cut(x[rows], y[rows], out=block[:, k])
        block[~observed[rows]] = np.nan
        yield first, block


def stamp_all(
    path: Location,
    field: Field,
    images: Mapping[str, BandImage],
    x: Positions,
    y: Positions,
    observed: NDArray[np.bool_],
    *,
    lossless: bool = False,
    progress: Progress = no_progress,
) -> None:
    """Write the pack of these candidates; `observed` is (candidate, band).

    Pixels are quantised by the sky's sigma of each mosaic unless `lossless`. The field need not be
    stored.
    """
    if isinstance(path, Path):
        path.parent.mkdir(parents=True, exist_ok=True)
    scale = field.pixel_scale_arcsec
    sigma = None if lossless else _sky_sigma(field)
    with new_pack(
        path, len(x), sky_sigma=sigma, field=field.name, pixel_scale_arcsec=scale
    ) as write:
        for first, block in stamp_blocks(images, x, y, observed):
            progress(first, len(x), "cutting stamps")
            write(first, block, observed[first : first + len(block)])
    progress(len(x), len(x), "cutting stamps")


def _sky_sigma(field: Field) -> list[float]:
    """Return the sky's sigma of each band's mosaic, in its unit; NaN without a mosaic."""
    sigma = {band: mosaic.sky_sigma for band, mosaic in field.mosaic_by_band.items()}
    return [sigma.get(band, math.nan) for band in BANDS]
