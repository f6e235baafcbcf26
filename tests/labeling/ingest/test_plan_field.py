"""plan_field and `manage.py import_field --dry-run`: what is recognised, and what is asked."""

import json
import re

import numpy as np
import pytest
from astropy.io import fits
from django.core.management import CommandError, call_command

from classifier.core.bands import BANDS, FILTERS
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaic_requests import MosaicRequest, StatedZeroPoint
from labeling.ingest.mosaics import import_field, plan_field, read_mosaics
from labeling.models import Field, Mosaic
from labeling.rules.band_rule import BandRule
from tests.labeling.skies import pixels, tan_wcs, write_mosaic, write_sky

pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]

CALIBRATED = {"PHOTFLAM": 1.87653e-19, "PHOTPLAM": 5308.23, "EXPTIME": 1143.0}


def plan_one(path, **options):
    return plan_field("ngc1", [MosaicRequest.parse(str(path))], **options)


def test_a_plan_writes_nothing_until_it_is_told_to(sky):
    plan = plan_field("ngc1566", [MosaicRequest(path) for path in sky.mosaics.values()])
    assert not Field.objects.exists()
    field = plan.write()
    assert field.mosaics.count() == 5


def test_the_report_says_what_was_recognised_and_fits_into_json(tmp_path):
    image = fits.ImageHDU(pixels("V"), tan_wcs().to_header(), name="SCI")
    image.header.update({"BUNIT": "ELECTRONS/S", **CALIBRATED})
    primary = fits.PrimaryHDU(header=fits.Header({"FILTER": "CLEAR1L;F555W"}))
    weights = fits.ImageHDU(pixels("V"), name="WHT")
    fits.HDUList([primary, weights, image]).writeto(tmp_path / "v.fits")
    report = json.loads(json.dumps(plan_one(tmp_path / "v.fits").report))
    (row,) = report["mosaics"]
    assert (row["band"], row["filter"], row["band_source"]) == ("V", "F555W", "FILTER")
    assert (row["hdu"], row["hdu_name"], row["plane"]) == (2, "SCI", None)
    assert (row["width"], row["height"], row["unit"]) == (240, 260, "ELECTRONS/S")
    assert row["zero_point_ab"] == pytest.approx(25.784, abs=1e-3)
    assert row["zero_point_vega"] == pytest.approx(25.804, abs=1e-3)
    assert (row["offset_px"], row["covered_share"]) == ([0.0, 0.0], 1.0)
    assert (report["is_new"], report["questions"]) == (True, [])


def test_the_calibration_is_kept_with_the_mosaic(tmp_path):
    plan_one(write_mosaic(tmp_path / "v.fits", **CALIBRATED)).write()
    mosaic = Mosaic.objects.get()
    assert mosaic.zero_point_ab == pytest.approx(25.784, abs=1e-3)
    assert (mosaic.photflam, mosaic.photplam, mosaic.exposure_s) == tuple(CALIBRATED.values())
    assert mosaic.zero_point_source == "PHOTFLAM and PHOTPLAM; Vega: AB = Vega - 0.02"


def test_a_stated_zero_point_comes_before_the_header(tmp_path):
    path = write_mosaic(tmp_path / "v.fits", **CALIBRATED)
    plan_one(path, zero_points=[StatedZeroPoint.parse("F555W=25.8325:Vega")]).write()
    mosaic = Mosaic.objects.get()
    assert (mosaic.zero_point_vega, mosaic.zero_point_ab) == (25.8325, pytest.approx(25.8125))
    assert mosaic.zero_point_source.startswith("stated, 25.8325 Vega")


