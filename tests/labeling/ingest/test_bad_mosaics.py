"""Invalid mosaics: one error names the file, and nothing changes."""

import re

import numpy as np
import pytest
from astropy.io import fits
from django.core.management import CommandError, call_command

from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.models import Field, Mosaic
from tests.labeling.skies import SHAPE, pixels, tan_wcs, without_wcs, write_mosaic

pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]


def error_of(*requests, name="ngc1", **columns):
    """Return the error for these mosaics, one line."""
    rows = list(Field.objects.values()), list(Mosaic.objects.values())
    with pytest.raises(BadInput) as error:
        import_field(name, list(requests), galaxy="NGC 1", **columns)
    assert (list(Field.objects.values()), list(Mosaic.objects.values())) == rows
    message = str(error.value)
    assert "\n" not in message
    return message


def write(path, hdus):
    fits.HDUList(hdus).writeto(path)
    return path


def header(**cards):
    return fits.Header({**tan_wcs().to_header(), "FILTER": "F555W", **cards})


def make_missing(path):
    return path


def make_no_fits(path):
    path.write_text("not FITS at all\n" * 100)
    return path


def make_truncated(path):
    write_mosaic(path)
    path.write_bytes(path.read_bytes()[:100_000])
    return path


def make_truncated_header(path):
    write_mosaic(path)
    path.write_bytes(path.read_bytes()[:1000])
    return path


def make_cube(path):
    return write(path, [fits.PrimaryHDU(np.ones((3, 9, 9), np.float32), header())])


def make_table(path):
    column = fits.Column("x", "E", array=np.ones(3))
    return write(path, [fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column])])


def make_blank(path):
    return write_mosaic(path, image=np.zeros(SHAPE, np.float32))


def make_all_nan(path):
    return write_mosaic(path, image=np.full(SHAPE, np.nan, np.float32))


def make_no_pixels(path):
    return write(path, [fits.PrimaryHDU(np.ones((0, 5), np.float32), header())])


def make_folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_missing, "there is no such file"),
        (make_folder, "there is no such file"),
        (make_no_fits, "not a readable FITS file"),
        (make_truncated, "truncated"),
        (make_truncated_header, "not a readable FITS file|none of its|truncated"),
        (make_cube, "two-dimensional image"),
        (make_table, "two-dimensional image"),
        (make_blank, "the image is empty"),
        (make_all_nan, "the image is empty"),
        (make_no_pixels, "the image is empty|cannot be read|two-dimensional image"),
        (lambda path: write_mosaic(path, FILTER="F110W"), "F110W.*--mosaic FILTER="),
        (lambda path: write_mosaic(path, FILTER=None), "names no filter.*--mosaic FILTER="),
        (lambda path: without_wcs(path), "no celestial WCS.*--no-wcs"),
    ],
)
def test_it_names_the_file_and_the_reason(tmp_path, make, reason):
    path = make(tmp_path / "mosaic_v.fits")
    message = error_of(MosaicRequest(path))
    assert message.startswith(f"{path}: ")
    assert re.search(reason, message)


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        (dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), 0.0), "the matrix of its WCS is zero"),
        ({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2}, "cannot be read"),
        ({"CPDIS1": "LOOKUP", "CPDIS2": "LOOKUP"}, "WCS cannot be read"),
        ({"CTYPE1": "RA---XYZ"}, "WCS cannot be read"),
        ({"CTYPE1": "FREQ", "CTYPE2": "STOKES"}, "no celestial WCS"),
    ],
)
def test_a_broken_wcs_is_refused_in_one_sentence(tmp_path, cards, reason):
    path = tmp_path / "v.fits"
    if "CD1_1" in cards:
        cards = cards | dict.fromkeys(("CDELT1", "CDELT2", "PC1_1", "PC2_2", "PC1_2", "PC2_1"))
    write_mosaic(path)
    with fits.open(path, mode="update") as file:
        for name, value in cards.items():
            if value is None:
                file[0].header.remove(name, ignore_missing=True)
            else:
                file[0].header[name] = value
    message = error_of(MosaicRequest(path))
    assert message.startswith(f"{path}: ")
    assert re.search(reason, message)


