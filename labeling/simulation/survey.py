"""Pixels for a real catalogue: its positions, magnitudes, sizes and classes on simulated mosaics.

What a catalogue does not say is drawn: the shape within the class, field stars, the galaxy's
light. The mosaics are made one band at a time, since five full frames fill the memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from astropy.io import fits
from astropy.table import Row, Table
from astropy.wcs import WCS
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from classifier.core.classes import MorphologicalClass
from labeling.simulation.artefacts import Rays, draw_rays
from labeling.simulation.background import Galaxy, galaxy_around
from labeling.simulation.gauge import Gauge
from labeling.simulation.instrument import ZeroPoint, expose, mosaic_hdu, tangent_plane
from labeling.simulation.output import write_hdu
from labeling.simulation.plan import KINDS
from labeling.simulation.recipes import RECIPES
from labeling.simulation.scene import Component, Fluxes, Scene
from labeling.simulation.stars import field_stars, fluxes_of, luminosity_function

STARS_PER_MEGAPIXEL, RAYS_PER_MEGAPIXEL = 5000.0, 10.0
MARGIN = 100
"""Pixels beyond the outermost source, so that every stamp is whole."""

LENGTHS = MappingProxyType(
    {"association": 2.5, "pair": 1.8, "galaxy": 2.5, "patch": 2.0, "star": 1.0}
)
"""Pixels from which a kind's size is fitted; 1 where not named."""

LOOKS = MappingProxyType(
    {
        MorphologicalClass.SYMMETRIC: (0.92, 0.06, 0.00, 0.02),
        MorphologicalClass.ASYMMETRIC: (0.06, 0.84, 0.07, 0.03),
        MorphologicalClass.ASSOCIATION: (0.00, 0.08, 0.83, 0.09),
        MorphologicalClass.NOT_CLUSTER: (0.02, 0.04, 0.09, 0.85),
    }
)
"""Of what people put in a class, what looks like each class: they agree on 40 to 80 %."""

STANDS_OUT = np.array([1.5, 1.3, 1.3, 1.3, 2.8])
"""A band brighter than its neighbours by so many magnitudes is a cosmic ray, no spectrum."""


@dataclass(frozen=True)
class SurveyFrame:
    """A field's tangent plane: reference pixel (FITS convention), its sky, arcsec per pixel."""

    name: str
    target: str
    reference_pixel: tuple[float, float]
    sky: tuple[float, float]
    pixel_scale: float
    distance_mpc: float

    @property
    def wcs(self) -> WCS:
        """The frame as a WCS."""
        return tangent_plane(self.reference_pixel, self.sky, self.pixel_scale)


NGC1566 = SurveyFrame(
    "ngc1566", "NGC 1566", (3109.035, 3112.452), (65.00142698, -54.93776304), 0.03962, 18.0
)
"""Fitted to the catalogue's own x, y (taken as counting from 1) and RA, Dec."""


@dataclass(frozen=True)
class SimulatedSurvey:
    """A catalogue's mosaics, made when they are asked for."""

    frame: SurveyFrame
    seed: int
    zero_points: Mapping[str, ZeroPoint]
    psfs: Mapping[str, NDArray[np.float32]]
    scene: Scene
    rays: Mapping[str, Rays]

    def mosaic(self, band: str) -> fits.PrimaryHDU:
        """One band's mosaic, float32 (y, x) electrons/s."""
        number = BANDS.index(band)
        rng = np.random.default_rng([self.seed, number])
        plane = self.scene.light(number, self.psfs[band])
        self.rays[band].imprint(plane)
        area = plane.size / 1e6
        x, y = rng.random((2, rng.poisson(RAYS_PER_MEGAPIXEL * area)))
        here = x * plane.shape[1], y * plane.shape[0]
        draw_rays(rng, here, self.zero_points[band].exptime).imprint(plane)
        pixels = expose(plane, self.zero_points[band], rng)
        target = f"{self.frame.target} SIMULATED"
        return mosaic_hdu(pixels, self.zero_points[band], self.frame.wcs, target, self.seed)

    def mosaics(self) -> Iterator[tuple[str, fits.PrimaryHDU]]:
        """Every band's mosaic in turn; keep none and memory holds one."""
        for band in BANDS:
            yield band, self.mosaic(band)

    def write(self, directory: Path) -> dict[str, Path]:
        """Write `<name>_<filter>_sim.fits` for each band; paths by band."""
        names = {band: self.zero_points[band].filter.lower() for band in BANDS}
        return {
            band: write_hdu(hdu, directory / f"{self.frame.name}_{names[band]}_sim.fits")
            for band, hdu in self.mosaics()
        }


