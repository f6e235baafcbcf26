"""labeling.ingest.positions: x, y against RA, Dec by the WCS."""

import numpy as np
import pytest
from astropy.coordinates import Angle, SkyCoord
from astropy.wcs import WCS

from labeling.imaging.grids import Grid
from labeling.ingest.positions import (
    compare_positions,
    measure_rounding,
)
from tests.labeling.skies import tan_wcs

SHAPE = (2600, 2400)
GRID = Grid(tan_wcs(crpix=(1200.5, 1300.5)), SHAPE)
RNG = np.random.default_rng(20)
X, Y = RNG.uniform(20, 2380, 400), RNG.uniform(20, 2580, 400)
RA, DEC = GRID.wcs.all_pix2world(X, Y, 0)
"""Sky positions by astropy alone: the frame is ICRS, RA is the first axis."""


def check(x=X, y=Y, ra=RA, dec=DEC, grid=GRID):
    return compare_positions(grid, x, y, ra, dec)


def test_a_catalogue_of_this_image_agrees():
    result = check()
    assert (result.rows, result.outside, result.off_rows, result.far_rows) == (400, 0, (), ())
    assert (result.dx, result.dy) == pytest.approx((0, 0), abs=1e-4)
    assert result.problem(1) == result.problem(0) == ""
    assert "400 rows agree" in result.note()


@pytest.mark.parametrize(
    ("offset", "origin", "right"),
    [((1, 1), 0, 1), ((-1, -1), 1, 0), ((0.8, 1.2), 0, 1), ((1, 1), 1, None), ((-1, 1), 1, None)],
)
def test_an_origin_that_is_off_by_one_is_named(offset, origin, right):
    problem = check(X + offset[0], Y + offset[1]).problem(origin)
    assert ("give --origin" in problem) == (right is not None)
    assert problem.endswith(f"--origin {right}" if right is not None else "of other mosaics")


def test_the_origin_is_named_for_rounded_positions_too():
    result = check(np.round(X, 2) - 1, np.round(Y, 2) - 1, np.round(RA, 5), np.round(DEC, 5))
    assert result.problem(1).endswith("its pixels count from 0; give --origin 0")
    assert check(np.round(X, 2), np.round(Y, 2), np.round(RA, 5), np.round(DEC, 5)).problem(1) == ""


@pytest.mark.parametrize("offset", [(1.1, 0.0), (0.0, -3.0), (250.0, -40.0), (-1.6, -1.6)])
def test_an_offset_of_more_than_a_pixel_is_refused_with_its_size(offset):
    result = check(X + offset[0], Y + offset[1])
    assert (result.dx, result.dy) == pytest.approx(offset, abs=1e-4)
    assert f"x, y are ({offset[0]:+.2f}, {offset[1]:+.2f}) px from RA, Dec" in result.problem(0)


@pytest.mark.parametrize("offset", [(0.5, 0.5), (-0.6, 0.6), (0.0, 0.9)])
def test_an_offset_within_a_pixel_is_stated(offset):
    result = check(X + offset[0], Y + offset[1])
    assert result.problem(1) == ""
    assert f"median offset ({offset[0]:.2f}, {offset[1]:.2f}) px" in result.note()


def test_the_catalogue_of_another_field_is_refused():
    result = check(ra=RA + 40, dec=DEC + 70)
    assert result.outside == 400
    assert "400 of 400 rows lie outside the image, typically" in result.problem(1)
    assert "the catalogue of another field" in result.problem(1)


def test_the_distance_of_another_field_is_that_on_the_sky():
    other = SkyCoord(RA, DEC, unit="deg").directional_offset_by(0, Angle("0.5deg"))
    result = check(ra=other.ra.deg, dec=other.dec.deg)
    assert result.separation_deg == pytest.approx(0.5, abs=0.02)


def test_positions_of_another_scale_are_refused_with_the_scale():
    # The catalogue was made on pixels of half the size, about the same centre.
    result = check((X - 1200) * 2 + 1200, (Y - 1300) * 2 + 1300)
    assert result.scale == pytest.approx(2, abs=1e-3)
    assert "scaled by 2.000" in result.problem(1)


def test_positions_of_a_turned_image_are_refused_with_the_angle():
    turned = (X - 1200 + 1j * (Y - 1300)) * np.exp(0.01j)
    result = check(turned.real + 1200, turned.imag + 1300)
    assert result.rotation_deg == pytest.approx(np.degrees(0.01), abs=1e-3)
    assert "rotated by 0.57°" in result.problem(1)


