"""labeling.imaging.grids: one frame relative to another."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from labeling.imaging.celestial import UnusableWCS, compass, pixel_to_icrs, read_wcs
from labeling.imaging.grids import (
    Grid,
    compare_grids,
    covered_share,
    grid_shift,
    wcs_as_text,
)
from tests.labeling.imaging.test_celestial import header, with_lookup
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


SHAPE = (260, 240)
REFERENCE = Grid(tan_wcs(), SHAPE)


def moved(dx, dy, shape=SHAPE, **change):
    """Return a grid on which the sky of the reference lies at (x + dx, y + dy)."""
    return Grid(tan_wcs(crpix=(120.5 + dx, 130.5 + dy), **change), shape)


def with_sip(wcs, **coefficients):
    """Return the WCS with a distortion."""
    header = wcs.to_header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header.update({"A_ORDER": 2, "B_ORDER": 2, **coefficients})
    return WCS(header)


@given(st.integers(-200, 200), st.integers(-200, 200))
def test_a_shift_by_whole_pixels_is_exact(dx, dy):
    comparison = compare_grids(moved(dx, dy), REFERENCE)
    assert comparison.is_same_grid
    assert comparison.whole_shift == (dx, dy)
    assert grid_shift(moved(dx, dy), REFERENCE) == (dx, dy)
    assert comparison.mismatch("B") == ""
    # The share of an area of (width - |dx|) x (height - |dy|) px.
    share = (240 - abs(dx)) * (260 - abs(dy)) / (240 * 260)
    assert comparison.overlap == pytest.approx(share, abs=0.09)


@pytest.mark.parametrize(
    ("grid", "same", "words"),
    [
        (moved(0.04, -0.05), True, ""),
        (moved(30.07, -5.03), True, ""),
        (moved(0.6, 0.0), False, "shifted by (0.60, 0.00) px, up to 0.40 px from any shift"),
        (moved(0.08, 0.08), False, "shifted by (0.08, 0.08) px, up to 0.11 px"),
        # 260 px turned by 0.01 deg about (120, 130): 0.03 px at the corners; by 0.05 deg 0.15 px.
        (moved(0, 0, rotation=0.01), True, ""),
        (moved(0, 0, rotation=0.05), False, "rotated by 0.050°, up to 0.15 px"),
        (moved(0, 0, rotation=90.0), False, "rotated by 90.000°"),
        (moved(0, 0, rotation=-30.0), False, "rotated by -30.000°"),
        (moved(0, 0, scale=0.04 * 1.0005), True, ""),
        (moved(0, 0, scale=0.05), False, "scaled by 0.8000"),
    ],
)
def test_a_grid_agrees_with_the_reference_to_a_tenth_of_a_pixel(grid, same, words):
    comparison = compare_grids(grid, REFERENCE)
    assert comparison.is_same_grid is same
    assert words in comparison.mismatch("f438w.fits")


def test_a_mirrored_grid_is_another():
    mirrored = tan_wcs()
    mirrored.wcs.cd = mirrored.wcs.cd * [[-1, 1], [1, 1]]
    comparison = compare_grids(Grid(mirrored, SHAPE), REFERENCE)
    assert comparison.mirrored
    assert "mirrored" in comparison.mismatch("B")


def test_a_distortion_counts():
    # 1e-5 px per px^2, at most 119.5 px from the centre: 0.14 px.
    bent = with_sip(tan_wcs(), A_2_0=1e-5)
    comparison = compare_grids(Grid(bent, SHAPE), REFERENCE)
    assert comparison.deviation_px == pytest.approx(0.1428, abs=0.002)
    assert not comparison.is_same_grid
    assert compare_grids(Grid(with_sip(tan_wcs(), A_2_0=4e-6), SHAPE), REFERENCE).is_same_grid


def test_another_tangent_point_is_the_same_grid_if_its_pixels_are():
    # The same pixels, described about a point 1000 px away: the sky bends by 0.1 px or less.
    ra, dec = (float(value) for value in tan_wcs().all_pix2world(1000.0, 130.0, 0))
    about = Grid(tan_wcs(crpix=(1001.0, 131.0), crval=(ra, dec)), SHAPE)
    x, y = np.array([0.0, 239.0, 0.0, 239.0]), np.array([0.0, 0.0, 259.0, 259.0])
    u, v = about.wcs.all_world2pix(*tan_wcs().all_pix2world(x, y, 0), 0)
    largest = np.hypot(u - x, v - y).max()
    comparison = compare_grids(about, REFERENCE)
    assert comparison.deviation_px == pytest.approx(largest, abs=1e-3)
    assert comparison.is_same_grid == (largest <= 0.1)


def test_frames_are_compared_on_the_sky():
    galactic = WCS(naxis=2)
    galactic.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
    centre = SkyCoord(65.0, -54.9, unit="deg").galactic
    galactic.wcs.crval = [centre.l.deg, centre.b.deg]
    galactic.wcs.crpix, galactic.wcs.cdelt = [120.5, 130.5], [-0.04 / 3600, 0.04 / 3600]
    comparison = compare_grids(Grid(galactic, SHAPE), REFERENCE)
    pole = SkyCoord(0, 90, unit="deg", frame="galactic")
    # North of ICRS is up on the reference; galactic north, up on this image, lies at this angle.
    angle = SkyCoord(65.0, -54.9, unit="deg").position_angle(pole).wrap_at("180d").deg
    assert comparison.rotation_deg == pytest.approx(-angle, abs=0.01)
    assert comparison.scale == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("frame", "name"),
    [("FK5", "FK5 J2000"), ("FK4", "FK4 B1950"), ("FK5 J2015.5", "FK5 J2015.5")],
)
def test_names_of_frames_that_make_the_whole_difference_are_said(frame, name):
    other = tan_wcs()
    system, _, equinox = frame.partition(" J")
    other.wcs.radesys = system
    other.wcs.equinox = float(equinox or {"FK5": 2000.0, "FK4": 1950.0}[system])
    comparison = compare_grids(Grid(other, SHAPE), REFERENCE)
    assert not comparison.is_same_grid
    assert f"names the frame {name}, the other ICRS, and with one" in comparison.mismatch("B")


def test_a_real_shift_is_no_matter_of_names():
    other = tan_wcs((121.1, 130.5))
    other.wcs.radesys = "FK5"
    assert "frame" not in compare_grids(Grid(other, SHAPE), REFERENCE).mismatch("B")


@pytest.mark.parametrize(
    ("dx", "dy", "share"), [(0, 0, 1), (24, 0, 0.9), (-24, 26, 0.81), (0, -130, 0.5)]
)
def test_the_covered_share_is_that_of_whole_pixels(dx, dy, share):
    assert covered_share(moved(dx, dy), REFERENCE) == pytest.approx(share)


def test_the_whole_of_a_small_reference_is_covered():
    small = Grid(REFERENCE.wcs, (100, 100))
    assert covered_share(REFERENCE, small) == 1
    assert covered_share(small, REFERENCE) == pytest.approx(1e4 / (260 * 240))


def test_images_of_other_sky_have_no_overlap():
    comparison = compare_grids(Grid(tan_wcs(crval=(65.0, -54.0)), SHAPE), REFERENCE)
    assert comparison.overlap == 0
    assert comparison.mismatch("B") == "it covers no part of B: their centres are 54.0′ apart"
    assert "are 20.0″ apart" in compare_grids(moved(500, 0), REFERENCE).mismatch("B")
    opposite = compare_grids(Grid(tan_wcs(crval=(245.0, 54.9)), SHAPE), REFERENCE)
    assert "180.00° apart" in opposite.mismatch("B")


def test_a_small_image_inside_the_reference_overlaps():
    # 5 px, which lie between the points at which the reference is compared.
    small = moved(-101, -72, shape=(5, 5))
    assert compare_grids(small, REFERENCE).is_same_grid
    assert grid_shift(small, REFERENCE) == (-101, -72)


def test_fields_of_earlier_versions_keep_shifts_by_parts_of_a_pixel():
    assert grid_shift(moved(12.6, -3.3), REFERENCE) == pytest.approx((12.6, -3.3), abs=1e-4)
    assert grid_shift(None, REFERENCE) == (0, 0)
    assert grid_shift(REFERENCE, None) == (0, 0)


@pytest.mark.parametrize(
    "wcs",
    [
        tan_wcs(rotation=20.0),
        with_sip(tan_wcs(), A_2_0=1e-4, B_1_1=-3e-5),
        read_wcs(header("GLON", "GLAT", (284.0, 74.0), RADESYS="FK5")),
        read_wcs(header("ELON", "ELAT", (30.0, 60.0), RADESYS="FK4", EQUINOX=1975.0)),
        read_wcs(header(RADESYS="FK4", EQUINOX=1950.0)),
        read_wcs(header(CTYPE1="DEC--TAN", CTYPE2="RA---TAN", CRVAL1=11.6, CRVAL2=189.99)),
    ],
)
def test_a_wcs_is_stored_as_cards(wcs):
    text = wcs_as_text(Grid(wcs, SHAPE))
    x, y = np.array([0.0, 100.25, 239.0]), np.array([0.0, 259.0, 14.5])
    again = pixel_to_icrs(read_wcs(fits.Header.fromstring(text)), x, y)
    assert np.array(again) == pytest.approx(np.array(pixel_to_icrs(wcs, x, y)), abs=1e-9)


def test_tables_of_a_distortion_are_lost_on_cards_and_that_is_said():
    hdus = with_lookup(np.linspace(-1, 1, 25).reshape(5, 5))
    with pytest.raises(UnusableWCS, match=r"a distortion of up to 1.00 px in tables of the file"):
        wcs_as_text(Grid(read_wcs(hdus[0].header, hdus), (300, 240)))
    small = with_lookup(np.full((5, 5), 0.03))
    assert wcs_as_text(Grid(read_wcs(small[0].header, small), (300, 240)))
