"""The pages of imports."""

from http import HTTPStatus

import pytest

from frontend.import_forms import ImportOptionsForm
from labeling.ingest.page_words import for_page
from labeling.models import ImportJob, ImportStage, RunStatus, Upload
from tests.labeling.world import vote

CONTENT = b"id,x,y\n1,10,20\n"
PREVIEW = {
    "columns": ["id", "x", "y", "class"],
    "recognised": {"id": "id", "x": "x", "y": "y"},
    "uses": {},
    "map": {"width": 100, "height": 200, "band": "V", "step": 1},
    "points": {"used": [[10.0, 20.0]], "set_aside": []},
    "stamps": [{"id": "<1>", "x": 11.0, "y": 21.0}],
    "catalogue": {
        "rows": 2,
        "candidates": 1,
        "set_aside": {"detected in 3 of 5 filters": 1},
        "references": {"LEGUS, mode": {"1": 1, "2": 0, "3": 0, "4": 0}},
        "bands": {"V": {"observed": 2, "detected": None}},
        "notes": ["Column ci: 1 cell is <empty>."],
        "preview": [
            {"catalogue_id": "<1>", "x_pix": 11.0, "references": {}, "kept": {}, "set_aside": ""}
        ],
    },
}


@pytest.fixture
def upload(people, settings):
    settings.DISK_RESERVE_BYTES = 0
    row = Upload.objects.begin(people["admin"], "table.csv", len(CONTENT))
    row.write_chunk(0, CONTENT)
    return row


@pytest.fixture
def job(people, upload):
    """An import with a preview."""
    job = ImportJob.objects.request(
        people["admin"], {"field": "ngc1"}, Upload.objects.filter(pk=upload.pk)
    )
    ImportJob.objects.filter(pk=job.pk).update(status=RunStatus.READY, preview=PREVIEW)
    job.refresh_from_db()
    return job


def posted(browse, address, **values):
    return browse("admin").post(address, values, follow=True)


def test_the_files_of_the_form_become_a_job(browse, upload):
    posted(browse, "/imports/new/", name="ngc7", galaxy="NGC 7", uploads=[upload.pk])
    job = ImportJob.objects.get()
    assert job.options == {"field": "ngc7", "galaxy": "NGC 7"}
    assert list(job.uploads.all()) == [upload]
    assert (job.stage, job.status) == (ImportStage.PREVIEW, RunStatus.QUEUED)


def test_a_file_is_taken_by_one_job_only(browse, upload):
    for name in ("ngc7", "ngc8"):
        posted(browse, "/imports/new/", name=name, uploads=[upload.pk])
    assert ImportJob.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": "ngc7"}, "Add the files"),
        ({"name": ""}, "Give the new field a name"),
        ({"name": "ngc1"}, "There is a field ngc1 already"),
        ({"name": "ngc7", "distance_mpc": "nan"}, "number"),
        ({"name": "../ngc7"}, "valid"),
    ],
)
def test_it_says_what_is_missing(browse, field, values, reason):
    assert reason in posted(browse, "/imports/new/", **values).content.decode()
    assert not ImportJob.objects.exists()


def test_a_file_that_has_not_arrived_is_refused(browse, people, settings):
    settings.DISK_RESERVE_BYTES = 0
    half = Upload.objects.begin(people["admin"], "half.fits", 100)
    response = posted(browse, "/imports/new/", name="ngc7", uploads=[half.pk])
    assert "half.fits has not arrived completely" in response.content.decode()


def test_the_preview_shows_counts_rows_and_the_map(browse, job):
    text = browse("admin").get(f"/imports/jobs/{job.pk}/").content.decode()
    assert "detected in 3 of 5 filters" in text
    assert "LEGUS, mode" in text
    assert "Column ci: 1 cell is &lt;empty&gt;." in text
    assert "&lt;1&gt;" in text
    assert "<1>" not in text
    # A ring of radius 2 about x = 10, and 20 px above the lower edge of 200.
    assert "M8 179a2 2" in text
    assert "Import 1 candidate<" in text


