"""A simulated field: five mosaics, a catalogue as of a survey, and the true classes.

The catalogue contains nothing from which the class could be read; the true classes are for tests.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from astropy.wcs import WCS
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from labeling.imaging.apertures import windowed_centroids
from labeling.imaging.photometry import APERTURE_PX, concentration, measure_flux
from labeling.simulation.artefacts import ChipGap, draw_rays
from labeling.simulation.background import Galaxy, spiral
from labeling.simulation.instrument import (
    WFC3_UVIS,
    Plane,
    expose,
    mosaic_hdu,
    sky_variance,
    tangent_plane,
)
from labeling.simulation.output import write_hdu, write_table
from labeling.simulation.photometry import aperture_correction
from labeling.simulation.plan import PlannedCandidate, Planner
from labeling.simulation.profiles import EFF
from labeling.simulation.psf import wfc3_psf
from labeling.simulation.scene import Component, Scene, splat
from labeling.simulation.stars import SaturatedStar, field_stars, luminosity_function

NAME = "simulated"
PIXEL_SCALE = 0.0396
"""Arcsec per pixel."""
DISTANCE_MPC = 13.0
PIXELS_PER_PARSEC = np.degrees(1.0 / (DISTANCE_MPC * 1e6)) * 3600.0 / PIXEL_SCALE
SKY_CENTRE = (56.2, -31.7)
"""RA, Dec in degrees of the frame's central pixel."""

STARS_PER_MEGAPIXEL, RAYS_PER_MEGAPIXEL = 8000.0, 25.0
NEIGHBOURS = MappingProxyType(
    {"association": 14.0, "lopsided": 9.0, "elongated": 6.0, "tailed": 9.0, "pair": 9.0}
)
"""Mean number of young stars around a kind of candidate; 0 for other kinds."""

RAYS_PER_GAP_PIXEL = 0.0022
"""In each band: about two rays of each colour in a 32 px stamp of the gap."""


@dataclass(frozen=True)
class SimulatedField:
    """Mosaics by band, the catalogue, and the true classes (id, class, subtype)."""

    name: str
    seed: int
    distance_mpc: float
    pixel_scale_arcsec: float
    mosaics: Mapping[str, fits.PrimaryHDU]
    catalogue: Table
    truth: Table

    def write(self, directory: Path) -> dict[str, Path]:
        """Write all files; return their paths by band, "catalogue" and "truth"."""
        paths = {
            band: write_hdu(hdu, directory / f"{self.name}_{hdu.header['FILTER'].lower()}_sim.fits")
            for band, hdu in self.mosaics.items()
        }
        paths["catalogue"] = write_table(self.catalogue, directory / "catalogue.ecsv")
        paths["truth"] = write_table(self.truth, directory / "truth" / "truth.ecsv")
        return paths


def simulate_field(
    seed: int, shape: tuple[int, int] = (2000, 2000), candidates: int = 600
) -> SimulatedField:
    """Simulate a field of `shape` (rows, columns) of a spiral galaxy.

    The same arguments give the same pixels. Raises ValueError if the frame is too small for the
    candidates.
    """
    if min(shape) < 200 or candidates < 1:
        raise ValueError("a simulated field needs at least 200 x 200 px and one candidate")
    world = _World.create(seed, shape, candidates)
    wcs = tangent_plane(((shape[1] + 1) / 2.0, (shape[0] + 1) / 2.0), SKY_CENTRE, PIXEL_SCALE)
    planes = {band: world.image(band) for band in BANDS}
    catalogue = _catalogue(world, planes, wcs)
    mosaics = {
        band: mosaic_hdu(plane, WFC3_UVIS[band], wcs, "SIMULATED", seed)
        for band, plane in planes.items()
    }
    order = np.argsort(world.ids)
    truth = Table(
        {
            "id": world.ids[order],
            "class": [int(world.planned[k].label) for k in order],
            "subtype": [world.planned[k].kind for k in order],
        },
        meta={"field": NAME, "seed": seed},
    )
    return SimulatedField(NAME, seed, DISTANCE_MPC, PIXEL_SCALE, mosaics, catalogue, truth)


