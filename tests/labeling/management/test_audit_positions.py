"""manage.py audit: stored RA and Dec against x, y by the WCS of the reference mosaic."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.models import CatalogueImport
from tests.labeling.imaging.test_celestial import header
from tests.labeling.management.test_audit import audit
from tests.labeling.skies import pixels, write_catalogue

pytestmark = pytest.mark.django_db

SHAPE = (300, 240)
DECLINATION_FIRST = {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 11.6, "CRVAL2": 189.99}
FRAMES = {
    "galactic": (header("GLON", "GLAT", (284.0, 74.0)), "GLON and GLAT (galactic)"),
    "fk4": (header(RADESYS="FK4", EQUINOX=1950.0), "RA and DEC (FK4 B1950)"),
    "fk5 of 1990": (header(RADESYS="FK5", EQUINOX=1990.0), "RA and DEC (FK5 J1990)"),
    "declination first": (header(**DECLINATION_FIRST), "DEC and RA (ICRS)"),
}


def imported(folder, cards):
    """Return a field of one band with this header, and 7 candidates."""
    named = fits.Header(cards, copy=True)
    named["FILTER"] = "F555W"
    fits.PrimaryHDU(pixels("V", SHAPE), named).writeto(folder / "v.fits")
    field = import_field("ngc1", [MosaicRequest(folder / "v.fits")])
    rows = [{"id": n, "x": 20.0 + 25 * n, "y": 250.25 - 30 * n} for n in range(1, 8)]
    table = write_catalogue(folder / "cat.csv", rows)
    import_catalogue(field, table, CatalogueOptions(min_observed=1))
    return field


def store_as_version_0_1(field, cards):
    """Store what version 0.1.0 did: the coordinates of the WCS, one after the other."""
    for candidate in field.candidates.all():
        candidate.ra, candidate.dec = map(
            float, WCS(cards).all_pix2world(candidate.x, candidate.y, 0)
        )
        candidate.save(update_fields=["ra", "dec"])
    field.north_deg = field.north_deg + 30
    field.save(update_fields=["north_deg"])


def positions(field):
    """Return the stored positions."""
    ra, dec = np.array(field.candidates.order_by("pk").values_list("ra", "dec")).T
    return SkyCoord(ra, dec, unit="deg")


@pytest.mark.parametrize("name", FRAMES)
def test_coordinates_of_another_frame_are_found_and_mended(tmp_path, capsys, name):
    cards, words = FRAMES[name]
    field = imported(tmp_path, cards)
    assert audit(capsys) == (0, "0 differences\n")
    right, north_deg = positions(field), field.north_deg
    store_as_version_0_1(field, cards)
    code, output = audit(capsys)
    assert code == 1
    assert f"RA and Dec of 7 of 7 candidates of cat.csv are {words} of F555W" in output
    assert "the compass is wrong" in output
    assert output.count("audit --mend-positions writes the right values") == 2
    code, output = audit(capsys, "--mend-positions")
    assert (code, output.count("Mended: ngc1: ")) == (0, 2)
    assert (positions(field).separation(right) < 1e-6 * u.arcsec).all()
    field.refresh_from_db()
    assert field.north_deg == pytest.approx(north_deg)
    x, y = np.array(field.candidates.order_by("pk").values_list("x", "y")).T
    by_astropy = WCS(cards).pixel_to_world(x, y).icrs
    assert (positions(field).separation(by_astropy) < 1e-5 * u.arcsec).all()


def test_positions_of_another_catalogue_are_found_and_stay(tmp_path, capsys):
    field = imported(tmp_path, header())
    for candidate in field.candidates.all():
        candidate.dec += 3 * 0.04 / 3600
        candidate.save(update_fields=["dec"])
    code, output = audit(capsys, "--mend-positions")
    record = CatalogueImport.objects.get()
    assert code == 1
    assert "cat.csv lie 3 px (median) from x, y by the WCS of F555W" in output
    assert f"remove_import {record.pk}" in output
    assert "Mended" not in output
    CatalogueImport.objects.update(forced=True)
    assert audit(capsys)[0] == 0


def test_rounded_positions_are_no_fault(tmp_path, capsys):
    field = imported(tmp_path, header())
    for candidate in field.candidates.all():
        candidate.ra, candidate.dec = round(candidate.ra, 4), round(candidate.dec, 4)
        candidate.save(update_fields=["ra", "dec"])
    # 1e-4 deg are 9 px.
    assert audit(capsys)[0] == 0
