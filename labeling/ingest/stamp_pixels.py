"""Which bands of stamps that were cut elsewhere have data, and how noisy they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from classifier.core.stamp_arrays import has_data
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.stamp_sets import StampSet
from labeling.number_texts import count_text

_BLOCK = 64


@dataclass
class Pixels:
    """What the pixels say of each candidate, (candidate, band)."""

    observed: NDArray[np.bool_]
    sigma: NDArray[np.float64]
    """Noise, by the median absolute deviation; NaN where not observed."""
    partial: int = 0
    """Stamps with some pixels that have no data."""

    @property
    def noise(self) -> NDArray[np.float64]:
        """(band,) the median over the candidates; 1 for a band without noise."""
        noise = np.ones(len(BANDS))
        for k in range(len(BANDS)):
            values = self.sigma[self.observed[:, k], k]
            if (values > 0).any():
                noise[k] = np.median(values[values > 0])
        return noise

    def sky_sigma(self) -> NDArray[np.float64]:
        """(candidate, band) noise that quantisation goes by: crowded stamps have the usual one."""
        return np.fmin(self.sigma, self.noise)

    def notes(self) -> list[str]:
        """Return what was noticed."""
        if not self.partial:
            return []
        candidates = count_text(self.partial, "candidate has", "candidates have")
        return [f"{candidates} pixels without data (NaN or infinite)."]


def measure(stamps: StampSet, rows: NDArray[np.intp], progress: Progress = no_progress) -> Pixels:
    """Read all stamps once, for which bands were observed and how noisy they are."""
    shape = len(rows), len(BANDS)
    pixels = Pixels(np.zeros(shape, bool), np.full(shape, np.nan))
    for first in range(0, len(rows), _BLOCK):
        progress(first, len(rows), "reading stamps")
        block = stamps.read(rows[first : first + _BLOCK].tolist())
        part = slice(first, first + len(block))
        observed = has_data(block)
        pixels.observed[part] = observed
        inner = block[..., ::2, ::2].reshape(*block.shape[:2], -1)
        for n, band in np.argwhere(observed):
            values = inner[n, band][np.isfinite(inner[n, band])]
            if values.size:
                deviation = np.median(np.abs(values - np.median(values)))
                pixels.sigma[first + n, band] = 1.4826 * deviation
        pixels.partial += int((np.isnan(block).any(axis=(2, 3)) & observed).any(axis=1).sum())
    progress(len(rows), len(rows), "reading stamps")
    return pixels
