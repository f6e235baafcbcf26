"""labeling.imaging.source_photometry: magnitudes in all bands, and the aperture correction."""

import numpy as np
import pytest

from labeling.imaging.detection import Sources
from labeling.imaging.source_photometry import (
    CalibratedImage,
    Correction,
    corrected,
    measure_corrections,
    measure_photometry,
)

SHAPE, NOISE, WIDE_PX = (400, 400), 0.02, 2.2
GRID = np.arange(50.0, 400.0, 60.0)


def image_of(x, y, fluxes, sigma=WIDE_PX, seed=1):
    """Round Gaussian clusters on noise, (y, x)."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.random.default_rng(seed).normal(0, NOISE, SHAPE)
    for x0, y0, flux in zip(x, y, fluxes, strict=True):
        r2 = (columns - x0) ** 2 + (rows - y0) ** 2
        image += flux / (2 * np.pi * sigma**2) * np.exp(-r2 / (2 * sigma**2))
    return image.astype(np.float32)


@pytest.fixture(scope="module")
def sources():
    x, y = (axis.ravel() + 0.3 for axis in np.meshgrid(GRID, GRID))
    return Sources(x, y, np.full(len(x), 100.0))


@pytest.fixture(scope="module")
def image(sources):
    return image_of(sources.x, sources.y, np.linspace(200, 800, len(sources)))


def test_magnitudes_have_the_zero_point_of_their_band(image, sources):
    images = {
        "V": CalibratedImage("F555W", image, zero_point=25.8, electrons_per_unit=1000.0),
        "I": CalibratedImage("F814W", image, zero_point=24.7),
    }
    photometry = measure_photometry(images, sources)
    difference = photometry.magnitudes["V"] - photometry.magnitudes["I"]
    assert difference == pytest.approx(1.1)
    # The gain of I is unknown: its errors are those of the sky alone.
    assert (photometry.errors["V"] > photometry.errors["I"]).all()


def test_a_shifted_band_is_measured_at_the_same_sources(image, sources):
    shifted = np.pad(image, ((5, 0), (9, 0)), constant_values=np.nan)
    images = {"V": CalibratedImage("F555W", image), "I": CalibratedImage("F814W", shifted, 9, 5)}
    photometry = measure_photometry(images, sources)
    assert photometry.magnitudes["I"] == pytest.approx(photometry.magnitudes["V"], abs=1e-4)


def test_sources_beyond_a_bands_exposure_have_no_magnitude_there(image, sources):
    part = image.copy()
    part[:, 200:] = 0
    photometry = measure_photometry({"V": CalibratedImage("F555W", part)}, sources)
    assert (np.isnan(photometry.magnitudes["V"]) == (sources.x > 196)).all()


def test_the_correction_is_the_light_beyond_the_aperture(image, sources):
    images = {"V": CalibratedImage("F555W", image, zero_point=25.0)}
    photometry = measure_photometry(images, sources)
    correction = measure_corrections(images, sources, photometry, 1.2)["V"]
    # Parts of pixels count as if their light were even, which adds 1/12 px^2 to the variance.
    within = 1 - np.exp(-(4.0**2) / (2 * (WIDE_PX**2 + 1 / 12)))
    assert correction.mag == pytest.approx(2.5 * np.log10(within), abs=0.02)
    assert 0 < correction.error < 0.02
    total = corrected(photometry, {"V": correction}).magnitudes["V"]
    assert total == pytest.approx(25 - 2.5 * np.log10(np.linspace(200, 800, 36)), abs=0.05)


def test_bright_neighbours_do_not_change_the_correction(sources):
    flux = np.linspace(200, 800, len(sources))
    crowded = Sources(
        np.append(sources.x, sources.x[:18] + 12),
        np.append(sources.y, sources.y[:18]),
        np.full(len(sources) + 18, 100.0),
    )
    image = image_of(crowded.x, crowded.y, np.append(flux, flux[:18]))
    images = {"V": CalibratedImage("F555W", image)}
    photometry = measure_photometry(images, crowded)
    correction = measure_corrections(images, crowded, photometry, 1.2)["V"]
    within = 1 - np.exp(-(4.0**2) / (2 * (WIDE_PX**2 + 1 / 12)))
    assert correction.sources == 18
    assert correction.mag == pytest.approx(2.5 * np.log10(within), abs=0.03)


def test_too_few_clusters_give_no_correction(image, sources):
    few = Sources(sources.x[:4], sources.y[:4], sources.snr[:4])
    images = {"V": CalibratedImage("F555W", image)}
    photometry = measure_photometry(images, few)
    corrections = measure_corrections(images, few, photometry, 1.2)
    assert corrections["V"] == Correction(0.0, 0.0, 0)


def test_the_correction_s_error_adds_to_that_of_the_magnitude(image, sources):
    photometry = measure_photometry({"V": CalibratedImage("F555W", image)}, sources)
    errors = corrected(photometry, {"V": Correction(-0.5, 0.03, 9)}).errors["V"]
    assert errors == pytest.approx(np.hypot(photometry.errors["V"], 0.03))


def test_no_sources_have_no_photometry(image):
    none = Sources(*np.empty((3, 0)))
    images = {"V": CalibratedImage("F555W", image)}
    photometry = measure_photometry(images, none)
    assert photometry.ci.shape == (0,)
    assert measure_corrections(images, none, photometry, 1.2)["V"].sources == 0
