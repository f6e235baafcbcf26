"""labeling.imaging.celestial: ICRS positions by any WCS, against astropy's SkyCoord."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import (
    FK4,
    FK5,
    BarycentricMeanEcliptic,
    Galactic,
    SkyCoord,
    Supergalactic,
)
from astropy.io import fits
from astropy.wcs import WCS, DistortionLookupTable

from labeling.imaging.celestial import (
    UnusableWCS,
    compass,
    icrs_to_pixel,
    pixel_scale_arcsec,
    pixel_to_icrs,
    read_wcs,
    wcs_header,
)
from tests.labeling.skies import tan_wcs

SHAPE = (300, 240)
SCALE = 0.04


def header(longitude="RA--", latitude="DEC-", centre=(188.9, 12.6), projection="TAN", **cards):
    """Return a header of SHAPE in this frame, its second axis up; `cards` are added."""
    step = SCALE / 3600
    values = {
        "NAXIS": 2, "NAXIS1": SHAPE[1], "NAXIS2": SHAPE[0],
        "CTYPE1": f"{longitude}-{projection}", "CTYPE2": f"{latitude}-{projection}",
        "CRVAL1": centre[0], "CRVAL2": centre[1], "CRPIX1": 100.5, "CRPIX2": 170.5,
        "CD1_1": -step, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": step,
    }  # fmt: skip
    return fits.Header({**values, **cards})


FK4_1975 = {"RADESYS": "FK4", "EQUINOX": 1975.0}
FRAMES = {
    "no frame": (header(), "icrs"),
    "icrs": (header(RADESYS="ICRS", EQUINOX=2000.0), "icrs"),
    "fk5": (header(RADESYS="FK5", EQUINOX=2000.0), FK5()),
    "fk5 by equinox": (header(EQUINOX=2000.0), FK5()),
    "fk5 of 1990": (header(RADESYS="FK5", EQUINOX=1990.0), FK5(equinox="J1990")),
    "fk4": (header(RADESYS="FK4", EQUINOX=1950.0), FK4(equinox="B1950")),
    "fk4 by equinox": (header(EQUINOX=1950.0), FK4(equinox="B1950")),
    "fk4 by epoch": (header(EPOCH=1950.0), FK4(equinox="B1950")),
    "fk4 without equinox": (header(RADESYS="FK4"), FK4(equinox="B1950")),
    "fk4 of 1975": (header(**FK4_1975), FK4(equinox="B1975")),
    "galactic": (header("GLON", "GLAT", (284.0, 74.0)), Galactic()),
    # A frame of equatorial axes has no meaning for galactic ones.
    "galactic, RADESYS": (header("GLON", "GLAT", (284.0, 74.0), RADESYS="ICRS"), Galactic()),
    "supergalactic": (header("SLON", "SLAT", (100.0, -3.0)), Supergalactic()),
    "ecliptic": (header("ELON", "ELAT", (30.0, 60.0)), BarycentricMeanEcliptic(equinox="J2000")),
    "ecliptic of 1990": (
        header("ELON", "ELAT", (30.0, 60.0), RADESYS="FK5", EQUINOX=1990.0),
        BarycentricMeanEcliptic(equinox="J1990"),
    ),
}
KNOWN_TO_ASTROPY = [name for name in FRAMES if name[:4] not in ("ecli", "supe")]
X, Y = np.array([0.0, 119.5, 239.0, 17.25]), np.array([0.0, 149.5, 3.0, 299.0])


def reference(cards, frame, x, y):
    """Return the ICRS position by astropy alone: wcslib's numbers in the stated frame."""
    longitude, latitude = WCS(cards).wcs_pix2world(x, y, 0)
    return SkyCoord(longitude, latitude, unit="deg", frame=frame).icrs


@pytest.mark.parametrize("name", FRAMES)
def test_positions_are_icrs_in_every_frame(name):
    cards, frame = FRAMES[name]
    expected = reference(cards, frame, X, Y)
    ra, dec = pixel_to_icrs(read_wcs(cards), X, Y)
    distance = SkyCoord(ra, dec, unit="deg").separation(expected)
    assert distance.to_value(u.arcsec) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", FRAMES)
def test_pixels_and_sky_are_inverse(name):
    wcs = read_wcs(FRAMES[name][0])
    x, y = icrs_to_pixel(wcs, *pixel_to_icrs(wcs, X, Y))
    # Astropy's two directions between FK4 and ICRS differ by 6e-6 arcsec.
    assert x == pytest.approx(X, abs=3e-4)
    assert y == pytest.approx(Y, abs=3e-4)


@pytest.mark.parametrize("name", FRAMES)
def test_the_compass_is_that_of_icrs_at_the_centre_of_the_image(name):
    cards, frame = FRAMES[name]
    centre = reference(cards, frame, 119.5, 149.5)
    up = reference(cards, frame, 119.5, 150.5)
    north, east_left = compass(read_wcs(cards), SHAPE)
    # +y lies east of north by the position angle, and east is anticlockwise.
    assert (north + centre.position_angle(up).deg + 180) % 360 - 180 == pytest.approx(0, abs=1e-4)
    assert east_left


@pytest.mark.parametrize("name", KNOWN_TO_ASTROPY)
def test_astropy_reads_our_cards_in_the_same_frame(name):
    cards, frame = FRAMES[name]
    expected = reference(cards, frame, X, Y)
    sky = WCS(wcs_header(read_wcs(cards))).pixel_to_world(X, Y).icrs
    assert sky.separation(expected).to_value(u.arcsec) == pytest.approx(0, abs=1e-6)


