"""labeling.imaging.align: drawn sources keep their place on the sky and their flux."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from scipy.special import erf

from labeling.imaging.align import INSTALLED, is_surface_brightness, resample
from labeling.imaging.grids import Grid
from tests.labeling.skies import tan_wcs

needs_reproject = pytest.mark.skipif(not INSTALLED, reason="reproject is not installed")

REFERENCE = Grid(tan_wcs(crpix=(160.5, 170.5)), (340, 320))
SOURCES = {(65.0, -54.9): 1000.0, (64.9985, -54.8993): 400.0, (65.0015, -54.9011): 2500.0}
"""Total flux by RA and Dec in degrees; the sources are about 80 px apart."""
SIGMA_ARCSEC = 0.08
"""Sampled well by all grids; a source of 0.05 on pixels of 0.05 is shifted by up to 0.02 px."""


def galactic_wcs():
    """Return the same sky in galactic axes, which are turned."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
    centre = SkyCoord(65.0, -54.9, unit="deg").galactic
    wcs.wcs.crval = [centre.l.deg, centre.b.deg]
    wcs.wcs.crpix, wcs.wcs.cdelt = [200.5, 210.5], [-0.04 / 3600, 0.04 / 3600]
    return wcs


def bent_wcs():
    """Return a WCS with a distortion of up to 4 px."""
    header = tan_wcs(crpix=(200.5, 210.5)).to_header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header.update({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-4, "B_1_1": -5e-5})
    return WCS(header)


GRIDS = {
    "whole shift": tan_wcs(crpix=(200.5, 210.5)),
    "half a pixel": tan_wcs(crpix=(200.0, 210.9)),
    "smaller pixels": tan_wcs(crpix=(200.5, 210.5), scale=0.03),
    "larger pixels": tan_wcs(crpix=(200.5, 210.5), scale=0.05),
    "turned": tan_wcs(crpix=(200.5, 210.5), rotation=33.0),
    "galactic": galactic_wcs(),
    "distorted": bent_wcs(),
}
SHAPE = (420, 400)


def draw(wcs, shape=SHAPE):
    """Return the sources in flux per pixel: Gaussians, integrated over each pixel."""
    image = np.zeros(shape)
    sky = SkyCoord(list(SOURCES), unit="deg")
    sigma = SIGMA_ARCSEC / 3600 / np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))
    for x, y, flux in zip(*wcs.world_to_pixel(sky), SOURCES.values(), strict=True):
        parts = []
        for centre, side in ((y, shape[0]), (x, shape[1])):
            edges = (np.arange(side + 1) - 0.5 - centre) / sigma / np.sqrt(2)
            parts.append(np.diff(erf(edges)) / 2)
        image += flux * np.outer(*parts)
    return image.astype(np.float32)


def resampled(image, wcs, *, per_area=False):
    """Return the whole image on the reference's pixels."""
    strips = resample(image, Grid(wcs, image.shape), REFERENCE, per_area=per_area)
    rows = [strip for _, strip in strips]
    return np.concatenate(rows)


def measure(image, ra, dec, radius=30):
    """Return the total flux about a position, and the centroid's offset from it in px."""
    x, y = REFERENCE.wcs.world_to_pixel(SkyCoord(ra, dec, unit="deg"))
    v, u = np.mgrid[: image.shape[0], : image.shape[1]]
    near = np.where(np.hypot(u - x, v - y) < radius, np.nan_to_num(image), 0)
    flux = near.sum(dtype=float)
    return flux, float((near * u).sum() / flux - x), float((near * v).sum() / flux - y)


@needs_reproject
@pytest.mark.parametrize("name", GRIDS)
def test_sources_keep_their_flux_and_their_place(name):
    image = resampled(draw(GRIDS[name]), GRIDS[name])
    assert image.shape == REFERENCE.shape
    assert image.dtype == np.float32
    for (ra, dec), flux in SOURCES.items():
        total, dx, dy = measure(image, ra, dec)
        assert total == pytest.approx(flux, rel=2e-4)
        assert (dx, dy) == pytest.approx((0, 0), abs=0.005)


@needs_reproject
@pytest.mark.parametrize("name", GRIDS)
def test_surface_brightness_stays_what_it_is(name):
    image = resampled(np.full(SHAPE, 7.5, np.float32), GRIDS[name], per_area=True)
    inside = np.isfinite(image)
    assert inside[120:220, 110:210].all()
    assert image[inside] == pytest.approx(7.5, rel=1e-6)


@needs_reproject
def test_flux_per_pixel_grows_with_the_pixel():
    wcs = GRIDS["larger pixels"]
    image = resampled(np.full(SHAPE, 7.5, np.float32), wcs)
    assert image[150:200, 140:190] == pytest.approx(7.5 * (0.04 / 0.05) ** 2, rel=1e-5)


@needs_reproject
def test_a_whole_shift_gives_the_same_pixels():
    image = np.random.default_rng(4).normal(10, 1, SHAPE).astype(np.float32)
    # A position on the reference lies 40 px further on the image.
    expected = image[40 : 40 + 340, 40 : 40 + 320]
    assert resampled(image, GRIDS["whole shift"]) == pytest.approx(expected, rel=1e-5)


@needs_reproject
def test_what_was_not_observed_is_missing_and_spoils_nothing():
    image = np.full(SHAPE, 3.0, np.float32)
    image[:, :150] = 0  # no exposure
    image[200:210, 300:310] = np.nan
    image[100, 250] = 0  # a measured zero
    result = resampled(image, GRIDS["half a pixel"])
    # On the image x = u + 39.5: its first exposed column lies on half of column 110.5.
    assert np.isnan(result[:, :110]).all()
    assert np.isnan(result[162:168, 262:268]).all()
    measured = result[np.isfinite(result)]
    assert measured.max() == pytest.approx(3.0, rel=1e-5)
    # The measured zero is shared by four pixels, and all others keep their value.
    assert np.sum(measured < 2.999) == 4
    assert 4 * 3 - measured[measured < 2.999].sum() == pytest.approx(3.0, rel=1e-4)


@needs_reproject
def test_nothing_is_beyond_the_image():
    image = resampled(np.ones((100, 90), np.float32), tan_wcs(crpix=(45.2, 50.7)))
    v, u = np.nonzero(np.isfinite(image))
    assert (np.ptp(u), np.ptp(v)) == (89, 99)
    far = tan_wcs(crval=(65.0, -54.0))
    assert np.isnan(resampled(np.ones((100, 90), np.float32), far)).all()


@pytest.mark.parametrize(
    ("unit", "per_area"),
    [
        ("MJy/sr", True),
        ("mJy arcsec-2", True),
        ("nW / (m2 sr)", True),
        ("ELECTRONS/S", False),
        ("electron/s", False),
        ("Jy", False),
        ("Jy/pixel", False),
        ("erg/s/cm2/Angstrom", False),
        ("", False),
        ("nonsense!", False),
    ],
)
def test_units_say_what_one_pixel_holds(unit, per_area):
    assert is_surface_brightness(unit) is per_area
