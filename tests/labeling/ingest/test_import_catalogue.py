"""Importing a catalogue: `import_catalogue` and `manage.py import_catalogue`."""

import numpy as np
import pytest
import zarr
from astropy.io import fits
from astropy.nddata import Cutout2D
from django.core.management import CommandError, call_command

from classifier.core.bands import BANDS, FILTERS
from classifier.core.control_sample import in_control_sample
from classifier.core.packs import FORMAT
from labeling.ingest import candidate_rows
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.ingest.table_options import TableOptions
from labeling.models import Candidate, CatalogueImport, ReferenceLabel
from labeling.rules.sampling import shuffle_key
from tests.labeling.skies import (
    POSITIONS,
    REFERENCE,
    pixels,
    row_at,
    tan_wcs,
    write_catalogue,
    write_mosaic,
    write_sky,
)

pytestmark = pytest.mark.django_db


def import_rows(field, folder, rows, **options):
    """Import a catalogue of these rows, lossless; return its candidates by catalogue id."""
    path = write_catalogue(folder / "rows.csv", rows)
    import_catalogue(field, path, CatalogueOptions(**{"lossless": True, **options}))
    return {candidate.catalogue_id: candidate for candidate in field.candidates.all()}


def stamps(candidate):
    return zarr.open_group(candidate.pack_path, mode="r")["stamps"][candidate.pack_row]


def test_candidates_have_the_positions_of_the_catalogue(imported):
    for candidate in imported.candidates.all():
        x, y = POSITIONS[candidate.catalogue_number]
        assert (candidate.x, candidate.y) == pytest.approx((x, y))
        ra, dec = tan_wcs().all_pix2world(x, y, 0)
        assert (candidate.ra, candidate.dec) == pytest.approx((float(ra), float(dec)), abs=1e-9)
        assert candidate.magnitudes["V"] == (23.0, None)
        assert candidate.set_aside == ""


def test_each_candidate_has_its_sample_and_random_order(imported):
    for candidate in imported.candidates.all():
        names = "ngc1566", candidate.catalogue_id
        assert candidate.control == in_control_sample(*names)
        assert candidate.shuffle == shuffle_key(*names)


def test_classes_become_reference_labels_of_their_source(imported):
    labels = ReferenceLabel.objects.of("people").values_list("candidate__catalogue_id", "label")
    assert dict(labels) == {str(n): label for n, label in REFERENCE.items() if label}


def test_the_pack_has_attributes(imported):
    record = CatalogueImport.objects.get()
    pack = zarr.open_group(record.pack_path, mode="r")
    assert dict(pack.attrs) == {
        "format": FORMAT,
        "field": "ngc1566",
        "bands": list(BANDS),
        "stamp_px": 100,
        "pixel_scale_arcsec": pytest.approx(0.04),
    }
    assert pack["stamps"].shape == (6, 5, 100, 100)
    assert pack["stamps"].dtype == np.float32
    assert pack["observed"][:].all()


@pytest.mark.parametrize("number", POSITIONS)
def test_its_stamps_equal_those_of_astropy(imported, number):
    candidate = imported.candidates.get(catalogue_number=number)
    for image, band in zip(stamps(candidate), BANDS, strict=True):
        cutout = Cutout2D(pixels(band), POSITIONS[number], 100, mode="partial", fill_value=np.nan)
        np.testing.assert_array_equal(image, cutout.data)
    assert candidate.at_edge == bool(np.isnan(stamps(candidate)).any())


def test_the_origin_shifts_every_position_by_one(sky, tmp_path):
    rows = [row_at(n, *xy) for n, xy in POSITIONS.items() if n in {1, 2, 5}]
    from_1 = import_rows(sky.field("a"), tmp_path, rows, origin=1)
    zero_based = import_rows(sky.field("b"), tmp_path, rows, origin=0)
    for text, candidate in from_1.items():
        shifted = zero_based[text]
        assert (shifted.x - candidate.x, shifted.y - candidate.y) == (1, 1)
        np.testing.assert_array_equal(stamps(candidate)[0][1:, 1:], stamps(shifted)[0][:-1, :-1])