@dataclass(frozen=True)
class _World:
    """Everything that was drawn before the shutter opened."""

    seed: int
    galaxy: Galaxy
    gap: ChipGap
    saturated: list[SaturatedStar]
    planned: list[PlannedCandidate]
    scene: Scene
    spike_angle: float
    ids: NDArray[np.int64]

    @classmethod
    def create(cls, seed: int, shape: tuple[int, int], candidates: int) -> "_World":
        rng = np.random.default_rng(seed)
        zero_points = dict(WFC3_UVIS)
        galaxy = spiral(shape, rng, WFC3_UVIS["V"], PIXEL_SCALE)
        spike_angle = rng.uniform(0.0, np.pi / 2.0)
        middle = (rng.uniform(0.3, 0.7) * shape[1], rng.uniform(0.3, 0.7) * shape[0])
        gap = ChipGap(*middle, rng.uniform(0.0, np.pi), width=0.03 * min(shape) + 20.0)
        saturated = list(_saturated_stars(rng, shape, spike_angle))
        planner = Planner(rng, galaxy, gap, saturated, WFC3_UVIS, float(PIXELS_PER_PARSEC))
        planned = planner.plan(candidates)
        scene = Scene(shape, lambda band: galaxy.plane(band, zero_points))
        _add_objects(scene, rng, galaxy, planned)
        for star in saturated:
            scene.add_object(star.x, star.y, [Component(star.flux)])
        ids = rng.permutation(len(planned)) + 1
        return cls(seed, galaxy, gap, saturated, planned, scene, spike_angle, ids)

    def image(self, band: str) -> Plane:
        """Return the mosaic of a band: light, saturation, cosmic rays, noise."""
        number = BANDS.index(band)
        rng = np.random.default_rng([self.seed, number])
        zero_point = WFC3_UVIS[band]
        plane = self.scene.light(number, wfc3_psf(band, self.spike_angle))
        for star in self.saturated:
            star.imprint(plane, number, zero_point)
        self._add_artefacts(plane, number, rng)
        return expose(plane, zero_point, rng)

    def _add_artefacts(self, plane: Plane, band: int, rng: np.random.Generator) -> None:
        area, exptime = plane.size / 1e6, WFC3_UVIS[BANDS[band]].exptime
        reach = float(max(plane.shape))
        fractions = rng.uniform(0.0, 1.0, (2, rng.poisson(RAYS_PER_MEGAPIXEL * area)))
        x, y = self.gap.scatter(
            rng, rng.poisson(RAYS_PER_GAP_PIXEL * 2.0 * reach * self.gap.width), reach
        )
        x = np.append(x, fractions[0] * plane.shape[1])
        y = np.append(y, fractions[1] * plane.shape[0])
        draw_rays(rng, (x, y), exptime).imprint(plane)
        # The bands of each candidate must not depend on the order in which bands are simulated.
        choice = np.random.default_rng([self.seed, len(BANDS)])
        for candidate in self.planned:
            bands = choice.choice(len(BANDS), size=int(choice.integers(1, 3)), replace=False)
            if band in bands and candidate.kind == "cosmic ray":
                position = np.array([candidate.x]), np.array([candidate.y])
                draw_rays(rng, position, exptime).imprint(plane)
            elif band == bands[0] and candidate.kind == "hot pixel":
                charge = np.array([rng.uniform(1500.0, 9000.0) / exptime])
                splat(plane, np.rint([candidate.x]), np.rint([candidate.y]), charge, sigma=0.2)


def _saturated_stars(
    rng: np.random.Generator, shape: tuple[int, int], angle: float
) -> Iterator[SaturatedStar]:
    for _ in range(max(1, round(shape[0] * shape[1] / 800_000))):
        x, y = rng.uniform(0.1, 0.9) * shape[1], rng.uniform(0.1, 0.9) * shape[0]
        flux = field_stars(rng, rng.uniform(14.0, 16.5, 1), 0.0, WFC3_UVIS)[:, 0]
        yield SaturatedStar(x, y, flux, angle)


