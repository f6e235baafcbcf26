"""What a plan says before anything is written, and what is never done in silence."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from django.core.management import CommandError, call_command

from classifier.core.bands import BANDS
from classifier.core.control_sample import in_control_sample
from classifier.core.packs import open_pack
from labeling.ingest import candidate_rows
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue, plan_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import MosaicRequest, draft_field, import_field
from labeling.ingest.table_options import TableOptions
from labeling.models import Candidate, CatalogueImport, Field, Mosaic
from tests.labeling.skies import POSITIONS, row_at, tan_wcs, write_catalogue, write_mosaic
from tests.labeling.world import settle

pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]


@pytest.fixture
def field(sky):
    return sky.field()


def plan_of(field, folder, rows, **options):
    path = write_catalogue(folder / "rows.csv", rows)
    return plan_catalogue(field, path, CatalogueOptions(**options))


def notes_of(field, folder, rows, **options):
    return " ".join(plan_of(field, folder, rows, **options).report["notes"])


def sky_row(number, x, y, **more):
    """Return a row with RA and Dec, by the mosaic's WCS, and no x and y."""
    ra, dec = tan_wcs().all_pix2world(x, y, 0)
    return {"id": number, "ra": f"{ra:.9f}", "dec": f"{dec:.9f}", **more}


def test_a_plan_writes_nothing(field, sky, settings):
    options = CatalogueOptions(table=TableOptions(references={"people": "people"}))
    plan = plan_catalogue(field, sky.catalogue, options)
    assert not CatalogueImport.objects.exists()
    assert not any(settings.PACKS.iterdir())
    assert plan.report["candidates"] == 6
    assert plan.report["references"] == {"people": {"1": 2, "2": 1, "3": 1, "4": 1}}
    assert plan.report["bands"]["V"] == {"observed": 6, "detected": 6}
    assert plan.report["band_rule"]["by_bands_observed"] == {"5": 6}
    first = plan.report["preview"][0]
    assert (first["catalogue_id"], first["x_pix"], first["mag_v"]) == ("1", 121.0, 23.0)


def test_what_was_planned_is_written(field, sky, admin):
    plan = plan_catalogue(field, sky.catalogue, CatalogueOptions())
    steps = []
    record = plan.write(lambda *step: steps.append(step), imported_by=admin)
    assert record.finished_at
    assert record.imported_by == admin
    assert steps[-1] == (6, 6, "writing candidates")
    assert Candidate.objects.count() == 6
    assert plan.write() == record
    assert plan_catalogue(field, sky.catalogue, CatalogueOptions()).existing == record


def test_candidates_become_visible_all_at_once(field, sky, monkeypatch):
    monkeypatch.setattr(candidate_rows, "BATCH", 2)
    stored = []

    def progress(_complete, _total, step):
        assert not Candidate.objects.exists()
        if step == "writing candidates":
            stored.append(Candidate.with_unfinished.count())

    import_catalogue(field, sky.catalogue, CatalogueOptions(), progress)
    assert stored == [0, 2, 4, 6]
    assert Candidate.objects.count() == 6


def test_every_step_of_an_import_reports_how_far_it_is(field, sky):
    steps = {}

    def progress(complete, total, step):
        assert 0 <= complete <= total
        assert complete >= steps.get(step, 0)
        steps[step] = complete

    import_catalogue(field, sky.catalogue, CatalogueOptions(), progress)
    expected = {"reading the catalogue", "reading the columns", "cutting stamps"}
    assert expected | {"writing candidates"} <= set(steps)
    assert steps["cutting stamps"] == steps["writing candidates"] == 6


def test_a_field_that_is_not_stored_can_be_planned(field, sky):
    mosaics = [Mosaic.objects.get(pk=mosaic.pk) for mosaic in field.mosaics.all()]
    new = Field(name="new", pixel_scale_arcsec=0.04)
    plan = plan_catalogue(new, sky.catalogue, CatalogueOptions(), mosaics=mosaics)
    assert plan.report["candidates"] == 6
    assert plan.existing is None


def test_the_command_shows_the_plan_only(field, sky, capsys):
    call_command("import_catalogue", "ngc1566", str(sky.catalogue), "--dry-run")
    output = capsys.readouterr().out
    assert "6 rows read, 6 candidates with stamps." in output
    assert "V: observed in 6 rows, detected in 6 rows" in output
    assert "Nothing was written (--dry-run)." in output
    assert not Candidate.objects.exists()


def test_one_empty_cell_does_not_replace_the_other_positions(field, tmp_path):
    rows = [row_at(1, 50, 60, ra="65.0012", dec="-54.9008"), row_at(2, 70, 80, ra="", dec="")]
    ra, dec = tan_wcs().all_pix2world([50.0], [60.0], 0)
    rows[0] |= {"ra": f"{ra[0] + 1e-6:.9f}", "dec": f"{dec[0]:.9f}"}
    plan = plan_of(field, tmp_path, rows)
    assert plan.sources.ra[0] == pytest.approx(ra[0] + 1e-6, abs=1e-9)
    assert plan.sources.ra[1] == pytest.approx(float(tan_wcs().all_pix2world(70.0, 80.0, 0)[0]))
    assert "1 of 2 rows have no RA and Dec" in " ".join(plan.report["notes"])