def test_columns_can_have_other_names(sky, tmp_path):
    rows = [{"NUMBER": 7, "X_IMAGE": 51.0, "Y_IMAGE": 61.0, "m": 21.5, "kind": 3}]
    columns = {"id": "NUMBER", "x": "X_IMAGE", "y": "Y_IMAGE", "mag_F555W": "m"}
    candidates = import_rows(
        sky.field(),
        tmp_path,
        rows,
        table=TableOptions(columns=columns, references={"Smith 2020": "kind"}),
        min_detected=1,
    )
    assert (candidates["7"].x, candidates["7"].y, candidates["7"].mag_v) == (50.0, 60.0, 21.5)
    assert ReferenceLabel.objects.get().source == "Smith 2020"


def test_labels_and_kept_columns_stay_with_their_rows_in_every_batch(sky, tmp_path, monkeypatch):
    monkeypatch.setattr(candidate_rows, "BATCH", 3)
    rows = [
        row_at(n, 50 + n, 50, a=n % 5, b=(n + 1) % 5, note="" if n == 4 else f"n{n}", size=n / 8)
        for n in range(8)
    ]
    table = TableOptions(references={"A": "a", "B": "b"}, keep=("note", "size"))
    candidates = import_rows(sky.field(), tmp_path, rows, table=table)
    for n in range(8):
        candidate = candidates[str(n)]
        labels = dict(candidate.references.values_list("source", "label"))
        assert labels == {k: v for k, v in (("A", n % 5), ("B", (n + 1) % 5)) if v}
        assert candidate.kept == {"note": None if n == 4 else f"n{n}", "size": n / 8}
        assert candidate.x == pytest.approx(50 + n)


def test_ids_keep_their_text(sky, tmp_path):
    rows = [row_at(text, 50, 50 + k) for k, text in enumerate(["007", "7", "NGC-1", "1e3", "-5"])]
    assert set(import_rows(sky.field(), tmp_path, rows)) == {"007", "7", "NGC-1", "1e3", "-5"}


def test_a_second_catalogue_adds_to_the_first(imported, tmp_path):
    import_rows(imported, tmp_path, [row_at(100, 50, 50)])
    assert imported.candidates.count() == 7
    assert imported.imports.count() == 2


def test_importing_the_same_file_twice_changes_nothing(imported, sky, settings):
    expected = list(Candidate.objects.values())
    options = CatalogueOptions(table=TableOptions(references={"people": "people"}))
    record, new = import_catalogue(imported, sky.catalogue, options)
    assert not new
    assert record.rows == 6
    assert list(Candidate.objects.values()) == expected
    assert len(list(settings.PACKS.iterdir())) == 1


def test_magnitudes_in_too_few_filters_set_a_candidate_aside(sky, tmp_path):
    three = dict.fromkeys(["mag_F275W", "mag_F336W"], 99.999)
    four = {"mag_F275W": 66.666}
    candidates = import_rows(
        sky.field(), tmp_path, [row_at(1, 50, 50, **three), row_at(2, 50, 50, **four)]
    )
    assert candidates["1"].set_aside == "detected in 3 of 5 filters"
    # It has a stamp all the same: the rule may change.
    assert (candidates["1"].mag_nuv, candidates["1"].pack_row) == (None, 0)
    assert (candidates["2"].set_aside, candidates["2"].pack_row) == ("", 1)


@pytest.mark.parametrize("cell", ["99.999", "66.666", "44.444", "", "nan", "inf"])
def test_a_magnitude_without_a_value_is_missing(sky, tmp_path, cell):
    candidates = import_rows(sky.field(), tmp_path, [row_at(1, 50, 50, mag_F275W=cell, ci=cell)])
    assert (candidates["1"].mag_nuv, candidates["1"].ci) == (None, None)


