"""An import is taken back: `remove_import`, `manage.py remove_import`, `imports`, and the admin."""

import csv

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from labeling.ingest.pack_claims import remove_abandoned_imports, remove_claimed
from labeling.ingest.removal import NotConfirmed, remove_import
from labeling.models import (
    Adjudication,
    Application,
    Candidate,
    CatalogueImport,
    Comment,
    Lease,
    Prediction,
    ReferenceLabel,
    Vote,
)
from labeling.rules.conflicts import JobConflict
from tests.labeling.skies import POSITIONS
from tests.labeling.world import lease_next, make_run, running_run, vote

NAME = "catalogue.csv"


@pytest.fixture
def record(imported):
    return imported.imports.get()


@pytest.fixture
def candidate(imported):
    return imported.candidates.get(catalogue_id="1")


def is_gone(settings):
    rows = Candidate.with_unfinished, CatalogueImport.objects, ReferenceLabel._base_manager
    return not any(r.exists() for r in rows) and not any(settings.PACKS.iterdir())


def test_without_votes_it_is_removed_at_once(record, admin, settings):
    assert remove_import(record, removed_by=admin) is None
    assert is_gone(settings)


def test_the_files_of_a_stopped_application_go_with_it(record, imported, field, admin):
    application = Application.objects.request(make_run(field, admin), imported, admin)
    application.directory.mkdir(parents=True)
    application.cancel()
    remove_import(record)
    assert not application.directory.exists()


def test_the_same_catalogue_can_be_imported_again(record, imported, sky, settings):
    remove_import(record)
    call_command("import_catalogue", "ngc1566", str(sky.catalogue))
    assert imported.candidates.count() == len(POSITIONS)


def test_leases_and_predictions_go_with_it(record, imported, admin, ada, settings):
    make_run(imported, admin, dict.fromkeys(imported.candidates.values_list("pk", flat=True), 0.5))
    lease_next(imported, ada, 3)
    remove_import(record)
    assert is_gone(settings)
    assert not Prediction.objects.exists()
    assert not Lease.objects.exists()


def test_with_votes_the_name_must_be_typed(record, candidate, ada, settings):
    vote(candidate, ada)
    for confirmation in ("", "other.csv"):
        with pytest.raises(NotConfirmed, match=r"1 votes on .* confirm .* catalogue\.csv"):
            remove_import(record, confirmation=confirmation)
    assert Vote.objects.count() == 1
    assert imported_again(record)


def imported_again(record):
    record.refresh_from_db()
    return record.finished_at is not None and record.pack_path.exists()


def test_votes_rulings_and_comments_are_archived(record, candidate, ada, cur, admin, settings):
    cast = vote(candidate, ada, 3, comment="=1+1")
    candidate.adjudicate(cur, 2, "clear").withdraw(admin)
    candidate.add_comment(ada, "really?")
    archive = remove_import(record, removed_by=admin, confirmation=NAME)
    assert is_gone(settings)
    assert not any(m.objects.exists() for m in (Vote, Adjudication, Comment))
    (row,) = csv.DictReader((archive / "votes.csv").open())
    assert (row["vote"], row["voter"], row["catalogue_id"]) == (str(cast.pk), "ada", "1")
    assert (row["label"], row["comment"]) == ("3", "'=1+1")
    (ruling,) = csv.DictReader((archive / "rulings.csv").open())
    assert (ruling["curator"], ruling["label"], ruling["reason"]) == ("cur", "2", "clear")
    assert (ruling["withdrawn_by"], bool(ruling["withdrawn_at"])) == ("admin", True)
    (comment,) = csv.DictReader((archive / "comments.csv").open())
    assert (comment["author"], comment["text"]) == ("ada", "really?")
    assert archive.parent == settings.ARCHIVE
    assert '"removed_by": "admin"' in (archive / "import.json").read_text()


def test_retracted_votes_are_archived_too(record, candidate, ada):
    vote(candidate, ada).retract()
    with pytest.raises(NotConfirmed):
        remove_import(record)
    archive = remove_import(record, confirmation=NAME)
    assert len((archive / "votes.csv").read_text().splitlines()) == 2


def test_votes_on_other_imports_stay(record, imported, candidate, ada, sky, tmp_path):
    other = tmp_path / "more.csv"
    other.write_text("id,x,y\n77,120.5,99\n")
    call_command("import_catalogue", "ngc1566", str(other))
    kept = vote(imported.candidates.get(catalogue_id="77"), ada)
    vote(candidate, ada)
    remove_import(record, confirmation=NAME)
    assert Vote.objects.get() == kept
    assert imported.candidates.get().catalogue_id == "77"
    call_command("audit")


