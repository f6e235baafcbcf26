"""Pages whose files on disk are damaged or missing: they go on, and tell administrators which."""

import re
from http import HTTPStatus

import pytest
from django.utils.html import escape

from labeling.models import RunStatus, TrainingRun
from labeling.training.requests import request_experiment, request_run
from tests.labeling.world import only_sample, settle

pytestmark = pytest.mark.beside("sqlite")


@pytest.fixture
def run(field, people):
    """The first run of a field of which four candidates are settled."""
    only_sample(field, control=False)
    voters = [people[name] for name in ("ada", "bea", "cy")]
    for number, candidate in enumerate(field.candidates.all()[:4]):
        settle(candidate, voters, 1 + number % 2)
    run = request_run(people["admin"], "quick", fields=[field])
    TrainingRun.objects.update(status=RunStatus.READY)
    run.refresh_from_db()
    return run


def bad_cell(path):
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = re.sub(r",train,\d,", ",train,x,", lines[2])
    path.write_text("".join(lines))


def not_text(path):
    path.write_bytes(b"\xff\xfe" + path.read_bytes())


def endless_cell(path):
    path.write_text(path.read_text() + '1,"' + "x" * 200_000)


def another_label(path):
    path.write_text(path.read_text().replace(",train,1,", ",train,3,"))


def folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = [
    (bad_cell, ", line 3: label 'x' must be a whole number"),
    (not_text, " is not text in UTF-8"),
    (endless_cell, ", line 8: field larger than field limit (131072)."),
    (another_label, " was changed after it was written"),
    (folder, " cannot be read: Is a directory"),
    (lambda path: path.unlink(), " is missing"),
]
NAMES = ["a bad cell", "not text", "an endless cell", "another label", "a folder", "missing"]
damages = pytest.mark.parametrize(("damage", "reason"), DAMAGES, ids=NAMES)


@damages
@pytest.mark.parametrize("page", ["/", "/runs/{}/"])
def test_a_damaged_training_set_is_named_to_administrators(browse, run, page, damage, reason):
    damage(run.manifest_path)
    shown = browse("admin").get(page.format(run.pk))
    assert shown.status_code == HTTPStatus.OK
    assert escape(f"{run.manifest_path}{reason}") in shown.content.decode()
    others = browse("ada").get(page.format(run.pk))
    assert others.status_code == HTTPStatus.OK
    assert str(run.directory) not in others.content.decode()


@pytest.mark.parametrize("page", ["/", "/runs/{}/"])
def test_whole_files_are_no_notice(browse, run, page):
    (run.directory / "config.json").write_text('{"config": {"seed": 1}}')
    assert "damaged" not in browse("admin").get(page.format(run.pk)).content.decode()


@damages
def test_a_field_is_trained_again_after_damage(browse, run, field, damage, reason):
    damage(run.manifest_path)
    browse("admin").post("/", {"field": field.name})
    again = TrainingRun.objects.exclude(pk=run.pk).get()
    assert again.label_counts == run.label_counts
    assert "damaged" not in browse("admin").get("/").content.decode()


@damages
def test_a_damaged_training_set_does_not_stop_a_promotion(browse, run, damage, reason):
    damage(run.manifest_path)
    answer = browse("admin").post(f"/runs/{run.pk}/promote/", {"reason": "tried"}, follow=True)
    assert answer.status_code == HTTPStatus.OK
    run.refresh_from_db()
    assert run.status == RunStatus.PROMOTED
    assert escape(f"{run.manifest_path}{reason}") in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", " cannot be read: Expecting property name"),
        ("[]", " is not the configuration of a run."),
        ("{}", " is not the configuration of a run."),
        ('{"config": 3}', " is not the configuration of a run."),
        ('{"config": {"seed": 1}, "versions": []}', " is not the configuration of a run."),
        (b"\xff", " cannot be read: "),
    ],
)
def test_a_damaged_configuration_is_named_to_administrators(browse, run, content, reason):
    path = run.directory / "config.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    shown = browse("admin").get(f"/runs/{run.pk}/")
    assert shown.status_code == HTTPStatus.OK
    assert escape(f"{path}{reason}") in shown.content.decode()
    others = browse("ada").get(f"/runs/{run.pk}/")
    assert others.status_code == HTTPStatus.OK
    assert str(path) not in others.content.decode()
    assert browse("ada").get(f"/api/v1/runs/{run.pk}/").json()["made_with"] == {}


@damages
def test_a_damaged_training_set_is_not_downloaded(browse, run, people, damage, reason):
    experiment = request_experiment(people["admin"], "crop-size", "quick", fields=run.fields.all())
    experiment_file = experiment.training_set_path("votes")
    for path in (run.manifest_path, experiment_file):
        damage(path)
    missing = not run.manifest_path.exists()
    expected = HTTPStatus.NOT_FOUND if missing else HTTPStatus.SERVICE_UNAVAILABLE
    for address in (
        f"/runs/{run.pk}/training-set.csv",
        f"/experiments/{experiment.pk}/training-sets/votes.csv",
    ):
        answer = browse("cur").get(address)
        assert answer.status_code == expected
        assert missing or "is damaged on the server" in answer.content.decode()
    for page in (f"/experiments/{experiment.pk}/", "/experiments/", "/runs/"):
        assert browse("admin").get(page).status_code == HTTPStatus.OK


def test_a_figure_that_cannot_be_read_is_no_error_of_the_server(browse, run):
    TrainingRun.objects.update(outcome={"figures": ["seen"]})
    (run.figures_directory / "seen.svg").mkdir(parents=True)
    answer = browse("ada").get(f"/runs/{run.pk}/figures/seen.svg")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    run.figures_directory.joinpath("seen.svg").rmdir()
    run.figures_directory.rmdir()
    run.figures_directory.write_text("")
    answer = browse("ada").get(f"/runs/{run.pk}/figures/seen.svg")
    assert answer.status_code == HTTPStatus.NOT_FOUND
