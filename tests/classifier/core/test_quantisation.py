"""classifier.core.quantisation: errors below 1/16 of the noise, and exact where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.core.quantisation import _sequence, dequantise, quantise

SIDE = 12


def there_and_back(stamps, sigma, first=0):
    """The stamps as a pack would give them, and their steps."""
    numbers = np.arange(first, first + len(stamps))
    levels, step, zero = quantise(stamps, np.broadcast_to(sigma, stamps.shape[:2]), numbers)
    assert levels.dtype == np.int32
    return dequantise(levels, step, zero, numbers), step


def sky(sigma, shape=(4, 5, 100, 100), level=0.0, seed=0):
    """Gaussian noise on a level, in float32."""
    return np.random.default_rng(seed).normal(level, sigma, shape).astype(np.float32)


def assert_within_bound(stamps, restored, sigma):
    """Errors below sigma / 16; whatever is not a number, or zero, is exact."""
    numbers = np.isfinite(stamps) & (stamps != 0)
    np.testing.assert_array_equal(restored[~numbers], stamps[~numbers])
    error = np.abs(restored[numbers].astype(np.float64) - stamps[numbers])
    if error.size:
        assert error.max() < sigma / 16 or error.max() == 0


def test_the_random_numbers_are_those_of_the_fits_standard():
    # Appendix I gives the seed after 10 000 numbers.
    sequence = _sequence(100)
    assert round(sequence[9999] * 2147483647) == 1043618065
    assert sequence[0] == 16807 / 2147483647
    np.testing.assert_array_equal(sequence[10_000:], sequence[:100])


@settings(max_examples=200, deadline=None)
@given(
    stamps=arrays(
        np.float32,
        (2, 3, SIDE, SIDE),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    ),
    sigma=st.floats(-20, 6).map(lambda exponent: 10.0**exponent),
    first=st.integers(0, 10**6),
)
def test_any_pixels_stay_within_the_bound(stamps, sigma, first):
    restored, _ = there_and_back(stamps, sigma, first)
    assert_within_bound(stamps, restored, sigma)


@settings(max_examples=200, deadline=None)
@given(
    exponent=st.floats(-20, 6),
    level=st.floats(-1e7, 1e7),
    peak=st.floats(0, 1e9),
    seed=st.integers(0, 99),
)
def test_noise_of_any_magnitude_with_a_star_on_it_stays_within_the_bound(
    exponent, level, peak, seed
):
    sigma = 10.0**exponent
    stamps = sky(sigma, (1, 2, 30, 30), level * sigma, seed)
    stamps[0, 0, 10:13, 10:13] += peak * sigma
    stamps[0, 1, 3], stamps[0, 1, :, 4] = np.nan, 0
    restored, _ = there_and_back(stamps, sigma)
    assert_within_bound(stamps, restored, sigma)


@pytest.mark.parametrize("sigma", [1e-20, 1e-5, 1.0, 1e6])
def test_noise_is_quantised_and_the_error_is_uniform(sigma):
    stamps = sky(sigma, level=-3 * sigma)
    restored, step = there_and_back(stamps, sigma)
    np.testing.assert_allclose(step, sigma / 10, rtol=1e-6)
    error = (restored.astype(np.float64) - stamps) / (sigma / 10)
    # Uniform between -1/2 and 1/2: mean 0, variance 1/12; 200 000 pixels.
    assert abs(error.mean()) < 5 * np.sqrt(1 / 12 / error.size)
    assert error.var() == pytest.approx(1 / 12, rel=0.01)
    assert np.abs(np.corrcoef(error.ravel(), stamps.ravel())[0, 1]) < 5 / np.sqrt(error.size)


def test_errors_of_neighbouring_stamps_and_bands_are_independent():
    # One image in every stamp: without dithering of their own, their errors would be equal.
    stamps = np.broadcast_to(sky(1.0, (100, 100)), (30, 5, 100, 100)).copy()
    restored, _ = there_and_back(stamps, 1.0)
    errors = (restored - stamps).reshape(150, -1)
    correlation = np.corrcoef(errors) - np.eye(150)
    assert np.abs(correlation).max() < 6 / np.sqrt(errors.shape[1])


def test_faint_flux_below_the_step_is_kept_on_average():
    # A constant offset of a fifth of a step would be lost by plain rounding.
    stamps = np.full((1, 1, 100, 100), 0.02, np.float32)
    stamps += sky(0.002, (1, 1, 100, 100))
    restored, step = there_and_back(stamps, 1.0)
    assert step[0, 0] == np.float32(0.1)
    assert restored.mean() == pytest.approx(0.02, abs=5 * 0.1 / np.sqrt(12) / 100)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan, np.inf, 1e-44, 1e300])
def test_without_a_usable_noise_pixels_are_exact(sigma):
    stamps = sky(1.0)
    restored, step = there_and_back(stamps, sigma)
    assert restored.tobytes() == stamps.tobytes()
    assert not step.any()


def constant(stamp):
    stamp[:] = 7.5


def infinite(stamp):
    stamp[3, 3] = np.inf


def huge(stamp):
    stamp[3, 3] = 1e38


def no_data(stamp):
    stamp[:] = np.nan


def unexposed(stamp):
    stamp[:] = 0


def integers(stamp):
    stamp[:] = np.round(stamp + 100)


@pytest.mark.parametrize("change", [constant, infinite, huge, no_data, unexposed, integers])
def test_a_band_that_is_not_noise_is_exact_and_the_others_are_quantised(change):
    stamps = sky(1.0)
    change(stamps[1, 2])
    restored, step = there_and_back(stamps, 1.0)
    assert restored[1, 2].tobytes() == stamps[1, 2].tobytes()
    assert step[1, 2] == 0
    assert (step > 0).sum() == 19
    assert_within_bound(stamps, restored, 1.0)


def test_a_star_a_million_times_the_noise_is_quantised():
    stamps = sky(0.003)
    stamps[:, :, 50, 50] = 1000
    restored, step = there_and_back(stamps, 0.003)
    assert (step > 0).all()
    assert_within_bound(stamps, restored, 0.003)