def test_positions_on_the_sky_are_enough(field, tmp_path):
    rows = [sky_row(number, x, y) for number, (x, y) in POSITIONS.items()]
    plan = plan_of(field, tmp_path, rows)
    np.testing.assert_allclose(plan.sources.x, [x for x, _ in POSITIONS.values()], atol=1e-3)
    np.testing.assert_allclose(plan.sources.y, [y for _, y in POSITIONS.values()], atol=1e-3)
    assert "x and y come from RA and Dec" in " ".join(plan.report["notes"])


def test_duplicates_within_a_pixel_are_counted(field, tmp_path):
    rows = [row_at(1, 50, 50), row_at(2, 50.6, 50.6), row_at(3, 51.8, 50), row_at(4, 50, 50)]
    notes = notes_of(field, tmp_path, rows)
    assert "3 rows lie within a pixel of another row (1, 2, 4)" in notes
    assert "within a pixel" not in notes_of(field, tmp_path, [row_at(1, 5, 5), row_at(2, 6.1, 5)])


def test_many_rows_at_one_position_take_no_time(field, tmp_path):
    rows = [row_at(number, 50, 50) for number in range(3000)]
    assert "3000 rows lie within a pixel" in notes_of(field, tmp_path, rows)


def ids_by_side(field, *, control):
    """Return catalogue ids of the side of the split that the field's name gives them."""
    ids = (str(number) for number in range(1000, 2000))
    return [text for text in ids if in_control_sample(field.name, text) == control]


@pytest.mark.parametrize("control", [True, False])
def test_a_source_of_the_field_passes_its_side_on(field, tmp_path, control):
    (first, *_), (second, *_) = (
        ids_by_side(field, control=side) for side in (control, not control)
    )
    for text in (first, second):
        path = write_catalogue(tmp_path / f"{text}.csv", [row_at(text, 100.2, 100)])
        record, _ = import_catalogue(field, path, CatalogueOptions())
    assert "within a pixel of candidates that the field has" in " ".join(record.report["notes"])
    candidate = field.candidates.get(catalogue_id=second)
    assert (candidate.control, candidate.control_inherited) == (control, True)
    call_command("audit")


def test_all_sources_of_a_crowd_within_a_pixel_of_each_other_have_one_side(field, tmp_path):
    (first, *_), (second, *_) = (ids_by_side(field, control=side) for side in (True, False))
    # Two close pairs, which are closer than a pixel to each other.
    rows = [row_at(first, 100, 100), row_at("a", 100.1, 100)]
    rows += [row_at(second, 100.8, 100), row_at("b", 100.9, 100)]
    path = write_catalogue(tmp_path / "rows.csv", rows)
    import_catalogue(field, path, CatalogueOptions())
    assert set(field.candidates.values_list("control", flat=True)) == {True}


def test_a_source_of_an_overlapping_field_passes_its_side_on(field, sky, tmp_path):
    other = sky.field("overlapping")
    (text, *_) = (
        text for text in ids_by_side(field, control=True) if not in_control_sample(other.name, text)
    )
    path = write_catalogue(tmp_path / "rows.csv", [row_at(text, 100, 100), row_at("x", 30, 30)])
    import_catalogue(field, path, CatalogueOptions())
    record, _ = import_catalogue(other, path, CatalogueOptions())
    assert other.candidates.get(catalogue_id=text).control is True
    assert "of ngc1566: they are put in the same samples" in " ".join(record.report["notes"])


def test_simulated_fields_share_no_sources(field, sky, tmp_path):
    other = sky.field("simulated", simulated=True)
    path = write_catalogue(tmp_path / "rows.csv", [row_at(n, 9 * n, 100) for n in range(1, 20)])
    import_catalogue(field, path, CatalogueOptions())
    import_catalogue(other, path, CatalogueOptions())
    assert not other.candidates.filter(control_inherited=True).exists()


def test_magnitudes_without_a_mosaic_are_noted(sky, tmp_path):
    paths = [path for band, path in sky.mosaics.items() if band != "U"]
    field = import_field("ngc1", [MosaicRequest(path) for path in paths])
    assert "The field has no mosaic in U; the magnitudes in mag_F336W" in notes_of(
        field, tmp_path, [row_at(1, 50, 50)]
    )


def three_bands(sky):
    return import_field("ngc1", [MosaicRequest(sky.mosaics[band]) for band in ("B", "V", "I")])