def test_declination_may_be_the_first_axis():
    cards = header(CTYPE1="DEC--TAN", CTYPE2="RA---TAN", CRVAL1=11.6, CRVAL2=189.99)
    cards["CD1_1"], cards["CD2_2"] = SCALE / 3600, -SCALE / 3600
    wcs = read_wcs(cards)
    expected = WCS(cards).pixel_to_world(X, Y).icrs
    ra, dec = pixel_to_icrs(wcs, X, Y)
    assert ra == pytest.approx(expected.ra.deg, abs=1e-10)
    assert dec == pytest.approx(expected.dec.deg, abs=1e-10)
    assert np.array(icrs_to_pixel(wcs, ra, dec)) == pytest.approx(np.array([X, Y]), abs=1e-5)
    # North is right, and east is down.
    north, east_left = compass(wcs, SHAPE)
    assert (north, east_left) == (pytest.approx(-90, abs=1e-3), False)


def test_the_scale_is_that_of_the_image_and_not_of_a_reference_point_far_away():
    # Plate carree about the equator: a step in longitude is shorter by cos(60 deg) on the sky.
    cards = header(projection="CAR", centre=(188.9, 0.0), CRPIX2=170.5 - 60 * 3600 / SCALE)
    assert pixel_scale_arcsec(read_wcs(cards), SHAPE) == pytest.approx(SCALE * 0.5**0.5, rel=1e-4)
    assert pixel_scale_arcsec(read_wcs(header()), SHAPE) == pytest.approx(SCALE, rel=1e-6)


def test_a_distortion_counts_for_positions():
    cards = header(A_ORDER=2, B_ORDER=2, A_2_0=3e-4, B_0_2=-2e-4)
    cards["CTYPE1"], cards["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    expected = WCS(cards).pixel_to_world(X, Y).icrs
    ra, dec = pixel_to_icrs(read_wcs(cards), X, Y)
    assert ra == pytest.approx(expected.ra.deg, abs=1e-10)
    assert dec == pytest.approx(expected.dec.deg, abs=1e-10)


def with_lookup(table):
    """Return the HDUs of an image whose x is moved by a lookup table over all of it."""
    wcs = WCS(header())
    step = [(side - 1) / (n - 1) for side, n in zip(SHAPE, table.shape, strict=True)]
    for axis in ("cpdis1", "cpdis2"):
        values = table if axis == "cpdis1" else np.zeros_like(table)
        lookup = DistortionLookupTable(values.astype(np.float32), (1, 1), (1, 1), step[::-1])
        setattr(wcs, axis, lookup)
    return wcs.to_fits(relax=True)


def test_a_lookup_table_of_the_distortion_counts_for_positions():
    hdus = with_lookup(np.full((5, 5), 0.75))
    moved = pixel_to_icrs(read_wcs(hdus[0].header, hdus), X, Y)
    plain = pixel_to_icrs(read_wcs(header()), X + 0.75, Y)
    assert np.array(moved) == pytest.approx(np.array(plain), abs=1e-9)


def test_a_lookup_table_that_is_missing_is_no_reason_to_do_without():
    hdus = with_lookup(np.full((5, 5), 0.75))
    with pytest.raises(UnusableWCS, match=r"its WCS cannot be read .*Lookup table"):
        read_wcs(hdus[0].header)


def test_a_header_may_have_no_wcs():
    assert read_wcs(fits.Header({"NAXIS": 2})) is None
    assert read_wcs(fits.Header({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"})) is None


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        (header(CD1_1=0.0, CD2_2=0.0), "the matrix of its WCS is zero"),
        (header(CD2_2=0.0), "the matrix of its WCS is zero"),
        (header(CTYPE2="RA---TAN"), "its WCS cannot be read"),
        (header(RADESYS="GAPPT"), "the frame RADESYS = 'GAPPT'; use ICRS, FK5 or FK4"),
        (header(CRVAL1=1e300), r"its WCS has CRVAL1 = 1e\+300, which is not on the sky"),
        (header(CRVAL2=95.0), "its WCS has CRVAL2 = 95, which is not on the sky"),
        (header(CRPIX1=1e300), r"its WCS has CRPIX1 = 1e\+300, which lies far from any image"),
        (header(CD1_1=1e300), r"gives pixels a side of 1e\+300 degrees"),
        (header(CD1_1=1e-300), "gives pixels a side of 1e-300 degrees"),
        (header(LONPOLE=1e300), "its WCS has LONPOLE"),
        (header(RADESYS="FK5", EQUINOX=1e300), "its WCS has EQUINOX"),
        (header("TLON", "TLAT"), "the axis TLON, which is not on the sky"),
        (header("HPLN", "HPLT"), "the axis HPLN, which is not on the sky"),
        (header(CTYPE2="FREQ", CTYPE3="DEC--TAN", NAXIS=3, NAXIS3=4, CRVAL3=3), "first two axes"),
    ],
)
def test_it_rejects_what_is_no_place_on_the_sky(cards, message):
    with pytest.raises(UnusableWCS, match=message) as error:
        read_wcs(cards)
    assert "\n" not in str(error.value)


def test_the_far_side_of_the_sky_has_no_pixel():
    x, y = icrs_to_pixel(tan_wcs(), [65.0, 245.0], [-54.9, 54.9])
    assert np.isfinite([x[0], y[0]]).all()
    assert not np.isfinite([x[1], y[1]]).any()
