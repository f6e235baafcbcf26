"""Importing mosaics: `import_field` and `manage.py import_field`."""

import numpy as np
import pytest
from astropy.io import fits
from django.core.management import call_command

from classifier.core.bands import BANDS, FILTERS
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.models import Field, Mosaic
from tests.labeling.skies import SCALE, pixels, tan_wcs, without_wcs, write_mosaic

pytestmark = pytest.mark.django_db


def import_one(path, band=None, hdu=None, **columns):
    """Import a field with this one mosaic."""
    columns.setdefault("galaxy", "NGC 1")
    return import_field("ngc1", [MosaicRequest(path, band, hdu)], **columns)


def test_it_writes_the_field_and_its_mosaics(sky):
    field = sky.field(distance_mpc=18.0, votes_needed=5)
    assert (field.galaxy, field.distance_mpc, field.votes_needed) == ("NGC 1566", 18.0, 5)
    assert field.pixel_scale_arcsec == pytest.approx(SCALE)
    assert field.north_deg == pytest.approx(0, abs=1e-6)
    assert field.east_left
    assert {m.band: m.filter for m in field.mosaics.all()} == dict(FILTERS)
    mosaic = field.mosaics.get(band="V")
    assert (mosaic.width, mosaic.height, mosaic.unit) == (240, 260, "ELECTRONS/S")
    assert mosaic.sky == pytest.approx(np.median(pixels("V")), rel=1e-3)


def test_importing_twice_changes_nothing(sky):
    sky.field()
    expected = list(Mosaic.objects.order_by("band").values())
    sky.field()
    assert list(Mosaic.objects.order_by("band").values()) == expected
    assert Field.objects.count() == 1


def test_a_given_band_overrides_the_header(tmp_path):
    field = import_one(write_mosaic(tmp_path / "a.fits", FILTER="F606W"), band="B")
    assert field.mosaics.get().band == "B"


@pytest.mark.parametrize(
    ("cards", "band"),
    [
        ({"FILTER": "f555w"}, "V"),
        ({"FILTER": "F606W"}, "V"),
        ({"FILTER": None, "FILTNAM1": "F435W"}, "B"),
        ({"FILTER": None, "FILTER1": "CLEAR1L", "FILTER2": "F814W"}, "I"),
        ({"FILTER": None, "FILTER1": "F435W", "FILTER2": "CLEAR2L"}, "B"),
    ],
)
def test_it_finds_the_filter_in_the_header(tmp_path, cards, band):
    assert import_one(write_mosaic(tmp_path / "a.fits", **cards)).mosaics.get().band == band


def test_the_filter_may_be_in_the_primary_header(tmp_path):
    primary = fits.PrimaryHDU(header=fits.Header({"FILTER": "F336W"}))
    image = fits.ImageHDU(pixels("U"), tan_wcs().to_header())
    fits.HDUList([primary, image]).writeto(tmp_path / "a.fits")
    mosaic = import_one(tmp_path / "a.fits").mosaics.get()
    assert (mosaic.band, mosaic.hdu) == ("U", 1)


def test_an_hdu_can_be_chosen(tmp_path):
    planes = [fits.ImageHDU(np.full((9, 9), 1.0 + k), tan_wcs().to_header()) for k in range(2)]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "a.fits")
    assert import_one(tmp_path / "a.fits", "V", 2).mosaics.get().sky == 2.0
    assert import_one(tmp_path / "a.fits", "V", 1).mosaics.get().sky == 1.0


@pytest.mark.parametrize(
    ("text", "band", "name", "hdu"),
    [
        ("a.fits", None, "a.fits", None),
        ("F438W=a.fits", "B", "a.fits", None),
        ("b=a.fits[3]", "B", "a.fits", 3),
        ("dir/a.fits[0]", None, "a.fits", 0),
    ],
)
def test_it_parses_the_command_line(text, band, name, hdu):
    request = MosaicRequest.parse(text)
    assert (request.band, request.path.name, request.hdu) == (band, name, hdu)
    assert request.path.is_absolute()


def test_without_wcs_the_scale_is_given(tmp_path):
    path = without_wcs(tmp_path / "a.fits")
    field = import_one(path, needs_wcs=False, pixel_scale_arcsec=0.05)
    assert field.pixel_scale_arcsec == 0.05
    assert not field.mosaics.get().has_wcs


@pytest.mark.parametrize("angle", [-120.0, 0.0, 30.0, 95.0])
def test_it_stores_the_direction_of_north(tmp_path, angle):
    field = import_one(write_mosaic(tmp_path / "a.fits", wcs=tan_wcs(rotation=angle)))
    assert field.north_deg == pytest.approx(angle, abs=1e-6)
    assert field.east_left


def test_it_stores_if_a_frame_is_mirrored(tmp_path):
    wcs = tan_wcs()
    wcs.wcs.cd = wcs.wcs.cd * [[-1], [1]]
    assert not import_one(write_mosaic(tmp_path / "a.fits", wcs=wcs)).east_left


def test_mosaics_may_be_moved_once_stamps_are_cut(imported, sky, tmp_path):
    copy = tmp_path / "moved.fits"
    copy.write_bytes(sky.mosaics["V"].read_bytes())
    import_field(imported.name, [MosaicRequest(copy)])
    assert imported.mosaics.get(band="V").path == str(copy)
    assert imported.mosaics.count() == 5


def test_the_command_reports_the_field(sky, capsys):
    args = [f"--mosaic={path}" for path in sky.mosaics.values()]
    call_command("import_field", "ngc1566", *args, "--galaxy", "NGC 1566", "--votes", "2")
    output = capsys.readouterr().out
    assert output.startswith("Field ngc1566: ")
    assert "0.0400 arcsec/px" in output
    assert all(f"{band} {FILTERS[band]}" in output for band in BANDS)
    assert Field.objects.get().votes_needed == 2
