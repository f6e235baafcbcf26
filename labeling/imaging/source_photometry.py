"""Photometry of detected sources in all bands of a field, with one aperture correction a band.

Shapes   N sources; positions in px from 0 in the reference frame.
Units    magnitudes in the system of each band's zero point; with a zero point of 0 where there is
         none.
Source   Adamo et al. 2017, ApJ 841, 131, section 3: the correction is the mean difference between
         the magnitudes in 20 px and in the aperture, of isolated clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from classifier.core.bands import reference_band
from labeling.imaging.detection import Sources
from labeling.imaging.mosaics import Image
from labeling.imaging.photometry import APERTURE_PX, Brightness, concentration, measure_flux
from labeling.imaging.stamps import cut_stamps

Numbers = NDArray[np.float64]

STAR_ERROR_MAG = 0.05
"""Largest error of the sources from which stars' concentration and corrections are measured."""

_TOTAL_PX = 20.0
_TOTAL_SKY_PX = (21.0, 22.0)
_ALONE_PX = 8.0
_NEIGHBOUR_LIGHT = 0.1
"""Share of a source's flux that any neighbour within the large aperture may have."""
_FEWEST, _MOST = 5, 50
_UNEXPOSED = 0.25
"""Share of the pixels about a source that may be exactly 0."""


@dataclass(frozen=True)
class CalibratedImage:
    """A band's image, its shift from the reference frame, zero point and gain (None: unknown)."""

    filter: str
    image: Image
    dx: float = 0.0
    dy: float = 0.0
    zero_point: float | None = None
    electrons_per_unit: float | None = None


@dataclass(frozen=True)
class Correction:
    """Aperture correction of a band in mag, its standard error, and from how many sources."""

    mag: float
    error: float
    sources: int


@dataclass(frozen=True)
class Photometry:
    """Magnitudes and errors by band, and the concentration index of one band, each (N,)."""

    magnitudes: dict[str, Numbers]
    errors: dict[str, Numbers]
    ci: Numbers
    ci_band: str
    fluxes: dict[str, Brightness]
    isolated: NDArray[np.bool_]
    """True for sources without another one within 8 px."""

    @property
    def ci_of_stars(self) -> Numbers:
        """The concentration index of bright isolated sources, most of which are stars."""
        bright = self.errors[self.ci_band] < STAR_ERROR_MAG
        return self.ci[bright & self.isolated]


def measure_photometry(
    images: Mapping[str, CalibratedImage], sources: Sources, radius: float = APERTURE_PX
) -> Photometry:
    """Measure the sources in all bands, without aperture correction."""
    magnitudes, errors, fluxes = {}, {}, {}
    for band, calibrated in images.items():
        fluxes[band] = _flux(calibrated, sources, radius)
        magnitudes[band], errors[band] = fluxes[band].magnitudes(calibrated.zero_point or 0.0)
    ci_band = reference_band(images)
    reference = images[ci_band]
    ci = concentration(reference.image, sources.x + reference.dx, sources.y + reference.dy)
    return Photometry(magnitudes, errors, ci, ci_band, fluxes, _isolated(sources))


def _flux(calibrated: CalibratedImage, sources: Sources, radius: float) -> Brightness:
    """Return the brightness in one band; NaN where it was not exposed."""
    x, y = sources.x + calibrated.dx, sources.y + calibrated.dy
    gain = calibrated.electrons_per_unit or inf
    brightness = measure_flux(calibrated.image, x, y, radius, gain)
    unexposed = np.mean(cut_stamps(calibrated.image, x, y, 9) == 0, axis=(1, 2)) > _UNEXPOSED
    return Brightness(np.where(unexposed, np.nan, brightness.flux), brightness.error)


def _isolated(sources: Sources) -> NDArray[np.bool_]:
    if not len(sources):
        return np.empty(0, dtype=bool)
    tree = KDTree(np.column_stack([sources.x, sources.y]))
    return np.asarray(tree.query_ball_point(tree.data, _ALONE_PX, return_length=True) == 1)


def corrected(photometry: Photometry, corrections: Mapping[str, Correction]) -> Photometry:
    """Return the photometry with the corrections added, and their errors in quadrature."""
    bands = photometry.magnitudes
    return Photometry(
        {band: bands[band] + corrections[band].mag for band in bands},
        {band: np.hypot(photometry.errors[band], corrections[band].error) for band in bands},
        photometry.ci,
        photometry.ci_band,
        photometry.fluxes,
        photometry.isolated,
    )


def measure_corrections(
    images: Mapping[str, CalibratedImage],
    sources: Sources,
    photometry: Photometry,
    least_ci: float,
    radius: float = APERTURE_PX,
) -> dict[str, Correction]:
    """Return the aperture correction of each band, from bright isolated clusters.

    Those are sources with a concentration index above `least_ci`. A correction is 0, of 0 sources,
    where there are fewer than five.
    """
    chosen = _isolated_clusters(sources, photometry, least_ci)
    x, y = sources.x[chosen], sources.y[chosen]
    corrections = {}
    for band, calibrated in images.items():
        position = x + calibrated.dx, y + calibrated.dy
        total = measure_flux(calibrated.image, *position, _TOTAL_PX, sky_px=_TOTAL_SKY_PX).flux
        inner = measure_flux(calibrated.image, *position, radius).flux
        positive = (total > 0) & (inner > 0)
        corrections[band] = _correction(-2.5 * np.log10(total[positive] / inner[positive]))
    return corrections


def _correction(differences: Numbers) -> Correction:
    """Return the median of magnitude differences, with its standard error."""
    count = len(differences)
    if count < _FEWEST:
        return Correction(0.0, 0.0, 0)
    median = float(np.median(differences))
    spread = 1.4826 * float(np.median(np.abs(differences - median)))
    # The median of a normal sample scatters by sqrt(pi / 2) times as much as its mean.
    return Correction(median, spread * sqrt(np.pi / 2 / count), count)


def _isolated_clusters(
    sources: Sources, photometry: Photometry, least_ci: float
) -> NDArray[np.intp]:
    """Return the brightest extended sources without a bright neighbour in the large aperture."""
    band = photometry.ci_band
    flux = photometry.fluxes[band].flux
    extended = (photometry.ci > least_ci) & (photometry.errors[band] < STAR_ERROR_MAG)
    candidates = np.flatnonzero(extended)
    if not candidates.size:
        return candidates
    tree = KDTree(np.column_stack([sources.x, sources.y]))
    near = tree.query_ball_point(tree.data[candidates], _TOTAL_SKY_PX[1])
    alone = [
        all(not flux[other] > _NEIGHBOUR_LIGHT * flux[row] for other in others if other != row)
        for row, others in zip(candidates, near, strict=True)
    ]
    clusters: NDArray[np.intp] = candidates[np.array(alone, dtype=bool)]
    return clusters[np.argsort(-flux[clusters])[:_MOST]]
