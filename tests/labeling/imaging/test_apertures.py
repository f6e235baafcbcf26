"""labeling.imaging.apertures: sums and centroids, beside photutils and a drawn star."""

import numpy as np
import pytest
from photutils.aperture import CircularAperture

from labeling.imaging.apertures import aperture_sum, circle_overlap, windowed_centroids


@pytest.mark.parametrize("radius", [0.3, 0.5, 1.0, 2.2, 3.0, 6.0])
def test_sums_agree_with_photutils_across_the_edge_too(radius):
    rng = np.random.default_rng(0)
    image = rng.normal(100, 10, (60, 70))
    x, y = rng.uniform(-3, 73, 400), rng.uniform(-3, 63, 400)
    expected, _ = CircularAperture(np.column_stack([x, y]), radius).do_photometry(image)
    # Stamps are float32: 1e-7 of the sum.
    assert aperture_sum(image, x, y, radius) == pytest.approx(np.nan_to_num(expected), rel=1e-5)


def test_pixels_without_data_count_as_zero():
    image = np.ones((9, 9))
    image[4, 4] = np.nan
    centre = np.array([4.0])
    assert aperture_sum(image, centre, centre, 3.0) == pytest.approx(9 * np.pi - 1)


def test_the_overlap_of_all_pixels_is_the_circle():
    offsets = np.arange(-5, 6) + 0.3
    area = circle_overlap(offsets[None, :], offsets[:, None], 3.7)
    assert area.sum() == pytest.approx(np.pi * 3.7**2, rel=1e-12)
    assert area.min() == pytest.approx(0, abs=1e-12)
    assert area.max() == pytest.approx(1, rel=1e-12)


def test_the_centroid_of_a_gaussian_is_its_centre():
    y, x = np.mgrid[:60, :60]
    image = np.exp(-((x - 30.3) ** 2 + (y - 28.6) ** 2) / (2 * 1.4**2)) + 0.2
    centre = windowed_centroids(image, np.array([31.0]), np.array([28.0]), sigma=1.6)
    assert np.ravel(centre) == pytest.approx([30.3, 28.6], abs=0.002)


def test_a_position_without_light_is_not_moved():
    image = np.zeros((40, 40))
    image[20, 24] = 1
    x, y = windowed_centroids(image, np.array([20.0]), np.array([20.0]), sigma=3.0)
    assert (x[0], y[0]) == (20.0, 20.0)