def test_one_bad_mosaic_refuses_them_all(sky, tmp_path):
    good = [MosaicRequest(path) for path in sky.mosaics.values()]
    message = error_of(*good[:4], MosaicRequest(tmp_path / "missing.fits"))
    assert "missing.fits" in message


def test_a_field_needs_a_mosaic():
    assert "at least one mosaic" in error_of()


def test_a_band_has_one_mosaic(sky):
    second = MosaicRequest(sky.mosaics["V"])
    assert "band V has a mosaic already" in error_of(second, second)


@pytest.mark.parametrize(
    ("wcs", "difference"),
    [
        (tan_wcs(scale=0.05), "scaled by 0.8000"),
        (tan_wcs(rotation=1.0), "rotated by 1.000°"),
        (tan_wcs(crpix=(120.9, 130.5)), "shifted by (0.40, 0.00) px"),
        (tan_wcs(crval=(65.1, -54.9)), "it covers no part of F555W.fits"),
    ],
)
def test_mosaics_have_one_grid(sky, tmp_path, wcs, difference):
    path = write_mosaic(tmp_path / "other.fits", "I", wcs=wcs)
    message = error_of(MosaicRequest(sky.mosaics["V"]), MosaicRequest(path))
    assert message.startswith(f"{path}: ")
    assert difference in message


def test_a_later_mosaic_must_fit_the_existing_ones(sky, tmp_path):
    sky.field("ngc1")
    path = write_mosaic(tmp_path / "other.fits", "U", wcs=tan_wcs(scale=0.08))
    assert "scaled by 0.5000" in error_of(MosaicRequest(path))


def test_without_wcs_mosaics_have_one_size(sky, tmp_path):
    small = without_wcs(tmp_path / "small.fits", "V", pixels("V", (90, 80)))
    large = without_wcs(tmp_path / "large.fits", "I")
    message = error_of(
        MosaicRequest(small), MosaicRequest(large), needs_wcs=False, pixel_scale_arcsec=0.04
    )
    assert "240 x 260" in message
    assert "80 x 90" in message


def test_without_wcs_the_scale_is_required(tmp_path):
    path = without_wcs(tmp_path / "a.fits")
    assert "--pixel-scale" in error_of(MosaicRequest(path), needs_wcs=False)


@pytest.mark.parametrize("hdu", [1, 99])
def test_a_missing_hdu_is_reported(sky, hdu):
    assert f"not {hdu}" in error_of(MosaicRequest(sky.mosaics["V"], None, hdu))


def test_mosaics_cannot_change_once_stamps_are_cut(imported, tmp_path):
    path = write_mosaic(tmp_path / "other.fits", "V", pixels("V", (300, 300)))
    message = error_of(MosaicRequest(path), name=imported.name)
    assert "stamps were cut from other mosaics" in message


def test_the_wcs_cannot_change_once_stamps_are_cut(imported, tmp_path):
    shifted = tan_wcs(crpix=(125.5, 130.5))
    path = write_mosaic(tmp_path / "other.fits", "V", wcs=shifted)
    assert str(path) in error_of(MosaicRequest(path), name=imported.name)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("my field/..", {}),
        ("", {}),
        ("ngc1", {"votes_needed": 0}),
        ("ngc1", {"votes_needed": -1}),
        ("ngc1", {"distance_mpc": float("nan")}),
        ("ngc1", {"pixel_scale_arcsec": 0.0}),
    ],
)
def test_a_field_has_a_plain_name_and_sensible_numbers(sky, name, columns):
    assert error_of(MosaicRequest(sky.mosaics["V"]), name=name, **columns)


def test_a_filter_with_too_long_a_name_is_refused_or_shortened(tmp_path):
    path = write_mosaic(tmp_path / "a.fits", FILTER="a tale without end of what was in the beam")
    message = error_of(MosaicRequest(path, "V"))
    assert message.startswith(f"{path}: ")


@pytest.mark.parametrize("text", ["", "F110W=a.fits"])
def test_an_invalid_request_is_reported(text):
    with pytest.raises(BadInput):
        MosaicRequest.parse(text)


def test_the_command_prints_the_error(tmp_path):
    with pytest.raises(CommandError, match=r"missing\.fits: there is no such file"):
        call_command("import_field", "ngc1", "--mosaic", str(tmp_path / "missing.fits"))
    assert not Field.objects.exists()