def test_it_waits_for_a_training(record, imported, admin):
    running_run(imported, admin)
    with pytest.raises(JobConflict, match="uses the candidates of field ngc1566"):
        remove_import(record)
    assert imported_again(record)


def log_in(admin):
    """Return a client for pages and the admin."""
    admin.is_staff = True
    admin.save()
    client = Client()
    client.force_login(admin)
    return client


def test_of_two_administrators_at_once_one_gets_a_sentence(record, admin, settings):
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    client = log_in(admin)
    sentence = "into ngc1566 is just being written or removed by somebody else."
    body = {"action": "remove", "_selected_action": [record.pk], "confirmation": ""}
    with remove_claimed(record.pack):
        page = client.post(f"/imports/{record.pk}/removal/", {"confirmation": ""}, follow=True)
        assert sentence in page.content.decode()
        url = "/admin/labeling/catalogueimport/"
        page = client.post(url, body, follow=True)
        assert sentence in page.content.decode()
        with pytest.raises(CommandError, match="just being written or removed"):
            call_command("remove_import", str(record.pk))
    assert imported_again(record)


def test_whoever_comes_second_is_told(record, admin):
    other = CatalogueImport.objects.get()
    remove_import(record)
    with pytest.raises(JobConflict, match="has been removed by somebody else already"):
        remove_import(other)


@pytest.mark.django_db(transaction=True)
def test_a_removal_that_was_killed_is_completed(imported, settings, monkeypatch):
    record = imported.imports.get()
    monkeypatch.setattr("labeling.ingest.pack_claims._settle", lambda _pack: [])
    remove_import(record)
    monkeypatch.undo()
    assert not imported.candidates.exists()
    assert Candidate.with_unfinished.exists()
    assert remove_abandoned_imports() == [NAME]
    assert is_gone(settings)


def test_the_archive_is_written_before_anything_goes(record, candidate, ada, monkeypatch):
    vote(candidate, ada)

    def fail(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("labeling.ingest.removal._write_csv", fail)
    with pytest.raises(OSError, match="No space"):
        remove_import(record, confirmation=NAME)
    assert Vote.objects.count() == 1
    assert imported_again(record)


def test_commands_list_and_remove(record, candidate, ada, capsys, settings):
    vote(candidate, ada)
    call_command("imports")
    assert f"{record.pk}: {NAME} into ngc1566" in (line := capsys.readouterr().out)
    assert "6 rows, 6 candidates, 1 votes" in line
    with pytest.raises(CommandError, match=r"--confirm catalogue\.csv"):
        call_command("remove_import", str(record.pk))
    call_command("remove_import", str(record.pk), "--confirm", NAME)
    assert str(settings.ARCHIVE) in capsys.readouterr().out
    with pytest.raises(CommandError, match="no import"):
        call_command("remove_import", str(record.pk))


@pytest.mark.parametrize(("confirmation", "removed"), [("", False), (NAME, True)])
def test_administrators_remove_on_the_admin_page(
    record, candidate, ada, admin, confirmation, removed
):
    vote(candidate, ada)
    body = {"action": "remove", "_selected_action": [record.pk], "confirmation": confirmation}
    log_in(admin).post("/admin/labeling/catalogueimport/", body)
    assert CatalogueImport.objects.exists() != removed


def test_audit_reports_what_belongs_to_nothing(imported, admin, settings, capsys):
    run = make_run(imported, admin, {imported.candidates.first().pk: 0.5})
    run.predictions.update(candidate_id=10**6)
    (settings.PACKS / "orphan.zarr").mkdir()
    with pytest.raises(SystemExit):
        call_command("audit")
    output = capsys.readouterr().out
    assert "1 prediction is of candidates that do not exist" in output
    assert "orphan.zarr belongs to no import" in output


def test_stamps_of_other_imports_stay_readable(record, imported, tmp_path):
    other = tmp_path / "more.csv"
    other.write_text("id,x,y\n77,120.5,99\n")
    call_command("import_catalogue", "ngc1566", str(other))
    remove_import(record)
    candidate = imported.candidates.get()
    assert np.isfinite(candidate.x)
    assert candidate.pack_path.exists()
