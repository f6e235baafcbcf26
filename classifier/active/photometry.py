"""Measure magnitude, colour and concentration on stamps, for a spread first sample.

Shapes   N candidates of a manifest, n of a chunk, C bands; stamps (n, C, y, x) are linear in flux
         and centred on the candidate.
Units    magnitudes without a zero point: the sample standardises its columns.
NaN      pixels without data are NaN, and so is what cannot be measured.
Source   LEGUS' apertures, Adamo et al. 2017 (ApJ 841, 131), section 3: flux within 4 px, sky from 7
         to 8 px, concentration index the difference between 1 and 3 px.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.core.config import PACK_STAMP_PX
from classifier.core.pack_locations import pack_in
from classifier.core.packs import read_readable
from classifier.core.training_set import Manifest
from classifier.data.stamps import CHUNK

COLUMNS = ("magnitude", "colour", "concentration_index")

APERTURE_PX = 4.0
"""Radius of the aperture."""

SKY_PX = (7.0, 8.0)
"""Radii of the ring in which the sky is measured."""

CONCENTRATION_PX = (1.0, 3.0)
"""Radii whose magnitudes the concentration index compares."""

REFERENCE_BAND = "V"
"""Band of magnitude and concentration index; without it the last band."""


def measure_columns(manifest: Manifest, bands: Sequence[str]) -> NDArray[np.float64]:
    """Return COLUMNS (N, 3) of every candidate; NaN without light or stamps."""
    columns_N3 = np.full((len(manifest), len(COLUMNS)), np.nan)
    for pack in np.unique(manifest.pack):
        in_pack = np.flatnonzero(manifest.pack == pack)
        for first in range(0, len(in_pack), CHUNK):
            positions = in_pack[first : first + CHUNK]
            path = pack_in(manifest.packs, str(pack))
            raw = read_readable(path, manifest.row[positions], bands)
            stamps_nCYX = np.where(raw.observed[:, :, None, None], raw.stamps, np.nan)
            columns_N3[positions[raw.indices]] = stamp_columns(stamps_nCYX, bands)
    return columns_N3


def stamp_columns(stamps_nCYX: NDArray[np.float32], bands: Sequence[str]) -> NDArray[np.float64]:
    """Return COLUMNS (n, 3) of stamps, in magnitudes."""
    reference = list(bands).index(REFERENCE_BAND) if REFERENCE_BAND in bands else len(bands) - 1
    magnitude_nC = _magnitudes(stamps_nCYX, APERTURE_PX)
    inner_n, outer_n = (
        _magnitudes(stamps_nCYX[:, [reference]], radius)[:, 0] for radius in CONCENTRATION_PX
    )
    # The reddest two bands: those in which most candidates are bright.
    colour_n = (
        magnitude_nC[:, -2] - magnitude_nC[:, -1]
        if len(bands) > 1
        else np.full(len(stamps_nCYX), np.nan)
    )
    # three of (n,) -> (n, 3)
    return np.stack([magnitude_nC[:, reference], colour_n, inner_n - outer_n], axis=1)


def _magnitudes(stamps_nCYX: NDArray[np.float32], radius_px: float) -> NDArray[np.float64]:
    """Return -2.5 log10 of the flux (n, C) within a radius, less the sky; NaN if not positive."""
    offset = np.arange(PACK_STAMP_PX) - (PACK_STAMP_PX - 1) / 2
    distance_YX = np.hypot(offset[:, None], offset[None, :])
    in_sky_YX = (distance_YX >= SKY_PX[0]) & (distance_YX <= SKY_PX[1])
    # (n, C, Y, X) -> (n, C, pixels)
    sky_nCP = stamps_nCYX[:, :, in_sky_YX].astype(float)
    aperture_nCP = stamps_nCYX[:, :, distance_YX <= radius_px].astype(float)
    # numpy warns of the median of nothing; without a sky the flux is NaN in any case.
    blank_nC = ~np.isfinite(sky_nCP).any(axis=2)
    sky_nCP[blank_nC] = 0
    flux_nC = aperture_nCP.sum(axis=2) - np.nanmedian(sky_nCP, axis=2) * aperture_nCP.shape[2]
    flux_nC[blank_nC | ~(flux_nC > 0)] = np.nan
    return np.asarray(-2.5 * np.log10(flux_nC))
