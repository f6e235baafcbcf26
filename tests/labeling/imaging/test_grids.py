"""labeling.imaging.grids: one frame relative to another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.imaging.grids import compass, frame_shift, offset_px, same_orientation
from tests.labeling.skies import tan_wcs


@given(st.floats(-179.9, 179.9))
def test_the_compass_turns_with_the_frame(angle):
    north, east_left = compass(tan_wcs(rotation=angle))
    assert (north - angle + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
    assert east_left


@pytest.mark.parametrize("angle", [0.0, 40.0, -100.0])
def test_the_compass_points_to_increasing_declination(angle):
    wcs = tan_wcs(rotation=angle)
    x, y = wcs.wcs.crpix - 1
    ra, dec = wcs.wcs.crval
    to_x, to_y = wcs.all_world2pix(ra, dec + 1e-4, 0)
    north, _ = compass(wcs)
    # From +y, anticlockwise.
    assert np.degrees(np.arctan2(-(to_x - x), to_y - y)) == pytest.approx(north, abs=1e-3)


def test_the_compass_detects_a_mirrored_frame():
    wcs = tan_wcs(rotation=20.0)
    wcs.wcs.cd = wcs.wcs.cd * [[-1], [1]]
    assert not compass(wcs)[1]


@given(st.floats(-500, 500), st.floats(-500, 500))
def test_the_offset_is_the_difference_of_the_reference_pixels(dx, dy):
    shifted = tan_wcs(crpix=(120.5 + dx, 130.5 + dy))
    assert offset_px(shifted, tan_wcs()) == pytest.approx((dx, dy), abs=1e-5)


def test_the_offset_puts_the_same_sky_on_the_same_pixel():
    # The same tangent plane with another reference pixel.
    reference, shifted = tan_wcs(), tan_wcs(crpix=(90.25, 161.5))
    dx, dy = offset_px(shifted, reference)
    x, y = shifted.all_world2pix(*reference.all_pix2world(33.0, 44.0, 0), 0)
    assert (x, y) == pytest.approx((33 + dx, 44 + dy), abs=1e-5)


def test_equal_frames_have_no_shift():
    assert frame_shift(tan_wcs(crpix=(120.504, 130.5)), tan_wcs()) == (0, 0)
    assert frame_shift(None, tan_wcs()) == (0, 0)
    assert frame_shift(tan_wcs(), None) == (0, 0)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"crpix": (1.0, 1.0)}, True),
        ({"scale": 0.04 * 1.0001}, True),
        ({"scale": 0.04 * 1.001}, False),
        ({"scale": 0.05}, False),
        ({"rotation": 0.005}, True),
        ({"rotation": 0.1}, False),
        ({"rotation": 180.0}, False),
    ],
)
def test_frames_of_one_field_share_scale_and_orientation(change, same):
    assert same_orientation(tan_wcs(**change), tan_wcs()) is same