def test_one_row_with_another_position_is_named():
    x = X.copy()
    x[41] += 12
    result = check(x)
    assert result.far_rows == (42,)
    assert result.problem(1).startswith("row 42: x, y are more than 5 px from RA, Dec")


def test_a_few_rows_off_by_more_than_a_pixel_are_stated():
    x = X.copy()
    x[[4, 9]] += 2
    assert check(x).problem(1) == ""
    assert "more than a pixel in rows 5, 10" in check(x).note()


def test_rows_without_sky_positions_do_not_count():
    ra, dec = RA.copy(), DEC.copy()
    ra[:100], dec[50:150] = np.nan, np.nan
    assert check(ra=ra, dec=dec).rows == 250
    assert check(ra=np.full(400, np.nan)) is None


def test_distortions_count():
    header = GRID.wcs.to_header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header.update({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 5e-6, "B_0_2": -5e-6})
    bent = Grid(WCS(header), SHAPE)
    sky = bent.wcs.pixel_to_world(X, Y)
    assert check(ra=sky.ra.deg, dec=sky.dec.deg, grid=bent).problem(1) == ""
    assert check(ra=RA, dec=DEC, grid=bent).problem(1)


def test_the_frame_of_the_image_counts():
    header = GRID.wcs.to_header()
    header["RADESYS"], header["EQUINOX"] = "FK4", 1950.0
    fk4 = Grid(WCS(header), SHAPE)
    assert "another field" in check(grid=fk4).problem(1)
    sky = fk4.wcs.pixel_to_world(X, Y).icrs
    assert check(ra=sky.ra.deg, dec=sky.dec.deg, grid=fk4).problem(1) == ""


@pytest.mark.parametrize("decimals", [2, 3, 4, 5, 6, 7])
def test_the_rounding_of_degrees_is_measured(decimals):
    ra, dec = np.round(RA, decimals), np.round(DEC, decimals)
    rounding = measure_rounding(GRID, ra, dec)
    # A step of 0.01 deg is 900 px, larger than what is taken for rounding.
    step = min(10.0**-decimals, 1e-3)
    assert rounding.step_deg == pytest.approx(step)
    largest = np.hypot(np.cos(np.radians(-54.9)), 1) * step * 3600 / 0.04 / 2
    assert rounding.largest_px == pytest.approx(largest, rel=1e-3)


def test_the_rounding_of_sexagesimal_text_is_measured():
    sky = SkyCoord(RA, DEC, unit="deg")
    texts = sky.to_string("hmsdms", precision=2)
    parsed = SkyCoord(texts)
    rounding = measure_rounding(GRID, parsed.ra.deg, parsed.dec.deg)
    # 0.01 s of time is 0.15 arcsec.
    assert rounding.step_deg * 3600 == pytest.approx(0.15)
    ra_px, dec_px = 0.15 * np.cos(np.radians(-54.9)) / 0.04, 0.01 / 0.04
    assert rounding.largest_px == pytest.approx(np.hypot(ra_px, dec_px) / 2, rel=1e-3)


def test_single_precision_is_a_rounding_too():
    ra, dec = RA.astype(np.float32).astype(float), DEC.astype(np.float32).astype(float)
    rounding = measure_rounding(GRID, ra, dec)
    assert rounding.step_deg == pytest.approx(2.0**-17)
    assert check(ra=ra, dec=dec).problem(1) == ""


def test_full_precision_has_no_rounding():
    assert measure_rounding(GRID, RA, DEC).largest_px < 1e-3


def test_one_row_of_round_numbers_is_still_compared():
    ra, dec = np.array([65.0]), np.array([-54.90211])
    x, y = GRID.wcs.all_world2pix(ra, dec, 0)
    assert check(x, y, ra, dec).problem(1) == ""
    assert "another field or of other mosaics" in check(x + 30, y, ra, dec).problem(1)


def test_rounding_that_matters_is_said():
    rounding = measure_rounding(GRID, np.round(RA, 5), np.round(DEC, 5))
    assert rounding.note == (
        "RA and Dec are rounded to 0.036″, which leaves errors of up to 0.52 px."
    )


def test_rounding_below_a_hundredth_of_a_pixel_is_not_worth_a_sentence():
    # 1e-7 deg are 0.009 px of 0.04 arcsec; half of it, along both axes, 0.005 px.
    rounding = measure_rounding(GRID, np.round(RA, 7), np.round(DEC, 7))
    assert 0 < rounding.largest_px < 0.01
    assert rounding.note == ""
    assert "rounded" not in check(ra=np.round(RA, 7), dec=np.round(DEC, 7)).note()
