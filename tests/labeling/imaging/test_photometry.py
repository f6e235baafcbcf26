"""labeling.imaging.photometry: fluxes, errors and concentration, beside photutils and theory."""

from dataclasses import dataclass

import numpy as np
import pytest
from photutils.aperture import CircularAnnulus, CircularAperture

from labeling.imaging.photometry import concentration, electrons_per_unit, measure_flux

SIGMA_PX, NOISE, EXPOSURE = 1.5, 0.01, 1143.0
SKIES = (0.0, 0.3)
ZERO_POINT = 25.8325


def field_of(rng, sky):
    """A noisy image (y, x) with Gaussian stars, and their positions and fluxes."""
    x, y = (
        grid.ravel() + rng.uniform(-3, 3, 64) for grid in np.meshgrid(*[30 + 30 * np.arange(8)] * 2)
    )
    flux = 10 ** rng.uniform(0.5, 2.5, 64)
    rows, columns = np.mgrid[:280, :280]
    image = rng.normal(sky, NOISE, rows.shape)
    for x0, y0, total in zip(x, y, flux, strict=True):
        r2 = (columns - x0) ** 2 + (rows - y0) ** 2
        image += total / (2 * np.pi * SIGMA_PX**2) * np.exp(-r2 / (2 * SIGMA_PX**2))
    return image.astype(np.float32), x, y, flux


def photutils_flux(image, x, y, radius):
    """Flux less the median of the ring from 7 to 8 px."""
    positions = np.column_stack([x, y])
    ring = CircularAnnulus(positions, 7, 8).to_mask(method="center")
    level = np.array([np.median(mask.get_values(image)) for mask in ring])
    total, _ = CircularAperture(positions, radius).do_photometry(image)
    return total - level * np.pi * radius**2


@pytest.mark.parametrize("sky", SKIES)
@pytest.mark.parametrize("scale", [1.0, 1e-18])
def test_magnitudes_and_concentration_agree_with_photutils_in_any_unit(sky, scale):
    image, x, y, _ = field_of(np.random.default_rng(1), sky)
    scaled = (image.astype(float) * scale).astype(np.float32)
    zero_point = ZERO_POINT + 2.5 * np.log10(scale)
    magnitude, _ = measure_flux(scaled, x, y, 4.0).magnitudes(zero_point)
    expected = ZERO_POINT - 2.5 * np.log10(photutils_flux(image, x, y, 4.0))
    assert magnitude == pytest.approx(expected, abs=0.002)
    inner, outer = (photutils_flux(image, x, y, radius) for radius in (1, 3))
    assert concentration(scaled, x, y) == pytest.approx(2.5 * np.log10(outer / inner), abs=0.002)


def test_the_flux_of_a_star_is_that_drawn_within_its_error():
    image, x, y, flux = field_of(np.random.default_rng(2), 0.3)
    # A circle takes parts of pixels as if their light were even, which adds 1/12 px^2 of variance.
    within = 1 - np.exp(-(4.0**2) / (2 * (SIGMA_PX**2 + 1 / 12)))
    brightness = measure_flux(image, x, y, 4.0)
    pulls = (brightness.flux - within * flux) / brightness.error
    # The mean of 64 pulls has an error of 1/8, their scatter one of 0.09; three of each.
    assert abs(pulls.mean()) < 0.375
    assert pulls.std() == pytest.approx(1, abs=0.27)


def test_the_error_is_poisson_noise_and_the_scatter_of_the_sky():
    rng = np.random.default_rng(3)
    sky = rng.normal(0, NOISE, (4000, 33, 33))
    rows, columns = np.mgrid[:33, :33] - 16
    profile = np.exp(-(rows**2 + columns**2) / (2 * SIGMA_PX**2)) / (2 * np.pi * SIGMA_PX**2)
    light = 5.0 * profile
    electrons = rng.poisson(light * EXPOSURE, sky.shape)
    images = (electrons / EXPOSURE + sky).astype(np.float32)
    centre = np.array([16.0])
    measured = [measure_flux(image, centre, centre, 4.0, EXPOSURE) for image in images]
    fluxes = np.array([one.flux[0] for one in measured])
    errors = np.array([one.error[0] for one in measured])
    # A standard deviation of 4000 is good to 1.1 %; that a median is less sure than a mean, and
    # the ring has 47 whole pixels instead of its area, adds a few percent.
    assert np.median(errors) == pytest.approx(fluxes.std(), rel=0.15)


def test_without_light_there_is_no_magnitude():
    image = np.random.default_rng(4).normal(0, 1, (60, 60)).astype(np.float32)
    image[30, 30] = -500
    magnitude, error = measure_flux(image, np.array([30.0]), np.array([30.0])).magnitudes(25.0)
    assert np.isnan(magnitude[0])
    assert np.isnan(error[0])


def test_an_aperture_with_a_gap_has_no_flux_and_one_with_a_gap_in_its_ring_has():
    image, _, _, _ = field_of(np.random.default_rng(5), 0.3)
    in_aperture, in_ring = image.copy(), image.copy()
    in_aperture[32, 30] = np.nan
    in_ring[37, 30] = np.nan
    position = np.array([30.0]), np.array([30.0])
    assert np.isnan(measure_flux(in_aperture, *position).flux[0])
    assert np.isnan(measure_flux(image, np.array([1.0]), np.array([30.0])).flux[0])
    assert measure_flux(in_ring, *position).flux == pytest.approx(
        measure_flux(image, *position).flux, abs=0.2
    )


def test_a_position_beyond_the_image_has_no_flux():
    image = np.ones((40, 40), np.float32)
    brightness = measure_flux(image, np.array([-100.0]), np.array([20.0]))
    assert np.isnan(brightness.flux[0])


def test_no_positions_have_no_fluxes():
    image, none = np.ones((40, 40), np.float32), np.empty(0)
    assert measure_flux(image, none, none).flux.shape == (0,)
    assert concentration(image, none, none).shape == (0,)


@dataclass
class Header:
    """Calibration of F555W, as of NGC 1566."""

    unit: str = "ELECTRONS/S"
    exposure_s: float | None = EXPOSURE
    zero_point_ab: float | None = None
    photflam: float | None = 1.87653e-19
    photplam: float | None = 5308.23


# Of an image in erg/s/cm2/Angstrom: STmag has a zero point of -21.10, and AB differs from it by
# 5 log10(photplam) - 18.692 (WFC3 Data Handbook, section 9.1).
FLUX_ZERO_POINT = -21.10 - 5 * np.log10(5308.23) + 18.692


@pytest.mark.parametrize(
    ("header", "electrons"),
    [
        (Header(), EXPOSURE),
        (Header("electrons / s"), EXPOSURE),
        (Header("e-/s", None), None),
        (Header("ELECTRONS", None), 1.0),
        (Header("ERG/S/CM2/A", EXPOSURE, FLUX_ZERO_POINT), EXPOSURE / 1.87653e-19),
        (Header("1e-18 ERG/S/CM2/A", EXPOSURE, FLUX_ZERO_POINT + 45), EXPOSURE / 0.187653),
        (Header("COUNTS", EXPOSURE, None), None),
        (Header("", EXPOSURE, 25.0, None, None), None),
        (Header("ELECTRONS/S", 0.0), None),
    ],
)
def test_electrons_for_each_unit_of_the_image(header, electrons):
    expected = electrons if electrons is None else pytest.approx(electrons, rel=1e-3)
    assert electrons_per_unit(header) == expected
