"""The width at which an object has a given concentration index.

The concentration index (1 px against 3 px) is the only measure of size in real catalogues. The
components of an object are drawn on a small plane in V, convolved with the PSF and measured as in
the survey, and are stretched until they have the index.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from classifier.core.bands import BANDS
from labeling.imaging.apertures import circle_overlap
from labeling.imaging.photometry import APERTURE_PX, CI_RADII_PX, SKY_PX
from labeling.simulation.profiles import EFF, draw
from labeling.simulation.scene import Component, add_patch, splat

SIDE = 31
NARROWEST, WIDEST, STEPS = 0.1, 5.0, 7
V = BANDS.index("V")


class Gauge:
    """Measures components on a small plane with one PSF; light beyond the plane is lost."""

    def __init__(self, psf: NDArray[np.float32], half_light: float) -> None:
        middle, reach = psf.shape[0] // 2, SIDE // 2
        window = slice(max(0, middle - reach), middle + reach + 1)
        self._psf = psf[window, window]
        y, x = np.mgrid[:SIDE, :SIDE] - float(SIDE // 2)
        self._masks = [circle_overlap(x, y, radius) for radius in (*CI_RADII_PX, APERTURE_PX)]
        radius = np.hypot(x, y)
        self._ring = (radius >= SKY_PX[0]) & (radius <= SKY_PX[1])
        typical = Component(np.ones(len(BANDS)), profile=EFF.of_half_light(half_light, 3.0))
        self._typical = self.measure([typical])[1]

    def measure(self, components: Sequence[Component]) -> tuple[float, float]:
        """Return the concentration index in V, and the share of the flux in the 4 px aperture."""
        plane = np.zeros((SIDE, SIDE), dtype=np.float32)
        for component in components:
            x, y = SIDE // 2 + component.dx, SIDE // 2 + component.dy
            if component.profile is None:
                splat(plane, np.array([x]), np.array([y]), component.flux[[V]])
            else:
                patch = draw(
                    component.profile, (x, y), component.axis_ratio, component.angle, largest=10
                )
                add_patch(plane, patch, float(component.flux[V]))
        image = fftconvolve(plane, self._psf, mode="same")
        image -= np.median(image[self._ring])
        small, large, aperture = (float(np.sum(image * mask)) for mask in self._masks)
        total = float(sum(component.flux[V] for component in components))
        index = 2.5 * float(np.log10(large / small)) if min(small, large) > 0.0 else np.inf
        return index, aperture / total

    def fit_to_index(self, components: Sequence[Component], index: float) -> list[Component]:
        """Return the components, stretched to this index and scaled to their flux at 4 px.

        An index beyond that of every width gives the nearest width. Components without light in
        V are returned unchanged.
        """
        if sum(component.flux[V] for component in components) <= 0.0 or not np.isfinite(index):
            return list(components)
        low, high = np.log(NARROWEST), np.log(WIDEST)
        for _ in range(STEPS):
            middle = (low + high) / 2.0
            measured, _ = self.measure(
                [component.scale(np.exp(middle)) for component in components]
            )
            if measured < index:
                low = middle
            else:
                high = middle
        wide = [component.scale(float(np.exp((low + high) / 2.0))) for component in components]
        # Catalogues add one average aperture correction to the flux at 4 px, so the total flux of
        # an object wider than the average exceeds that of its catalogue magnitude.
        within = self.measure(wide)[1]
        brighter = float(np.clip(self._typical / max(within, 1e-6), 0.7, 3.0))
        return [component.scale(brightness=brighter) for component in wide]
