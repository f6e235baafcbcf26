"""Simulated mosaics of a real catalogue, with its positions, magnitudes, sizes and classes.

The rest is drawn at random: shapes within a class, field stars, the light of the galaxy. The
mosaics are computed one band at a time, since five full frames fill the memory.
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
"""Length in px from which the size of a kind is fitted; 1 for other kinds."""

LOOKS = MappingProxyType(
    {
        MorphologicalClass.SYMMETRIC: (0.92, 0.06, 0.00, 0.02),
        MorphologicalClass.ASYMMETRIC: (0.06, 0.84, 0.07, 0.03),
        MorphologicalClass.ASSOCIATION: (0.00, 0.08, 0.83, 0.09),
        MorphologicalClass.NOT_CLUSTER: (0.02, 0.04, 0.09, 0.85),
    }
)
"""Share of a class's objects that look like each class: people agree on 40 to 80 %."""

STANDS_OUT = np.array([1.5, 1.3, 1.3, 1.3, 2.8])
"""Excess in magnitudes of a band over its neighbours that only a cosmic ray explains."""


@dataclass(frozen=True)
class SurveyFrame:
    """The tangent plane of a field: reference pixel (from 1), its RA and Dec, arcsec per pixel."""

    name: str
    target: str
    reference_pixel: tuple[float, float]
    sky: tuple[float, float]
    pixel_scale: float
    distance_mpc: float

    @property
    def wcs(self) -> WCS:
        """WCS of the frame."""
        return tangent_plane(self.reference_pixel, self.sky, self.pixel_scale)


NGC1566 = SurveyFrame(
    "ngc1566", "NGC 1566", (3109.035, 3112.452), (65.00142698, -54.93776304), 0.03962, 18.0
)
"""Fitted to x, y (taken as counting from 1) and RA, Dec of the catalogue."""


@dataclass(frozen=True)
class SimulatedSurvey:
    """The mosaics of a catalogue, computed on demand."""

    frame: SurveyFrame
    seed: int
    zero_points: Mapping[str, ZeroPoint]
    psfs: Mapping[str, NDArray[np.float32]]
    scene: Scene
    rays: Mapping[str, Rays]

    def mosaic(self, band: str) -> fits.PrimaryHDU:
        """Return the mosaic of a band, float32 (y, x) electrons/s."""
        number = BANDS.index(band)
        rng = np.random.default_rng([self.seed, number])
        plane = self.scene.light(number, self.psfs[band])
        self.rays[band].imprint(plane)
        area = plane.size / 1e6
        x, y = rng.random((2, rng.poisson(RAYS_PER_MEGAPIXEL * area)))
        positions = x * plane.shape[1], y * plane.shape[0]
        draw_rays(rng, positions, self.zero_points[band].exptime).imprint(plane)
        pixels = expose(plane, self.zero_points[band], rng)
        target = f"{self.frame.target} SIMULATED"
        return mosaic_hdu(pixels, self.zero_points[band], self.frame.wcs, target, self.seed)

    def mosaics(self) -> Iterator[tuple[str, fits.PrimaryHDU]]:
        """Yield the mosaics one after the other, so that memory holds one."""
        for band in BANDS:
            yield band, self.mosaic(band)

    def write(self, directory: Path) -> dict[str, Path]:
        """Write `<name>_<filter>_sim.fits` for each band; return the paths by band."""
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
    """Simulate five mosaics of the sources of `catalogue`.

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
    is_ray = outliers(magnitudes)  # (5, N)
    galaxy = _galaxy(rng, (x, y), fluxes, frame, shape, zero_points)
    scene = Scene(shape, lambda band: galaxy.plane(band, dict(zero_points)))
    _add_stars(scene, rng, galaxy, zero_points)
    parsec = np.degrees(1.0 / (frame.distance_mpc * 1e6)) * 3600.0 / frame.pixel_scale
    gauge = Gauge(psfs["V"], half_light=3.0 * float(parsec))
    for number, row in enumerate(catalogue):
        light = np.where(is_ray[:, number], 0.0, fluxes[:, number])
        if light.any():
            scene.add_object(x[number], y[number], _components(rng, row, light, gauge))
    rays = {
        band: _rays(rng, (x, y), is_ray, fluxes, number, zero_points[band].exptime)
        for number, band in enumerate(BANDS)
    }
    return SimulatedSurvey(frame, seed, zero_points, psfs, scene, rays)


def outliers(magnitudes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return True (5, N) for magnitudes much brighter than those of the neighbouring bands."""
    filled = np.nan_to_num(magnitudes, nan=27.0)
    beyond = np.full((1, filled.shape[1]), np.inf)
    before = np.concatenate([beyond, filled[:-1]])
    after = np.concatenate([filled[1:], beyond])
    return np.asarray(filled < np.minimum(before, after) - STANDS_OUT[:, None])


def draw_kind(rng: np.random.Generator, label: int, index: float, *, red: bool) -> str:
    """Return a random kind of object for a class (0: unknown) and a concentration index."""
    if label:
        appearance = 1 + int(rng.choice(4, p=LOOKS[MorphologicalClass(label)]))
    else:
        appearance = 4 if index < 1.7 or rng.random() < 0.6 else 3
    if appearance < 4:
        kinds = KINDS[MorphologicalClass(appearance)]
        return str(rng.choice(list(kinds), p=list(kinds.values())))
    if red and index > 1.45:
        return "galaxy"
    if index < 1.42:
        return str(rng.choice(["star", "pair"], p=[0.4, 0.6]))
    return str(rng.choice(["pair", "patch", "galaxy"], p=[0.7, 0.2, 0.1]))


def _components(rng: np.random.Generator, row: Row, light: Fluxes, gauge: Gauge) -> list[Component]:
    index, label = float(row["ci"]), int(row["class"])
    red = bool(float(row["mag_V"]) - float(row["mag_I"]) > 1.2)
    kind = draw_kind(rng, label, index, red=red)
    components = RECIPES[kind](rng, light, LENGTHS.get(kind, 1.0))
    return components if kind == "star" else gauge.fit_to_index(components, index)


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
    # Fainter than the sources of the catalogue, whose magnitudes they must not change.
    magnitudes = luminosity_function(rng, count, 23.8, 27.5)
    scene.add_points(x, y, field_stars(rng, magnitudes, 0.9, zero_points))


def _rays(
    rng: np.random.Generator,
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    is_ray: NDArray[np.bool_],
    fluxes: Fluxes,
    band: int,
    exptime: float,
) -> Rays:
    """Return the cosmic rays of a band in the catalogue, and others near those of all bands."""
    in_band = np.flatnonzero(is_ray[band])
    in_any = np.repeat(np.flatnonzero(is_ray.any(axis=0)), 2)
    offset = rng.normal(0.0, 14.0, (2, len(in_any)))
    near = draw_rays(
        rng, (position[0][in_any] + offset[0], position[1][in_any] + offset[1]), exptime
    )
    listed = draw_rays(rng, (position[0][in_band], position[1][in_band]), exptime)
    return Rays(
        np.append(near.x, listed.x),
        np.append(near.y, listed.y),
        np.append(near.energy, fluxes[band, in_band]),
        np.append(near.length, np.minimum(listed.length, 3.0)),
        np.append(near.angle, listed.angle),
    )