def _add_objects(
    scene: Scene, rng: np.random.Generator, galaxy: Galaxy, planned: list[PlannedCandidate]
) -> None:
    """Add field stars, the candidates, and young stars around the young ones."""
    count = rng.poisson(STARS_PER_MEGAPIXEL * scene.shape[0] * scene.shape[1] / 1e6)
    x, y = galaxy.scatter(rng, count, evenly=0.25)
    magnitudes = luminosity_function(rng, count, 22.3, 27.5)
    scene.add_points(x, y, field_stars(rng, magnitudes, 0.85, WFC3_UVIS))
    for candidate in planned:
        scene.add_object(candidate.x, candidate.y, candidate.components)
        neighbours = rng.poisson(NEIGHBOURS.get(candidate.kind, 0.0) * rng.exponential())
        if neighbours:
            _add_neighbours(scene, rng, candidate, neighbours)


def _add_neighbours(
    scene: Scene, rng: np.random.Generator, candidate: PlannedCandidate, neighbours: int
) -> None:
    """Add young stars around a candidate, and the diffuse light of undetected ones."""
    x, y = rng.normal([[candidate.x], [candidate.y]], rng.uniform(8.0, 20.0), (2, neighbours))
    magnitudes = luminosity_function(rng, neighbours, 22.8, 26.5)
    light = field_stars(rng, magnitudes, 0.9, WFC3_UVIS)
    scene.add_points(x, y, light)
    if neighbours > 3:
        profile = EFF(rng.uniform(4.0, 8.0), 2.8)
        diffuse = light.sum(axis=1) * rng.uniform(0.5, 3.0)
        scene.add_object(float(x.mean()), float(y.mean()), [Component(diffuse, profile=profile)])


def _catalogue(world: _World, planes: Mapping[str, Plane], wcs: WCS) -> Table:
    """Return the measurements of the candidates by id; the ids are random."""
    x, y = np.array([(candidate.x, candidate.y) for candidate in world.planned]).T
    white = np.sum(
        [planes[b] / np.float32(np.sqrt(sky_variance(WFC3_UVIS[b]))) for b in BANDS], axis=0
    )
    x, y = windowed_centroids(white, x, y, sigma=1.6)
    table = Table({"id": world.ids, "x": x + 1.0, "y": y + 1.0})
    table["ra"], table["dec"] = wcs.all_pix2world(x, y, 0)
    detections = np.zeros(len(x), dtype=int)
    for band in BANDS:
        zero_point = WFC3_UVIS[band]
        psf = wfc3_psf(band, world.spike_angle)
        correction = aperture_correction(psf, 3.0 * PIXELS_PER_PARSEC)
        brightness = measure_flux(planes[band], x, y, APERTURE_PX, zero_point.exptime)
        magnitude, error = brightness.magnitudes(zero_point.vega + correction)
        detections += np.isfinite(magnitude)
        table[f"mag_{zero_point.filter}"] = _masked_column(magnitude)
        table[f"err_{zero_point.filter}"] = _masked_column(error)
    table["ci"] = _masked_column(concentration(planes["V"], x, y))
    table["nflt"] = detections
    table["x"].unit = table["y"].unit = "pix"
    table["ra"].unit = table["dec"].unit = "deg"
    table.meta.update(
        field=NAME,
        simulated=True,
        note="Simulated. x, y count from 1 at the centre of the first pixel; Vega magnitudes.",
        distance_mpc=DISTANCE_MPC,
        pixel_scale_arcsec=PIXEL_SCALE,
    )
    table.sort("id")
    return table


def _masked_column(values: NDArray[np.float64]) -> MaskedColumn:
    return MaskedColumn(np.round(values, 4), mask=~np.isfinite(values), unit="mag")