def test_a_zero_point_can_be_stated_later(sky):
    sky.field("ngc1")
    expected = Mosaic.objects.get(band="U").zero_point_ab
    plan_field("ngc1", [], zero_points=[StatedZeroPoint.parse("V=25.9:AB")]).write()
    assert Mosaic.objects.get(band="V").zero_point_ab == 25.9
    assert Mosaic.objects.get(band="U").zero_point_ab == expected
    with pytest.raises(BadInput, match="no mosaic in band NUV"):
        plan_field(
            "ngc2",
            [MosaicRequest(sky.mosaics["V"])],
            zero_points=[StatedZeroPoint.parse("NUV=22.6:Vega")],
        )


@pytest.mark.parametrize(
    "text",
    ["V=25.8", "V=25.8:ST", "V=nan:AB", "V=inf:Vega", "V=:AB", "=25:AB", "V=x:AB", "R=25:AB"],
)
def test_a_zero_point_names_band_value_and_system(text):
    with pytest.raises(BadInput, match=re.escape(text)):
        StatedZeroPoint.parse(text)


def test_a_filter_by_the_name_of_the_file_must_be_confirmed(tmp_path):
    path = write_mosaic(tmp_path / "ngc1566_f438w_drc.fits", FILTER=None)
    plan = plan_one(path)
    assert plan.report["mosaics"][0]["band"] == "B"
    assert plan.report["mosaics"][0]["band_source"] == "file name"
    (question,) = plan.report["questions"]
    assert "F438W (band B)" in question
    with pytest.raises(BadInput, match="--filters-from-names"):
        plan.write()
    with pytest.raises(BadInput, match="--filters-from-names"):
        import_field("ngc1", [MosaicRequest(path)])
    assert not Field.objects.exists()
    assert plan_one(path, filters_from_names=True).write().mosaics.get().filter == "F438W"
    assert plan_one(f"F435W={path}").write().mosaics.get().filter == "F435W"


def test_a_header_that_contradicts_the_name_or_the_request_is_noted(tmp_path):
    path = write_mosaic(tmp_path / "ngc1566_f438w_drc.fits", FILTER="F814W")
    (row,) = plan_one(path).report["mosaics"]
    assert (row["band"], row["notes"][0]) == ("I", "its name says F438W, its header F814W")
    (row,) = plan_one(f"F438W={path}").report["mosaics"]
    assert (row["band"], row["filter"]) == ("B", "F438W")
    assert "its header says F814W; B was stated" in row["notes"]


def test_the_planes_of_a_cube_are_mosaics(tmp_path):
    cube = np.stack([pixels(band) for band in BANDS])
    fits.PrimaryHDU(cube, tan_wcs().to_header()).writeto(tmp_path / "cube.fits")
    texts = [f"{FILTERS[band]}={tmp_path}/cube.fits[0,{k}]" for k, band in enumerate(BANDS)]
    field = import_field("ngc1", [MosaicRequest.parse(text) for text in texts])
    for band in BANDS:
        mosaic = field.mosaics.get(band=band)
        assert (mosaic.plane, mosaic.filter) == (BANDS.index(band), FILTERS[band])
        np.testing.assert_array_equal(mosaic.read().image, pixels(band))


def test_a_plane_needs_the_name_of_its_filter(tmp_path):
    cards = tan_wcs().to_header()
    cards["FILTER"] = "F555W"
    fits.PrimaryHDU(np.ones((2, 9, 9), np.float32), cards).writeto(tmp_path / "cube.fits")
    with pytest.raises(BadInput, match=r"one plane of a cube.*FILTER=.*cube\.fits\[0,1\]"):
        plan_one(f"{tmp_path}/cube.fits[0,1]")


def test_a_scale_that_contradicts_the_wcs_is_refused(sky):
    with pytest.raises(BadInput, match=r"0\.0400 arcsec, not 0\.05"):
        plan_one(sky.mosaics["V"], pixel_scale_arcsec=0.05)
    assert plan_one(sky.mosaics["V"], pixel_scale_arcsec=0.0401)
    for value in (float("nan"), -0.04, 0.0, float("inf")):
        with pytest.raises(BadInput):
            plan_one(sky.mosaics["V"], pixel_scale_arcsec=value).write()