def test_a_catalogue_with_magnitudes_in_too_few_bands_is_refused(sky, tmp_path):
    row = row_at(1, 50, 50)
    rows = [{name: row[name] for name in ("id", "x", "y", "mag_F555W", "mag_F814W")}]
    field = sky.field()
    with pytest.raises(BadInput, match=r"1 detected in 2 of 2 filters.*give --min-detected 2"):
        import_rows(field, tmp_path, rows)
    candidates = import_rows(field, tmp_path, rows, min_detected=2)
    assert candidates["1"].set_aside == ""


def test_rows_outside_are_set_aside_if_allowed(sky, tmp_path):
    rows = [row_at(1, 50, 50), row_at(2, 239.6, 50), row_at(3, -1e30, 50), row_at(4, 50, 1e30)]
    candidates = import_rows(sky.field(), tmp_path, rows, allow_outside=True)
    assert [candidates[n].set_aside for n in "1234"] == ["", *["outside the image"] * 3]


def test_the_outermost_half_pixel_is_inside(sky, tmp_path):
    rows = [row_at(1, -0.49, -0.49), row_at(2, 239.49, 259.49)]
    assert all(c.at_edge for c in import_rows(sky.field(), tmp_path, rows).values())


def test_a_filter_that_does_not_cover_a_candidate_is_not_observed(tmp_path):
    sky = write_sky(tmp_path)
    halved = pixels("NUV")
    halved[:, :100] = 0  # drizzled mosaics are exactly 0 where nothing was exposed
    write_mosaic(sky.mosaics["NUV"], "NUV", halved)
    candidates = import_rows(sky.field(), tmp_path, [row_at(1, 60, 130), row_at(2, 180, 130)])
    assert candidates["1"].observed == "U B V I"
    assert np.isnan(stamps(candidates["1"])[0]).all()
    assert np.isfinite(stamps(candidates["1"])[1:]).all()
    assert candidates["2"].observed == "NUV U B V I"
    observed = zarr.open_group(candidates["1"].pack_path, mode="r")["observed"]
    assert observed[:].tolist() == [[False, *[True] * 4], [True] * 5]


def test_stamps_keep_nan_and_zero(tmp_path):
    sky = write_sky(tmp_path)
    holes = pixels("I")
    holes[130, 150], holes[131, 150] = np.nan, 0
    write_mosaic(sky.mosaics["I"], "I", holes)
    stamp = stamps(import_rows(sky.field(), tmp_path, [row_at(1, 120, 130)])["1"])[4]
    assert np.isnan(stamp[50, 80])
    assert stamp[51, 80] == 0
    assert np.isnan(stamp).sum() == 1


def test_a_band_without_a_mosaic_is_not_observed(sky, tmp_path):
    paths = [path for band, path in sky.mosaics.items() if band != "U"]
    field = import_field("ngc1", [MosaicRequest(path) for path in paths])
    candidates = import_rows(field, tmp_path, [row_at(1, 120, 130)])
    assert (candidates["1"].observed, candidates["1"].set_aside) == ("NUV B V I", "")


def test_three_bands_are_enough_if_the_user_says_so(sky, tmp_path):
    paths = [sky.mosaics[band] for band in ("B", "V", "I")]
    field = import_field("ngc1", [MosaicRequest(path) for path in paths])
    rows = [row_at(1, 120, 130)]
    with pytest.raises(BadInput, match=r"1 observed in 3 of 5 filters.*give --min-observed 3"):
        import_rows(field, tmp_path, rows)
    assert import_rows(field, tmp_path, rows, min_observed=3)["1"].set_aside == ""
    field.refresh_from_db()
    assert field.min_observed == 3


@pytest.mark.parametrize(("dx", "dy"), [(20, -10), (-35, 40)])
def test_a_mosaic_on_a_shifted_grid_shows_the_same_sky(tmp_path, dx, dy):
    sky = write_sky(tmp_path)
    wcs = tan_wcs(crpix=(120.5 + dx, 130.5 + dy))
    moved = np.roll(pixels("I"), (dy, dx), axis=(0, 1))
    write_mosaic(sky.mosaics["I"], "I", moved, wcs)
    candidate = import_rows(sky.field(), tmp_path, [row_at(1, 120, 130)])["1"]
    expected = Cutout2D(pixels("I"), (120, 130), 100).data
    np.testing.assert_array_equal(stamps(candidate)[4], expected)


