"""manage.py build_field: a field with candidates from mosaics alone, all or nothing."""

import re

import pytest
from astropy.io import fits
from astropy.table import Table
from django.core.management import CommandError, call_command

from labeling.ingest import field_building
from labeling.ingest.errors import BadInput
from labeling.models import Candidate, CatalogueImport, Field, Mosaic
from labeling.simulation import simulate_field

pytestmark = pytest.mark.beside("sqlite")


@pytest.fixture(scope="module")
def mosaics(tmp_path_factory):
    """Options that name the five mosaics of a simulated field."""
    paths = simulate_field(7, (600, 600), candidates=100).write(tmp_path_factory.mktemp("sim"))
    return [text for name in ("NUV", "U", "B", "V", "I") for text in ("--mosaic", str(paths[name]))]


@pytest.fixture
def home(tmp_path, settings):
    """An empty ASTERISM_HOME."""
    folder = tmp_path / "asterism"
    folder.mkdir()
    settings.HOME, settings.PACKS = folder, folder / "packs"
    return folder


def build(mosaics, *options):
    call_command("build_field", "sim", *mosaics, "--distance", "13", *options)


def test_mosaics_become_a_field_with_candidates(db, home, mosaics, capsys):
    build(mosaics)
    output = capsys.readouterr().out
    table = Table.read(home / "catalogues" / "sim.ecsv")
    assert f"{len(table)} candidates in field sim" in output
    assert output.count(" removed, ") == 3
    candidates = Candidate.objects.in_play()
    assert candidates.count() == len(table) > 40
    first = candidates.get(catalogue_id="1")
    assert (first.x + 1, first.y + 1) == pytest.approx((table["x"][0], table["y"][0]))
    assert (first.mag_v, first.ci) == pytest.approx((table["mag_F555W"][0], table["ci"][0]))
    assert (home / "catalogues" / "sim" / "concentration.svg").exists()


def test_a_dry_run_shows_the_candidates_and_writes_nothing(db, home, mosaics, capsys):
    build(mosaics, "--dry-run")
    output = capsys.readouterr().out
    assert "A dry run: nothing is written." in output
    assert output.count(" removed, ") == 3
    assert "mag_F555W" in output
    assert re.search(r"(\d+) rows read, \1 candidates with stamps", output)
    assert "Rows by bands detected: 5 bands: " in output
    assert not Field.objects.exists()
    assert list(home.rglob("*")) == []


def test_a_dry_run_shows_what_the_band_rule_leaves(db, home, mosaics, capsys):
    with pytest.raises(CommandError, match="give --min-observed 4"):
        build(mosaics[:8], "--dry-run", "--min-observed", "5")
    build(mosaics, "--dry-run", "--min-observed", "5")
    assert "Put to the vote if observed in 5 and detected in 4 bands" in capsys.readouterr().out


def test_the_band_rule_is_stored_with_the_field(db, home, mosaics):
    build(mosaics, "--min-observed", "5")
    assert (Field.objects.get().min_observed, Field.objects.get().min_detected) == (5, 4)


def test_mosaics_that_must_be_resampled_are_refused(db, home, mosaics, tmp_path):
    shifted = tmp_path / "shifted.fits"
    with fits.open(mosaics[3]) as file:
        file[0].header["CRPIX1"] += 0.5
        file.writeto(shifted)
    with pytest.raises(CommandError, match="run import_field sim with --align, then build_field"):
        build([*mosaics[:2], *mosaics[4:], "--mosaic", str(shifted)], "--align", "--dry-run")


def test_the_same_again_changes_nothing(db, home, mosaics):
    build(mosaics)
    rows = list(Candidate.objects.values_list("pk", "mag_v"))
    build(mosaics)
    assert list(Candidate.objects.values_list("pk", "mag_v")) == rows
    assert CatalogueImport.objects.count() == 1


@pytest.mark.parametrize("error", [BadInput("the catalogue is wrong"), OSError(28, "No space")])
def test_a_new_field_is_removed_if_its_candidates_cannot_be_imported(
    db, home, mosaics, monkeypatch, error
):
    def fail(*_args, **_keywords):
        raise error

    monkeypatch.setattr(field_building, "import_catalogue", fail)
    with pytest.raises(CommandError):
        build(mosaics)
    assert not Field.objects.exists()
    assert not Mosaic.objects.exists()
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_failure_leaves_an_existing_field(db, home, mosaics, monkeypatch):
    call_command("import_field", "sim", *mosaics)
    monkeypatch.setattr(field_building, "import_catalogue", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(mosaics)
    assert Mosaic.objects.filter(field__name="sim").count() == 5


def test_a_second_build_leaves_the_catalogue_of_the_first(db, home, mosaics):
    build(mosaics)
    catalogue = home / "catalogues" / "sim.ecsv"
    first = catalogue.read_bytes()
    with pytest.raises(CommandError, match="has a candidate 1 already"):
        build(mosaics, "--sigma", "7")
    assert catalogue.read_bytes() == first
    assert CatalogueImport.objects.count() == 1


def test_a_field_that_was_made_meanwhile_stays(db, home, mosaics, monkeypatch):
    plan = field_building.FieldBuild.plan

    def make_field(*arguments):
        Field.objects.create(name="sim", galaxy="another")
        return plan(*arguments)

    monkeypatch.setattr(field_building.FieldBuild, "plan", make_field)
    with pytest.raises(CommandError, match="was made meanwhile"):
        build(mosaics)
    assert Field.objects.get().galaxy == "another"


def test_a_field_of_three_bands_needs_the_rule_for_three(db, home, mosaics):
    with pytest.raises(CommandError, match="give --min-detected 3"):
        build(mosaics[:6])
    build(mosaics[:6], "--min-detected", "3", "--min-observed", "3", "--faintest", "none")
    assert Candidate.objects.in_play().count() > 10


def test_it_rejects_cuts_that_leave_nothing(db, home, mosaics):
    with pytest.raises(CommandError, match="No candidates are left of"):
        build(mosaics, "--faintest=-30")
    assert not Field.objects.exists()


def test_without_a_distance_the_cut_in_luminosity_is_left_out(db, home, mosaics, capsys):
    call_command("build_field", "sim", *mosaics)
    assert "No cut in M_V was made: the distance is unknown" in capsys.readouterr().out
    with pytest.raises(CommandError, match="A cut in M_V cannot be made"):
        call_command("build_field", "sim2", *mosaics, "--faintest=-6")
