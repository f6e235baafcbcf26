"""labeling.imaging.rgb: colour images."""

import io

import numpy as np
import pytest
from PIL import Image

from classifier.core.bands import BANDS
from labeling.imaging.rgb import (
    SOFTENING,
    SOFTENINGS,
    STRETCH,
    STRETCHES,
    encode_png,
    hide_unexposed,
    lupton_rgb,
    normalise_to_noise,
)

SHAPE = (40, 60)


def flat(level):
    return np.full(SHAPE, level, np.float32)


@pytest.mark.parametrize(
    ("bright", "channel"), [("I", 0), ("B", 1), ("V", 1), ("NUV", 2), ("U", 2)]
)
def test_red_is_i_green_is_b_and_v_blue_is_nuv_and_u(bright, channel):
    bands = {band: flat(30.0 if band == bright else 0.0) for band in BANDS}
    rgb = lupton_rgb(bands, SHAPE)[20, 30].astype(int)
    assert rgb.argmax() == channel
    assert rgb[channel] > 2 * np.delete(rgb, channel).max()


def test_equal_light_is_grey():
    rgb = lupton_rgb({band: flat(20.0) for band in BANDS}, SHAPE)
    assert np.ptp(rgb[0, 0].astype(int)) <= 1


def test_without_one_band_a_channel_is_the_other_band():
    two_bands = lupton_rgb({"I": flat(5), "B": flat(20), "V": flat(20), "U": flat(5)}, SHAPE)
    one_band = lupton_rgb({"I": flat(5), "V": flat(20), "U": flat(5)}, SHAPE)
    np.testing.assert_array_equal(two_bands, one_band)


def test_a_channel_without_any_band_is_black():
    rgb = lupton_rgb({"V": flat(20)}, SHAPE)
    assert (rgb[..., [0, 2]] == 0).all()
    assert (rgb[..., 1] > 0).all()


def test_an_image_without_bands_is_black():
    assert (lupton_rgb({}, SHAPE) == 0).all()


def test_without_data_in_one_band_a_pixel_is_the_other_band():
    with_hole = flat(20)
    with_hole[5, 7] = np.nan
    rgb = lupton_rgb({"I": flat(20), "B": with_hole, "V": flat(20), "U": flat(20)}, SHAPE)
    assert (rgb == rgb[0, 0]).all()


def test_no_data_is_black():
    image = flat(20)
    image[5, 7] = np.nan
    rgb = lupton_rgb(dict.fromkeys(BANDS, image), SHAPE)
    assert rgb[5, 7].tolist() == [0, 0, 0]
    assert rgb[5, 8].min() > 0


def test_only_pixels_without_data_in_any_band_are_transparent():
    one, both = flat(20), flat(20)
    one[5, 7] = one[6, 7] = both[6, 7] = np.nan
    bands = {"V": one, "I": both}
    image = hide_unexposed(lupton_rgb(bands, SHAPE), bands)
    assert np.argwhere(image[..., 3] == 0).tolist() == [[6, 7]]
    np.testing.assert_array_equal(image[..., :3], lupton_rgb(bands, SHAPE))
    assert Image.open(io.BytesIO(encode_png(image))).getpixel((7, SHAPE[0] - 1 - 6))[3] == 0


def test_an_image_with_data_everywhere_needs_no_transparency():
    bands = {"V": flat(20)}
    assert hide_unexposed(lupton_rgb(bands, SHAPE), bands).shape == (*SHAPE, 3)


def test_an_image_without_bands_is_transparent():
    assert (hide_unexposed(lupton_rgb({}, SHAPE), {})[..., 3] == 0).all()


def test_the_scale_is_monotonic():
    ramp = np.tile(np.linspace(-5, 2000, SHAPE[1], dtype=np.float32), (SHAPE[0], 1))
    rgb = lupton_rgb(dict.fromkeys(BANDS, ramp), SHAPE)[0, :, 0].astype(int)
    assert (np.diff(rgb) >= 0).all()
    assert (rgb[0], rgb[-1] > 200) == (0, True)


def test_the_first_row_is_at_the_bottom_of_the_png():
    corner = flat(0)
    corner[:10, :10] = 50
    image = Image.open(io.BytesIO(encode_png(lupton_rgb(dict.fromkeys(BANDS, corner), SHAPE))))
    assert image.size == (60, 40)
    assert image.getpixel((2, 37))[0] > 150
    assert image.getpixel((2, 2))[0] < 60


def test_the_faint_end_is_zero_and_the_noise_is_the_unit():
    window = np.arange(101, dtype=np.float32).reshape(1, 101)
    scaled = normalise_to_noise(window, 5.0)
    assert scaled[0, 25] == 0
    assert scaled[0, 100] == 15


@pytest.mark.parametrize("window", [np.full(SHAPE, np.nan, np.float32), flat(3.0)])
def test_windows_without_data_or_noise_are_drawn(window):
    scaled = normalise_to_noise(window, 0.0)
    assert scaled.shape == SHAPE
    assert lupton_rgb(dict.fromkeys(BANDS, scaled), SHAPE).dtype == np.uint8


def test_unexposed_pixels_are_nan_and_not_in_the_faint_end():
    window = np.full(SHAPE, 100, np.float32)
    window[:, 30:] = 101
    half = window.copy()
    half[:30] = 0
    scaled = normalise_to_noise(half, 1.0)
    assert np.isnan(scaled[:30]).all()
    np.testing.assert_array_equal(scaled[30:], normalise_to_noise(window, 1.0)[30:])


def test_a_single_zero_is_a_measurement():
    window = flat(1)
    window[5, 7] = 0
    assert np.isfinite(normalise_to_noise(window, 1.0)).all()


def test_the_default_scale_is_a_step_and_the_steps_increase():
    for default, steps in ((STRETCH, STRETCHES), (SOFTENING, SOFTENINGS)):
        assert default in steps
        assert list(steps) == sorted(set(steps))


@pytest.mark.parametrize("softening", SOFTENINGS)
def test_grey_follows_luptons_formula(softening):
    # Lupton et al. 2004, with astropy's slope: a tenth of the stretch stays linear.
    level = np.float32(20.0)
    rgb = lupton_rgb(dict.fromkeys(BANDS, flat(level)), SHAPE, 24.0, softening)
    scaled = (level + 0.5) * softening / 24.0
    expected = min(255.0, 0.1 * 255 * np.arcsinh(scaled) / np.arcsinh(0.1 * softening))
    assert rgb[0, 0] == pytest.approx(expected, abs=1.0)