def test_positions_of_another_field_are_refused_with_the_offset(sky, tmp_path):
    ra, dec = tan_wcs().all_pix2world(50.0, 53.0, 0)
    rows = [row_at(1, 50, 50, ra=float(ra), dec=float(dec))]
    field = sky.field()
    with pytest.raises(BadInput, match=r"x, y are \(\+0\.00, -3\.00\) px from RA, Dec.*--force"):
        import_rows(field, tmp_path, rows)
    assert not CatalogueImport.objects.exists()
    import_rows(field, tmp_path, rows, force=True)
    record = CatalogueImport.objects.get()
    assert record.forced
    assert record.report["wcs_offset_px"] == pytest.approx(3.0, abs=1e-3)
    assert any("Imported with --force although x, y are" in n for n in record.report["notes"])


@pytest.mark.parametrize("origin", [0, 1])
def test_the_origin_is_checked_against_the_sky(sky, tmp_path, origin):
    # Written with the first pixel as 1 or 0, and read with the other origin.
    rows = []
    for number, (x, y) in POSITIONS.items():
        ra, dec = tan_wcs().all_pix2world(x, y, 0)
        row = {"id": number, "x": x + origin, "y": y + origin, "ra": f"{ra:.8f}"}
        rows.append(row | {"dec": f"{dec:.8f}"})
    field = sky.field()
    with pytest.raises(BadInput, match=f"give --origin {origin}"):
        import_rows(field, tmp_path, rows, origin=1 - origin, allow_outside=True)
    candidates = import_rows(field, tmp_path, rows, origin=origin)
    assert candidates["1"].x == POSITIONS[1][0]


@pytest.mark.parametrize("ending", ["csv", "ecsv", "fits", "vot"])
def test_it_imports_its_own_exports(imported, sky, tmp_path, ending):
    path = tmp_path / f"consensus.{ending}"
    call_command("export_catalogue", str(path))
    second_field = sky.field("again")
    columns = {"id": "catalogue_id", "x": "x_pix", "y": "y_pix", "ra": "ra_deg", "dec": "dec_deg"}
    import_catalogue(second_field, path, CatalogueOptions(table=TableOptions(columns=columns)))
    names = ("catalogue_id", "x", "y", "ra", "dec", "mag_nuv", "mag_i", "ci")
    assert list(second_field.candidates.values_list(*names)) == list(
        imported.candidates.values_list(*names)
    )


def test_the_command_reports_the_rows(sky, capsys):
    sky.field()
    args = ("import_catalogue", "ngc1566", str(sky.catalogue), "--reference=people=people")
    call_command(*args)
    output = capsys.readouterr().out
    assert "6 rows read, 6 candidates with stamps." in output
    assert "reference “people”: class 1: 2, class 2: 1, class 3: 1, class 4: 1" in output
    call_command(*args)
    assert "nothing has changed" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--column=x", "--reference==1"])
def test_invalid_options_are_reported(sky, option):
    sky.field()
    with pytest.raises(CommandError, match="write it as LEFT=RIGHT"):
        call_command("import_catalogue", "ngc1566", str(sky.catalogue), option)


def test_the_command_needs_the_field(db, tmp_path):
    with pytest.raises(CommandError, match="no field ngc1566: run import_field first"):
        call_command("import_catalogue", "ngc1566", str(tmp_path / "a.csv"))


def test_without_wcs_candidates_have_no_sky_position(tmp_path):
    for band in BANDS:
        fits.PrimaryHDU(pixels(band), fits.Header({"FILTER": FILTERS[band]})).writeto(
            tmp_path / f"{band}.fits"
        )
    requests = [MosaicRequest(tmp_path / f"{band}.fits") for band in BANDS]
    field = import_field("ngc1", requests, needs_wcs=False, pixel_scale_arcsec=0.05)
    candidate = import_rows(field, tmp_path, [row_at(1, 120, 130)])["1"]
    assert (candidate.ra, candidate.dec, candidate.x) == (None, None, 120.0)