def test_a_catalogue_of_sources_in_too_few_bands_is_imported_and_set_aside(sky, tmp_path):
    sentinels = ("99.0", "-99.0", "-999", "90.0", "99.999")
    rows = [
        row_at(n, 20 * n, 50, mag_F275W=text, mag_F336W=text) for n, text in enumerate(sentinels, 1)
    ]
    path = write_catalogue(tmp_path / "rows.csv", rows)
    import_catalogue(sky.field(), path, CatalogueOptions())
    values = Candidate.objects.values_list("set_aside", "mag_nuv", "mag_u")
    assert list(values) == [("detected in 3 of 5 filters", None, None)] * 5


def test_the_rule_is_changed_later_without_a_new_import(sky, tmp_path, ada, capsys):
    field = three_bands(sky)
    rows = [row_at(1, 50, 50), row_at(2, 150, 150, mag_F275W="", mag_F336W="", mag_F438W="")]
    path = write_catalogue(tmp_path / "rows.csv", rows)
    import_catalogue(field, path, CatalogueOptions(min_observed=3))
    second = field.candidates.get(catalogue_id="2")
    assert (second.set_aside, second.open) == ("detected in 2 of 5 filters", False)
    assert second.pack_row == 1
    call_command("band_rule", "ngc1", "--min-detected", "2")
    second.refresh_from_db()
    assert (second.set_aside, second.open) == ("", True)
    assert "1 candidate changed." in (output := capsys.readouterr().out)
    assert "2 of 2 are put to the vote" in output
    call_command("band_rule", "ngc1", "--min-observed", "4")
    assert not field.candidates.in_play().exists()
    call_command("audit")


def test_votes_survive_a_change_of_the_rule(sky, tmp_path, ada, bea, cy):
    field = three_bands(sky)
    path = write_catalogue(tmp_path / "rows.csv", [row_at(1, 50, 50)])
    import_catalogue(field, path, CatalogueOptions(min_observed=3))
    settle(field.candidates.get(), [ada, bea, cy], 2)
    for least in ("5", "3"):
        call_command("band_rule", "ngc1", "--min-observed", least)
    candidate = field.candidates.get()
    assert (candidate.open, candidate.consensus.label) == (False, 2)
    call_command("audit")


def test_candidates_without_a_stamp_stay_aside(imported):
    imported.candidates.filter(catalogue_id="1").update(
        observed="V I", set_aside="observed in 2 of 5 filters", pack_row=None, open=False
    )
    call_command("band_rule", "ngc1566", "--min-observed", "2")
    candidate = imported.candidates.get(catalogue_id="1")
    assert candidate.set_aside == "no stamp was cut when it was imported"
    call_command("band_rule", "ngc1566", "--min-observed", "4")
    candidate.refresh_from_db()
    assert candidate.set_aside == "observed in 2 of 5 filters"


def test_the_rule_has_limits(imported):
    with pytest.raises(CommandError, match="invalid choice: 6"):
        call_command("band_rule", "ngc1566", "--min-observed", "6")


def test_nowhere_exposed_is_refused(tmp_path):
    paths = [
        write_mosaic(tmp_path / f"{band}.fits", band, np.full((50, 50), np.nan, np.float32))
        for band in BANDS[:1]
    ]
    image = fits.getdata(paths[0])
    image[0, :] = 1.0
    fits.writeto(paths[0], image, fits.getheader(paths[0]), overwrite=True)
    field = import_field("dark", [MosaicRequest(paths[0])], needs_wcs=False)
    with pytest.raises(BadInput, match="no row lies where the mosaics were exposed"):
        plan_of(field, tmp_path, [row_at(1, 30, 30)])


def test_a_second_import_waits_for_the_first(field, sky, imported_meanwhile):
    with pytest.raises(BadInput, match=r"Another import into field ngc1566 is at work \(a\.csv\)"):
        plan_catalogue(field, sky.catalogue, CatalogueOptions()).write()
    assert not field.candidates.exists()


@pytest.fixture
def imported_meanwhile(field):
    """An import by another host, whose claim is not in our folder."""
    return CatalogueImport.objects.create(
        field=field,
        file_name="a.csv",
        fingerprint="a",
        origin=1,
        rows=1,
        pack="a",
        finished_at=None,
    )


def test_progress_counts_the_stamps(sky, monkeypatch):
    monkeypatch.setattr("labeling.ingest.stamping.SHARD", 2)
    steps = []
    plan = plan_catalogue(sky.field(), sky.catalogue, CatalogueOptions())
    plan.write(lambda done, total, step: steps.append((step, done, total)))
    counts = [(done, total) for step, done, total in steps if step == "cutting stamps"]
    total = len(POSITIONS)
    assert counts == [*((done, total) for done in range(0, total, 2)), (total, total)]


def test_stamps_of_a_planned_field_are_quantised_like_those_of_a_stored_one(sky):
    field = sky.field()
    draft = draft_field("ngc1566", None)
    draft.pk = 0  # as that of a field that is new
    mosaics = draft.mosaic_by_band.values()
    plan = plan_catalogue(draft, sky.catalogue, CatalogueOptions(), mosaics=mosaics)
    record = replace(plan, field=field).write()
    assert open_pack(record.pack_path).quantised
