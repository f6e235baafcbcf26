"""labeling.imaging.calibration: zero points of Hubble headers and of units of flux."""

import astropy.units as u
import pytest
from astropy.io import fits

from labeling.imaging.calibration import AB_MINUS_VEGA, Calibration, read_calibration
from tests.labeling.real import DATA, needs_data

F555W = {"PHOTFLAM": 1.87653e-19, "PHOTPLAM": 5308.23, "PHOTZPT": -21.1, "EXPTIME": 1143.0}
"""Of NGC 1566; its zero point by the survey's own table is 25.7839 (AB)."""


def read(unit="ELECTRONS/S", pixel_arcsec=None, **cards):
    return read_calibration([fits.Header(cards), fits.Header()], unit, pixel_arcsec)


def ab_of(flux):
    """Return astropy's AB magnitude of a flux density at 5308.23 Angstrom."""
    return flux.to(u.ABmag, u.spectral_density(5308.23 * u.AA)).value


@pytest.mark.parametrize("unit", ["ELECTRONS/S", "electron / s", "COUNTS/S", "cps", "e-/s"])
def test_photflam_and_photplam_give_the_ab_zero_point(unit):
    calibration = read(unit, **F555W)
    expected = ab_of(1.87653e-19 * u.erg / u.s / u.cm**2 / u.AA)
    assert calibration.zero_point_ab == pytest.approx(expected, abs=1e-3)
    assert calibration.zero_point_ab == pytest.approx(25.7839, abs=1e-3)
    assert calibration.source == "PHOTFLAM and PHOTPLAM"
    assert (calibration.photflam, calibration.photplam) == (1.87653e-19, 5308.23)
    assert calibration.exposure_s == 1143.0


@needs_data
def test_it_gives_the_zero_points_that_real_tables_list():
    for path in (DATA / "legus_meta").glob("header_info_*.txt"):
        lines = [line.split() for line in path.read_text().splitlines()]
        for _, _, photflam, photplam, _, ab, *_ in (row for row in lines if row[0][0] == "F"):
            cards = {"PHOTFLAM": float(photflam), "PHOTPLAM": float(photplam)}
            assert read(**cards).zero_point_ab == pytest.approx(float(ab), abs=2e-3)


def test_an_image_in_counts_is_brighter_by_its_exposure():
    # 1000 s: 2.5 log10(1000) = 7.5 mag.
    rate, counts = (read(unit, **F555W | {"EXPTIME": 1000.0}) for unit in ("CPS", "ELECTRONS"))
    assert counts.zero_point_ab - rate.zero_point_ab == pytest.approx(7.5)
    assert "1000 s" in counts.source


@pytest.mark.parametrize("unit", ["", "UNKNOWN", "PERCENT"])
def test_without_a_known_unit_there_is_no_zero_point(unit):
    assert read(unit, **F555W).zero_point_ab is None


def test_counts_without_an_exposure_give_no_zero_point():
    assert read("COUNTS", PHOTFLAM=1e-19, PHOTPLAM=5000.0).zero_point_ab is None


@pytest.mark.parametrize("value", [0.0, -1.0, "1e-19", True])
def test_invalid_numbers_are_no_calibration(value):
    calibration = read(**F555W | {"PHOTFLAM": value})
    assert (calibration.photflam, calibration.zero_point_ab) == (None, None)


def test_cards_of_zero_points_count_first():
    calibration = read(**F555W, ZPAB=25.5, ZPVEGA=25.6)
    assert (calibration.zero_point_ab, calibration.zero_point_vega) == (25.5, 25.6)
    assert calibration.source == "ZPAB, ZPVEGA"


def test_the_primary_header_completes_that_of_the_image():
    headers = [fits.Header({"BUNIT": "CPS"}), fits.Header(F555W)]
    assert read_calibration(headers, "CPS", None).zero_point_ab == pytest.approx(25.784, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Jy", u.Jy),
        ("nJy", u.nJy),
        ("erg/s/cm2/Hz", u.erg / u.s / u.cm**2 / u.Hz),
        ("erg/s/cm2/Angstrom", u.erg / u.s / u.cm**2 / u.AA),
        ("1e-18 erg/s/cm2/Angstrom", 1e-18 * u.erg / u.s / u.cm**2 / u.AA),
    ],
)
def test_units_of_flux_density_are_their_own_zero_point(text, unit):
    calibration = read(text, **F555W)
    assert calibration.zero_point_ab == pytest.approx(ab_of(1 * unit), abs=1e-3)
    assert calibration.source == f"unit {text}"


def test_surface_brightness_takes_the_area_of_a_pixel():
    pixel = (0.04 * u.arcsec) ** 2
    expected = (1 * u.MJy / u.sr * pixel).to(u.ABmag).value
    assert read("MJy/sr", 0.04).zero_point_ab == pytest.approx(expected, abs=1e-3)
    assert read("MJy/sr").zero_point_ab is None


@pytest.mark.parametrize("name", AB_MINUS_VEGA)
def test_each_system_completes_the_other(name):
    ab = Calibration(zero_point_ab=25.0, source="x").complete(name)
    assert ab.zero_point_vega == pytest.approx(25.0 - AB_MINUS_VEGA[name])
    vega = Calibration(zero_point_vega=ab.zero_point_vega, source="x").complete(name)
    assert vega.zero_point_ab == pytest.approx(25.0)


@needs_data
def test_the_magnitudes_of_vega_are_near_those_of_a_real_table():
    for line in (DATA / "legus_meta/header_info_ngc1566_prime.txt").read_text().splitlines()[1:]:
        name, _, _, _, _, ab, vega, *_ = line.split()
        assert AB_MINUS_VEGA[name] == pytest.approx(float(ab) - float(vega), abs=0.065)


@pytest.mark.parametrize("name", ["", "F110W", "V"])
def test_of_other_filters_the_second_system_is_unknown(name):
    assert Calibration(zero_point_ab=25.0).complete(name).zero_point_vega is None
