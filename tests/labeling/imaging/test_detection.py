"""Sources detected where a field has no catalogue: stars come back where they were put."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from labeling.imaging.detection import ShiftedImage, detect
from labeling.simulation import simulate_field

STARS = [(60.0, 70.0), (150.3, 40.8), (100.5, 180.25)]
SIGMA_PX, PEAK, NOISE = 1.5, 400.0, 2.0


def with_stars(stars, shape, *, peak=PEAK, seed=5):
    """Gaussian stars on sky and noise, (y, x)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = rng.normal(50.0, NOISE, shape)
    for x0, y0 in stars:
        image += peak * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * SIGMA_PX**2))
    return image.astype(np.float32)


@pytest.fixture(scope="module")
def image():
    """Three Gaussian stars on sky and noise."""
    return with_stars(STARS, (220, 200))


def detect_on(*images, n_sigma=5.0):
    """Detect on the sum of images of one frame."""
    return detect([ShiftedImage(image) for image in images], images[0].shape, n_sigma)


def assert_detected(sources, stars, *, within=0.05):
    """Check that the sources are these stars.

    Positions are good to sigma * noise / (peak * sqrt(pi)) = 0.004 px; ten of those.
    """
    assert len(sources) == len(stars)
    tree = KDTree(np.column_stack([sources.x, sources.y]))
    assert tree.query(stars)[0].max() < within


def test_stars_are_detected_at_their_positions(image):
    assert_detected(detect_on(image), STARS)


@pytest.mark.parametrize("scale", [1e-18, 1e-21, 1e15])
def test_the_unit_does_not_matter(image, scale):
    sources, scaled = detect_on(image), detect_on((image * scale).astype(np.float32))
    assert_detected(scaled, STARS)
    assert scaled.snr == pytest.approx(sources.snr, rel=1e-3)


def test_unexposed_pixels_give_no_detections(image):
    hidden = image.copy()
    hidden[:100], hidden[100:, :10] = 0, np.nan
    assert len(detect_on(hidden)) == 1


def test_an_image_of_noise_has_no_sources():
    noise = np.random.default_rng(6).normal(5, 1, (200, 200)).astype(np.float32)
    assert len(detect_on(noise, n_sigma=8.0)) == 0


def test_a_frame_without_any_exposure_has_no_sources():
    assert len(detect_on(np.zeros((100, 100), np.float32))) == 0


def test_an_image_without_noise_has_its_sources(image):
    smooth = np.round((image - 50) / 50) * 50 + 50
    assert len(detect_on(smooth.astype(np.float32))) == 3


def test_stars_at_the_borders_of_tiles_are_detected_once():
    stars = [(1023.5, 40.0), (1024.0, 90.0), (1023.0, 140.0), (1024.4, 190.0), (300.0, 100.0)]
    assert_detected(detect_on(with_stars(stars, (240, 1400))), stars)


def test_two_peaks_of_one_source_are_one():
    image = with_stars([], (120, 120))
    rows, columns = np.mgrid[:120, :120]
    ring = np.abs(np.hypot(columns - 60, rows - 60) - 1.5) < 0.7
    sources = detect_on((image + 300 * ring).astype(np.float32))
    distances = np.hypot(*(np.subtract.outer(axis, axis) for axis in (sources.x, sources.y)))
    assert distances[~np.eye(len(sources), dtype=bool)].min(initial=np.inf) > 1


def test_white_light_detects_what_no_band_does_alone():
    # 4.2 sigma in each of five bands are 9.4 in their sum.
    bands = [with_stars(STARS, (220, 200), peak=4.2 * NOISE, seed=k) for k in range(5)]
    scaled = [bands[0], *(band * np.float32(10.0**-k) for k, band in enumerate(bands[1:], 1))]
    tree = KDTree(STARS)
    detected = [
        int(np.sum(tree.query(np.column_stack([s.x, s.y]))[0] < 1)) if len(s) else 0
        for s in (detect_on(band, n_sigma=7.0) for band in scaled)
    ]
    assert max(detected) < 3
    sources = detect_on(*scaled, n_sigma=7.0)
    assert_detected(sources, STARS, within=0.6)


def test_bands_are_added_at_their_shifts(image):
    shifted = np.full((260, 240), np.nan, np.float32)
    shifted[7:227, 12:212] = image
    images = [ShiftedImage(image), ShiftedImage(shifted, dx=12, dy=7)]
    assert_detected(detect(images, image.shape), STARS)


def test_a_band_that_covers_a_part_adds_only_that_part(image):
    part = image.copy()
    part[100:] = 0
    assert_detected(detect_on(image, part), STARS)


@pytest.mark.parametrize("bands", [("V",), ("NUV", "U", "B", "V", "I")])
def test_clusters_of_a_simulated_field_are_detected(bands):
    field = simulate_field(7, (600, 600), candidates=150)
    sources = detect_on(*(field.mosaics[band].data for band in bands))
    is_cluster = np.isin(field.truth["class"], (1, 2))
    clusters = np.column_stack([field.catalogue["x"], field.catalogue["y"]])[is_cluster] - 1
    distance, _ = KDTree(np.column_stack([sources.x, sources.y])).query(clusters)
    assert np.mean(distance < 2) > 0.9
