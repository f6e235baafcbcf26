"""Magnitude, colour and concentration of candidates, from their stamps: for a first sample.

Instrumental: zero points are not known here, and a sample over standardised columns needs none.
Stamps (n, bands, y, x) are linear in flux and centred on the candidate; NaN where there is no data.
Source: the apertures of LEGUS, Adamo et al. 2017 (ApJ 841, 131), section 3: flux within 4 px, sky
from 7 to 8 px, concentration index the difference between 1 and 3 px.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.core.config import PACK_STAMP_PX
from classifier.core.packs import read_readable
from classifier.core.training_set import Manifest
from classifier.data.stamps import CHUNK

COLUMNS = ("magnitude", "colour", "concentration_index")

APERTURE, SKY = 4.0, (7.0, 8.0)
"""Radii in pixels."""

INNER, OUTER = 1.0, 3.0
"""Radii in pixels between which the concentration index compares."""

REFERENCE = "V"
"""Band of magnitude and concentration index; the last one where there is no such band."""


def measure(manifest: Manifest, bands: Sequence[str]) -> NDArray[np.float64]:
    """(N, 3) of every candidate, in the order of COLUMNS; NaN where there is no light or stamp."""
    found = np.full((len(manifest), len(COLUMNS)), np.nan)
    for pack in np.unique(manifest.pack):
        of_pack = np.flatnonzero(manifest.pack == pack)
        for first in range(0, len(of_pack), CHUNK):
            positions = of_pack[first : first + CHUNK]
            read = read_readable(manifest.packs / str(pack), manifest.row[positions], bands)
            stamps = np.where(read.observed[:, :, None, None], read.stamps, np.nan)
            found[positions[read.indices]] = columns(stamps, bands)
    return found


def columns(stamps: NDArray[np.float32], bands: Sequence[str]) -> NDArray[np.float64]:
    """(n, 3) of stamps (n, bands, y, x), in the order of COLUMNS: magnitudes."""
    at = list(bands).index(REFERENCE) if REFERENCE in bands else len(bands) - 1
    by_band = _magnitude(stamps, APERTURE)
    inner, outer = (_magnitude(stamps[:, [at]], radius)[:, 0] for radius in (INNER, OUTER))
    # The reddest two bands: those in which most candidates are bright.
    colour = by_band[:, -2] - by_band[:, -1] if len(bands) > 1 else np.full(len(stamps), np.nan)
    return np.stack([by_band[:, at], colour, inner - outer], axis=1)


def _magnitude(stamps: NDArray[np.float32], radius: float) -> NDArray[np.float64]:
    """-2.5 log10 of the flux (n, bands) within a radius, less the sky; NaN where there is none."""
    offset = np.arange(PACK_STAMP_PX) - (PACK_STAMP_PX - 1) / 2
    away = np.hypot(offset[:, None], offset[None, :])
    around = stamps[:, :, (away >= SKY[0]) & (away <= SKY[1])].astype(float)
    inside = stamps[:, :, away <= radius].astype(float)
    # A median of nothing would warn; the sky of a stamp without data is no number either way.
    blank = ~np.isfinite(around).any(axis=2)
    around[blank] = 0
    flux = inside.sum(axis=2) - np.nanmedian(around, axis=2) * inside.shape[2]
    flux[blank | ~(flux > 0)] = np.nan
    return np.asarray(-2.5 * np.log10(flux))
