"""labeling.imaging.stamps: stamps equal astropy's Cutout2D bit for bit."""

import math
from fractions import Fraction

import numpy as np
import pytest
from astropy.nddata import Cutout2D
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labeling.imaging.stamps import cut_stamps, first_pixel, is_observed, is_padded

SHAPE = (130, 170)
IMAGE = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
IMAGE[40, 50] = np.nan
sizes = st.sampled_from([5, 50, 99, 100])


def positions(margin=0.49):
    """Draw a position on the image: any, or a multiple of half a pixel."""
    xs, ys = (
        st.floats(-margin, side - 1 + margin) | st.integers(0, 2 * side - 2).map(lambda n: n / 2)
        for side in SHAPE[::-1]
    )
    return st.tuples(xs, ys)


def cut_one(x, y, size=100, image=IMAGE):
    return cut_stamps(image, np.array([x]), np.array([y]), size)[0]


@settings(max_examples=200)
@given(positions(), sizes)
def test_stamps_equal_those_of_cutout2d(position, size):
    # Rounded to 2**-20 px, with which astropy's subtraction is exact.
    position = tuple(round(value * 2**20) / 2**20 for value in position)
    expected = Cutout2D(IMAGE, position, size, mode="partial", fill_value=np.nan).data
    stamp = cut_one(*position, size)
    assert stamp.dtype == np.float32
    assert stamp.tobytes() == expected.tobytes()


@given(st.floats(-1e6, 1e6), st.sampled_from([50, 100, 298]))
def test_the_position_lies_between_the_two_middle_pixels(position, size):
    offset = Fraction(position) - int(first_pixel(position, size))
    assert size / 2 - 1 < offset <= size / 2


@given(positions())
@example((0.0, 3e-15))
def test_a_small_stamp_is_the_middle_of_a_large_one(position):
    inner = cut_one(*position, 50)
    np.testing.assert_array_equal(cut_one(*position, 100)[25:75, 25:75], inner)


@pytest.mark.parametrize(
    ("x", "y"), [(-1000.0, 50.0), (50.0, -1000.0), (1000.0, 50.0), (50.0, 1000.0), (-51.0, 60.0)]
)
def test_stamps_beyond_the_image_are_nan(x, y):
    assert np.isnan(cut_one(x, y)).all()


def test_an_image_smaller_than_a_stamp_is_padded_on_all_sides():
    image = np.ones((30, 40), np.float32)
    stamp = cut_one(20.0, 15.0, image=image)
    assert np.isfinite(stamp).sum() == 30 * 40
    assert np.isnan(stamp[0]).all()


def test_it_cuts_many_into_a_given_array():
    x, y = np.array([20.0, 85.0]), np.array([60.0, 65.0])
    block = np.full((2, 5, 100, 100), -1, np.float32)
    cut_stamps(IMAGE, x, y, out=block[:, 3])
    np.testing.assert_array_equal(block[:, 3], cut_stamps(IMAGE, x, y))
    assert (block[:, [0, 1, 2, 4]] == -1).all()


def test_without_positions_it_is_empty():
    assert cut_stamps(IMAGE, np.array([]), np.array([])).shape == (0, 100, 100)


@given(positions())
def test_it_marks_padded_stamps(position):
    x, y = position
    x_min, y_min = math.ceil(x - 50), math.ceil(y - 50)
    expected = x_min < 0 or y_min < 0 or x_min + 100 > SHAPE[1] or y_min + 100 > SHAPE[0]
    assert is_padded(IMAGE, np.array([x]), np.array([y]))[0] == expected


@pytest.mark.parametrize(
    ("hole", "observed"),
    [(0.0, False), (np.nan, False), (1e-30, True), (-1.0, True)],
)
def test_zero_or_nan_on_all_sides_mean_not_observed(hole, observed):
    image = np.ones(SHAPE, np.float32)
    image[55:66, 75:86] = hole
    assert is_observed(image, np.array([80.0]), np.array([60.0]))[0] == observed


def test_a_single_dead_pixel_does_not_make_a_candidate_unobserved():
    image = np.ones(SHAPE, np.float32)
    image[60, 80] = np.nan
    assert is_observed(image, np.array([80.0]), np.array([60.0]))[0]


def test_positions_beyond_the_image_are_not_observed():
    x, y = np.array([-100.0, 500.0, 80.0]), np.array([60.0, 60.0, 60.0])
    assert is_observed(np.ones(SHAPE, np.float32), x, y).tolist() == [False, False, True]


@given(st.lists(st.tuples(st.floats(-9, 29), st.floats(-9, 39)), max_size=9), st.integers(0, 99))
def test_exposure_is_that_of_the_25_pixels_about_each_position(points, seed):
    rng = np.random.default_rng(seed)
    image = rng.choice(np.array([0, np.nan, 1], np.float32), (30, 20), p=[0.6, 0.35, 0.05])
    x, y = np.array(points, dtype=float).reshape(-1, 2).T
    pixels = cut_stamps(image, x, y, size=5)
    expected = (np.isfinite(pixels) & (pixels != 0)).any(axis=(1, 2))
    np.testing.assert_array_equal(is_observed(image, x, y), expected)