def test_the_page_says_how_long_the_step_still_takes(browse, job):
    report = {"step": "writing candidates", "complete": 250, "total": 1000, "seconds_left": 90.0}
    ImportJob.objects.filter(pk=job.pk).update(status=RunStatus.RUNNING, progress=report)
    text = browse("admin").get(f"/imports/jobs/{job.pk}/").content.decode()
    assert "Writing candidates (250 of 1,000), 90 s left" in text


def test_changed_columns_make_another_preview(browse, job, upload):
    values = {f"use_{upload.pk}": "catalogue", "origin": "0", "column_x": "class"}
    values |= {"reference_1": "class", "source_1": "people", "keep": ["class"], "frame": "fk5"}
    posted(browse, f"/imports/jobs/{job.pk}/preview/", **values)
    job.refresh_from_db()
    assert (job.stage, job.status, job.preview) == ("preview", "queued", {})
    catalogue = job.options["catalogue"]
    assert catalogue["origin"] == 0
    assert catalogue["table"]["columns"] == {"x": "class"}
    assert catalogue["table"]["references"] == {"people": "class"}
    assert catalogue["table"]["keep"] == ["class"]
    # The form shows what was entered.
    form = ImportOptionsForm(None, job=job)
    assert form.initial["column_x"] == form.initial["reference_1"] == "class"
    assert form.initial["frame"] == "fk5"


def test_a_column_that_the_file_lacks_is_refused(browse, job, upload):
    values = {f"use_{upload.pk}": "catalogue", "column_x": "nosuch"}
    response = posted(browse, f"/imports/jobs/{job.pk}/preview/", **values)
    assert "nosuch is not one of the available choices" in response.content.decode()
    job.refresh_from_db()
    assert job.awaits_confirmation


def test_it_is_confirmed_once(browse, job):
    for _ in range(2):
        posted(browse, f"/imports/jobs/{job.pk}/confirm/")
    job.refresh_from_db()
    assert (job.stage, job.status) == (ImportStage.IMPORT, RunStatus.QUEUED)


def test_an_unknown_verb_is_not_found(browse, job):
    address = f"/imports/jobs/{job.pk}/erase/"
    assert browse("admin").post(address).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name", ["map", "stamp-6", "secret"])
def test_there_are_no_other_pictures(browse, job, name):
    job.directory.mkdir(parents=True)
    (job.directory / "secret.png").write_bytes(b"x")
    address = f"/imports/jobs/{job.pk}/{name}.png"
    assert browse("admin").get(address).status_code == HTTPStatus.NOT_FOUND


def test_words_of_commands_are_those_of_the_page(job, upload):
    sentence = f"{upload.path}: has no column 'x'; name it with --column x=NAME."
    assert for_page(sentence, job) == "table.csv: has no column 'x'; choose it below."
    assert "“first pixel in x and y”" in for_page("is this the right --origin?", job)


def test_an_import_without_votes_is_removed_at_once(browse, field):
    record = field.imports.get()
    response = posted(browse, f"/imports/{record.pk}/removal/")
    assert "made.csv into ngc1 is removed" in response.content.decode()
    assert not field.candidates.exists()


def test_one_with_votes_needs_its_name(browse, people, candidate, settings, tmp_path):
    settings.ARCHIVE = tmp_path / "archive"
    vote(candidate, people["ada"])
    address = f"/imports/{candidate.catalogue_import_id}/removal/"
    assert "1 votes" in browse("admin").get(address).content.decode()
    refused = posted(browse, address, confirmation="other.csv")
    assert "confirm with the name of the file, made.csv" in refused.content.decode()
    assert candidate.field.candidates.exists()
    removed = posted(browse, address, confirmation="made.csv")
    assert "Its votes are in the archive" in removed.content.decode()
    assert not candidate.field.candidates.exists()
    assert list((tmp_path / "archive").glob("*/votes.csv"))


def test_the_list_shows_imports_and_what_waits(browse, field, job):
    text = browse("admin").get("/imports/").content.decode()
    assert "made.csv" in text
    assert "waits for you to confirm the preview" in text