@pytest.mark.parametrize(
    "columns",
    [
        {"distance_mpc": -3.0},
        {"distance_mpc": float("nan")},
        {"distance_mpc": float("inf")},
        {"votes_needed": -1},
        {"pixel_scale_arcsec": float("nan")},
    ],
)
def test_invalid_numbers_are_refused_before_a_file_is_read(tmp_path, columns):
    (column,) = columns
    with pytest.raises(BadInput, match=f"Field ngc1: {column}: "):
        plan_one(tmp_path / "missing.fits", **columns)


def test_a_file_that_was_changed_after_its_import_is_refused(tmp_path):
    sky = write_sky(tmp_path)
    field = sky.field()
    assert set(read_mosaics(field, field.mosaics.all())) == set(BANDS)
    write_mosaic(sky.mosaics["B"], "B", pixels("B") + 1)
    with pytest.raises(BadInput, match=r"F438W\.fits: its pixels have changed"):
        read_mosaics(field, field.mosaics.all())


def test_progress_names_each_file(sky):
    steps = []
    requests = [MosaicRequest(path) for path in sky.mosaics.values()]
    plan_field("ngc1", requests, progress=lambda *step: steps.append(step))
    assert steps[0] == (0, 5, "reading F275W.fits")
    assert steps[-1][:2] == (5, 5)


def test_a_dry_run_prints_the_report_and_writes_nothing(sky, capsys):
    args = [f"--mosaic={path}" for path in sky.mosaics.values()]
    call_command("import_field", "ngc1566", *args, "--dry-run", "--zero-point", "V=25.8:Vega")
    output = capsys.readouterr().out
    assert output.startswith("A dry run: nothing is written.\nField ngc1566: ")
    assert f"V: F555W (FILTER), {sky.mosaics['V']} HDU 0, 240 x 260 px, 0.0400" in output
    assert "zero point 25.800 Vega, 25.780 AB (stated, 25.8 Vega" in output
    assert "offset +0.00, +0.00 px, covers 100 % of the frame" in output
    assert "I: note: its header gives no zero point" in output
    assert not Field.objects.exists()


def test_a_dry_run_asks_what_must_be_confirmed(tmp_path, capsys):
    path = write_mosaic(tmp_path / "ngc1_f555w.fits", FILTER=None)
    call_command("import_field", "ngc1", "--mosaic", str(path), "--dry-run")
    assert "To confirm: " in capsys.readouterr().out
    with pytest.raises(CommandError, match="--filters-from-names"):
        call_command("import_field", "ngc1", "--mosaic", str(path))
    call_command("import_field", "ngc1", "--mosaic", str(path), "--filters-from-names")
    assert Field.objects.get().mosaics.get().band == "V"


def test_the_band_rule_is_stored_with_the_field(sky, capsys):
    mosaics = [f"--mosaic={path}" for path in sky.mosaics.values()]
    call_command("import_field", "ngc1566", *mosaics, "--min-observed", "3", "--min-detected", "0")
    assert "observed in 3 and detected in 0 bands" in capsys.readouterr().out
    assert Field.objects.get().band_rule == BandRule(3, 0)
    call_command("import_field", "ngc1566", *mosaics)
    assert Field.objects.get().band_rule == BandRule(3, 0)


def test_a_changed_band_rule_is_applied_to_the_candidates(imported, capsys):
    assert imported.candidates.in_play().exists()
    n_before = imported.candidates.in_play().count()
    rule = ["--min-observed", "5", "--min-detected", "5"]
    call_command("import_field", "ngc1566", *rule, "--dry-run")
    assert imported.candidates.in_play().count() == n_before
    call_command("import_field", "ngc1566", *rule)
    n_expected = sum(
        len(candidate.observed.split()) == 5 and not candidate.set_aside
        for candidate in imported.candidates.all()
    )
    assert imported.candidates.in_play().count() == n_expected
    call_command("audit")
