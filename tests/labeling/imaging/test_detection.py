"""Sources found where a field has no catalogue: stars come back where they were put."""

import numpy as np
import pytest
from astropy.table import Table
from django.core.management import call_command
from scipy.spatial import KDTree

from labeling.imaging.detection import detect
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.models import Candidate
from labeling.simulation import simulate_field
from tests.labeling.skies import without_wcs

STARS = [(60.0, 70.0), (150.3, 40.8), (100.5, 180.25)]
SIGMA_PX, PEAK, NOISE = 1.5, 400.0, 2.0


@pytest.fixture(scope="module")
def image():
    """Three Gaussian stars on sky and noise."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:220, :200]
    image = rng.normal(50.0, NOISE, x.shape)
    for x0, y0 in STARS:
        image += PEAK * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * SIGMA_PX**2))
    return image.astype(np.float32)


def test_stars_are_detected_at_their_positions(image):
    found = detect(image)
    assert len(found) == 3
    for x, y in STARS:
        distance = np.hypot(found["x"] - 1 - x, found["y"] - 1 - y).min()
        # Positions are good to sigma * noise / (peak * sqrt(pi)) = 0.004 px; ten of those.
        assert distance < 0.05


def test_their_concentration_is_that_of_a_gaussian(image):
    # Flux within r is 1 - exp(-r^2 / 2 sigma^2); the smaller circle is hardly larger than a pixel.
    inner, outer = (1 - np.exp(-(r**2) / (2 * SIGMA_PX**2)) for r in (1, 3))
    expected = 2.5 * np.log10(outer / inner)
    assert np.asarray(detect(image)["ci"]) == pytest.approx(expected, abs=0.1)


def test_unexposed_pixels_give_no_detections(image):
    hidden = image.copy()
    hidden[:100], hidden[100:, :10] = 0, np.nan
    assert len(detect(hidden)) == 1


def test_an_image_of_noise_is_an_empty_table(image):
    noise = np.random.default_rng(6).normal(5, 1, (200, 200)).astype(np.float32)
    assert len(detect(noise, 8.0)) == 0


def test_clusters_of_a_simulated_field_are_detected():
    field = simulate_field(7, (600, 600), candidates=150)
    sources = detect(field.mosaics["V"].data)
    is_cluster = np.isin(field.truth["class"], (1, 2))
    clusters = np.column_stack([field.catalogue["x"], field.catalogue["y"]])[is_cluster]
    distance, _ = KDTree(np.column_stack([sources["x"], sources["y"]])).query(clusters)
    assert np.mean(distance < 2) > 0.9


def test_a_frame_without_any_exposure_is_an_empty_table():
    assert len(detect(np.zeros((100, 100), np.float32))) == 0


def test_a_detected_catalogue_can_be_imported(db, image, tmp_path):
    requests = []
    for band in ("U", "B", "V", "I"):
        requests.append(MosaicRequest(without_wcs(tmp_path / f"{band}.fits", band, image)))
    import_field("five", requests, needs_wcs=False, pixel_scale_arcsec=0.3)
    path = tmp_path / "found.csv"
    call_command("detect", "five", str(path))
    assert len(Table.read(path, format="ascii.csv")) == 3
    call_command("import_catalogue", "five", str(path))
    assert Candidate.objects.in_play().count() == 3
