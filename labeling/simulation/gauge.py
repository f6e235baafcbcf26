"""How wide an object must be for a survey to measure a given concentration index.

The index (1 px against 3 px) of real catalogues is the one number that they give of an object's
size. Here a recipe's parts are drawn on a small plane in V, seen through the PSF and measured as
the survey does, and are stretched until the index comes out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from classifier.core.bands import BANDS
from labeling.imaging.apertures import circle_overlap
from labeling.simulation.photometry import APERTURE, SKY_INNER, SKY_OUTER
from labeling.simulation.profiles import EFF, draw
from labeling.simulation.scene import Component, add_patch, splat

SIDE = 31
NARROWEST, WIDEST, STEPS = 0.1, 5.0, 7
V = BANDS.index("V")


class Gauge:
    """Measures parts on a small plane in one PSF; a unit of light lost in its wings is lost."""

    def __init__(self, psf: NDArray[np.float32], half_light: float) -> None:
        middle, reach = psf.shape[0] // 2, SIDE // 2
        window = slice(max(0, middle - reach), middle + reach + 1)
        self._psf = psf[window, window]
        y, x = np.mgrid[:SIDE, :SIDE] - float(SIDE // 2)
        self._masks = [circle_overlap(x, y, radius) for radius in (1.0, 3.0, APERTURE)]
        radius = np.hypot(x, y)
        self._ring = (radius >= SKY_INNER) & (radius <= SKY_OUTER)
        typical = Component(np.ones(len(BANDS)), profile=EFF.of_half_light(half_light, 3.0))
        self._typical = self.measure([typical])[1]

    def measure(self, parts: Sequence[Component]) -> tuple[float, float]:
        """Concentration index, and share of the flux within 4 px less the local sky, in V."""
        plane = np.zeros((SIDE, SIDE), dtype=np.float32)
        for part in parts:
            x, y = SIDE // 2 + part.dx, SIDE // 2 + part.dy
            if part.profile is None:
                splat(plane, np.array([x]), np.array([y]), part.flux[[V]])
            else:
                patch = draw(part.profile, (x, y), part.axis_ratio, part.angle, largest=10)
                add_patch(plane, patch, float(part.flux[V]))
        seen = fftconvolve(plane, self._psf, mode="same")
        seen -= np.median(seen[self._ring])
        small, large, aperture = (float(np.sum(seen * mask)) for mask in self._masks)
        total = float(sum(part.flux[V] for part in parts))
        index = 2.5 * float(np.log10(large / small)) if min(small, large) > 0.0 else np.inf
        return index, aperture / total

    def fit_to_index(self, parts: Sequence[Component], index: float) -> list[Component]:
        """The parts, as wide as gives this index, as bright as gives their flux at 4 px.

        An index that no width gives is met as nearly as can be. Parts without light in V are
        returned as they are.
        """
        if sum(part.flux[V] for part in parts) <= 0.0 or not np.isfinite(index):
            return list(parts)
        low, high = np.log(NARROWEST), np.log(WIDEST)
        for _ in range(STEPS):
            middle = (low + high) / 2.0
            if self.measure([part.scale(np.exp(middle)) for part in parts])[0] < index:
                low = middle
            else:
                high = middle
        wide = [part.scale(float(np.exp((low + high) / 2.0))) for part in parts]
        # Catalogues add one average aperture correction to what 4 px hold: a wider object
        # than the average is brighter in all than its catalogue magnitude.
        within = self.measure(wide)[1]
        brighter = float(np.clip(self._typical / max(within, 1e-6), 0.7, 3.0))
        return [part.scale(brightness=brighter) for part in wide]