def simulate_survey(
    catalogue: Table,
    zero_points: Mapping[str, ZeroPoint],
    psfs: Mapping[str, NDArray[np.float32]],
    *,
    frame: SurveyFrame = NGC1566,
    seed: int = 1566,
    shape: tuple[int, int] | None = None,
) -> SimulatedSurvey:
    """Five mosaics of the sources of `catalogue`.

    Columns: x, y (pixels from 1), mag_<band> (total Vega magnitudes, NaN for no detection), ci
    (mag at 1 px less mag at 3 px), class (1-4, 0 for none). Without `shape` (rows, columns) the
    frame ends `MARGIN` px beyond its outermost sources. Raises ValueError for an empty table.
    """
    if len(catalogue) == 0:
        raise ValueError("the catalogue has no rows: there is nothing to simulate")
    rng = np.random.default_rng(seed)
    x, y = np.asarray(catalogue["x"], float) - 1.0, np.asarray(catalogue["y"], float) - 1.0
    if shape is None:
        shape = int(np.ceil(y.max())) + MARGIN, int(np.ceil(x.max())) + MARGIN
    magnitudes = np.array([np.ma.filled(catalogue[f"mag_{band}"], np.nan) for band in BANDS])
    fluxes = fluxes_of(magnitudes, zero_points)  # (5, N)
    struck = outliers(magnitudes)  # (5, N)
    galaxy = _galaxy(rng, (x, y), fluxes, frame, shape, zero_points)
    known = dict(zero_points)
    scene = Scene(shape, lambda band: galaxy.plane(band, known))
    _add_stars(scene, rng, galaxy, zero_points)
    parsec = np.degrees(1.0 / (frame.distance_mpc * 1e6)) * 3600.0 / frame.pixel_scale
    gauge = Gauge(psfs["V"], half_light=3.0 * float(parsec))
    for number, row in enumerate(catalogue):
        light = np.where(struck[:, number], 0.0, fluxes[:, number])
        if light.any():
            scene.add_object(x[number], y[number], _parts(rng, row, light, gauge))
    rays = {
        band: _rays(rng, (x, y), struck, fluxes, number, zero_points[band].exptime)
        for number, band in enumerate(BANDS)
    }
    return SimulatedSurvey(frame, seed, zero_points, psfs, scene, rays)


def outliers(magnitudes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which magnitudes (5, N) no spectrum explains: far brighter than in the bands beside them."""
    known = np.nan_to_num(magnitudes, nan=27.0)
    beyond = np.full((1, known.shape[1]), np.inf)
    before = np.concatenate([beyond, known[:-1]])
    after = np.concatenate([known[1:], beyond])
    return np.asarray(known < np.minimum(before, after) - STANDS_OUT[:, None])


def kind_of(rng: np.random.Generator, label: int, index: float, *, red: bool) -> str:
    """A kind of object for a class (0 for none) and a concentration index."""
    if label:
        shown = 1 + int(rng.choice(4, p=LOOKS[MorphologicalClass(label)]))
    else:
        shown = 4 if index < 1.7 or rng.random() < 0.6 else 3
    if shown < 4:
        kinds = KINDS[MorphologicalClass(shown)]
        return str(rng.choice(list(kinds), p=list(kinds.values())))
    if red and index > 1.45:
        return "galaxy"
    if index < 1.42:
        return str(rng.choice(["star", "pair"], p=[0.4, 0.6]))
    return str(rng.choice(["pair", "patch", "galaxy"], p=[0.7, 0.2, 0.1]))


def _parts(rng: np.random.Generator, row: Row, light: Fluxes, gauge: Gauge) -> list[Component]:
    index, label = float(row["ci"]), int(row["class"])
    red = bool(float(row["mag_V"]) - float(row["mag_I"]) > 1.2)
    kind = kind_of(rng, label, index, red=red)
    parts = RECIPES[kind](rng, light, LENGTHS.get(kind, 1.0))
    return parts if kind == "star" else gauge.fit_to_index(parts, index)


def _galaxy(
    rng: np.random.Generator,
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    fluxes: Fluxes,
    frame: SurveyFrame,
    shape: tuple[int, int],
    zero_points: Mapping[str, ZeroPoint],
) -> Galaxy:
    weight = np.minimum(fluxes[BANDS.index("B")], zero_points["B"].flux(21.0))
    centre = frame.reference_pixel[0] - 1.0, frame.reference_pixel[1] - 1.0
    sources = (*position, weight)
    return galaxy_around(sources, centre, shape, rng, zero_points["V"], frame.pixel_scale)


def _add_stars(
    scene: Scene, rng: np.random.Generator, galaxy: Galaxy, zero_points: Mapping[str, ZeroPoint]
) -> None:
    count = rng.poisson(STARS_PER_MEGAPIXEL * scene.shape[0] * scene.shape[1] / 1e6)
    x, y = galaxy.scatter(rng, count, evenly=0.2)
    # Fainter than what the catalogue lists, so that its magnitudes stay its own.
    magnitudes = luminosity_function(rng, count, 23.8, 27.5)
    scene.add_points(x, y, field_stars(rng, magnitudes, 0.9, zero_points))


def _rays(
    rng: np.random.Generator,
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    struck: NDArray[np.bool_],
    fluxes: Fluxes,
    band: int,
    exptime: float,
) -> Rays:
    """The rays that the catalogue lists in a band, and more near all that were struck."""
    own = np.flatnonzero(struck[band])
    others = np.repeat(np.flatnonzero(struck.any(axis=0)), 2)
    away = rng.normal(0.0, 14.0, (2, len(others)))
    near = draw_rays(rng, (position[0][others] + away[0], position[1][others] + away[1]), exptime)
    listed = draw_rays(rng, (position[0][own], position[1][own]), exptime)
    return Rays(
        np.append(near.x, listed.x),
        np.append(near.y, listed.y),
        np.append(near.energy, fluxes[band, own]),
        np.append(near.length, np.minimum(listed.length, 3.0)),
        np.append(near.angle, listed.angle),
    )
