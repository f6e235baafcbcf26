"""Right ascension and declination under the pointer are those of the mosaic's WCS."""

import json
import subprocess
from pathlib import Path

import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from tests.services import node

SCRIPT = Path(__file__).with_name("sky.js")
SCALE = 0.0396
MILLIARCSEC = 1 / 3.6e6


def wcs(ra, dec, north_deg, *, east_left):
    """A tangential projection about a pole of its own, turned by `north_deg`."""
    header = WCS(naxis=2)
    header.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    header.wcs.crval = [ra, dec]
    header.wcs.crpix = [501, 501]
    header.wcs.cdelt = [-SCALE / 3600 if east_left else SCALE / 3600, SCALE / 3600]
    header.wcs.crota = [0, north_deg if east_left else -north_deg]
    return header


def answers(questions):
    """Return the sky coordinates that the browser's module computes."""
    command = [node.executable(), str(SCRIPT)]
    text = json.dumps(questions)
    done = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(("ra", "dec"), [(65.0, -54.94), (0.0005, 12.0), (210.0, 89.0)])
@pytest.mark.parametrize("east_left", [True, False])
@pytest.mark.parametrize("north_deg", [0.0, 37.5])
def test_it_agrees_with_astropy_over_the_stamp(ra, dec, east_left, north_deg):
    header = wcs(ra, dec, north_deg, east_left=east_left)
    at = header.pixel_to_world(500, 500)
    item = {
        "ra_deg": at.ra.deg,
        "dec_deg": at.dec.deg,
        "pixel_scale_arcsec": SCALE,
        "north_deg": north_deg,
        "east_left": east_left,
    }
    offsets = [(0, 0), (50, 0), (0, 50), (-49.5, 30.25)]
    for (dx, dy), sky in zip(offsets, answers([[item, *d] for d in offsets]), strict=True):
        expected = header.pixel_to_world(500 + dx, 500 + dy)
        computed = SkyCoord(sky["ra"], sky["dec"], unit="deg")
        assert expected.separation(computed).deg < MILLIARCSEC


def test_without_a_wcs_it_gives_no_coordinates():
    item = {
        "ra_deg": None,
        "dec_deg": None,
        "pixel_scale_arcsec": SCALE,
        "north_deg": 0,
        "east_left": True,
    }
    assert answers([[item, 1, 1]]) == [None]
