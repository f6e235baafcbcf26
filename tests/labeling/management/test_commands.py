"""manage.py export_catalogue, train, predict and detect."""

import csv
import io

import pytest
from astropy.table import Table
from django.core.management import CommandError, call_command

from labeling.models import Application, ReferenceLabel, TrainingRun
from tests.labeling.world import make_field, make_run, settle


@pytest.fixture
def trainable(field):
    field.candidates.update(control=False)
    for k, candidate in enumerate(field.candidates.all()):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=1 + k % 2)
    return field


@pytest.mark.parametrize(
    ("ending", "fmt"), [("csv", "ascii.csv"), ("ecsv", None), ("fits", None), ("vot", "votable")]
)
def test_it_exports_in_the_format_of_the_file_name(field, tmp_path, ending, fmt, capsys):
    path = tmp_path / "out" / f"catalogue.{ending}"
    path.parent.mkdir()
    call_command("export_catalogue", str(path))
    assert len(Table.read(path, format=fmt)) == 6
    assert capsys.readouterr().out == f"6 candidates in {path}.\n"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_it_exports_one_field_to_standard_output(field, ada, bea, cy, capsys):
    make_field("ngc2")
    settle(field.candidates.first(), [ada, bea, cy], 3)
    call_command("export_catalogue", "-", "--field", "ngc1")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 6
    assert rows[0]["class_consensus"] == "3"


@pytest.mark.parametrize("name", ["a.xlsx", "a", "nowhere/a.csv"])
def test_it_refuses_to_export_with_a_reason(field, tmp_path, name):
    with pytest.raises(CommandError, match=name):
        call_command("export_catalogue", str(tmp_path / name))
    assert list(tmp_path.glob("a*")) == []


def test_a_failed_export_leaves_the_older_file(field, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("precious")
    with pytest.raises(CommandError, match="no field nowhere"):
        call_command("export_catalogue", str(path), "--field", "nowhere")
    assert path.read_text() == "precious"


def test_it_queues_a_run(trainable, admin, capsys):
    call_command("train", "--labels", "LEGUS", "--members", "2", "--batches", "7")
    run = TrainingRun.objects.get()
    assert (run.requested_by, run.overrides) == (admin, {"members": 2, "batches": 7})
    sentence = f"Run {run.pk} is queued: 6 labels to train on, 0 to measure on.\n"
    assert capsys.readouterr().out == sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--field", "nowhere"], "no field nowhere"),
        (["--labels", "nobody"], "No reference label comes from 'nobody'"),
        ([], "at least two classes"),
        (["--labels", "LEGUS", "--by", "ada"], "no administrator"),
        (["--labels", "LEGUS", "--members", "0"], "members"),
        (["--labels", "LEGUS", "--batches", "-5"], "batches"),
        (["--preset", "slow"], "slow"),
    ],
)
def test_it_refuses_to_train_with_a_reason(trainable, admin, ada, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("train", *options)
    assert not TrainingRun.objects.exists()


def test_it_refuses_to_train_without_an_administrator(trainable, ada):
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("train", "--labels", "LEGUS")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["nowhere", "a.csv"], "no field nowhere"),
        (["ngc1566", "a.csv", "--band", "X"], "X"),
        (["ngc1566", "a.txt"], "ending must be"),
        (["ngc1566", "nowhere/a.csv"], "nowhere/a.csv"),
    ],
)
def test_it_refuses_to_detect_with_a_reason(imported, args, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("detect", *args)


@pytest.fixture
def run(field, admin):
    return make_run(field, admin)


def test_it_queues_a_prediction(run, admin, capsys):
    make_field("ngc2")
    call_command("predict", "ngc2", "--run", str(run.pk))
    application = Application.objects.get()
    assert (application.run, application.field.name) == (run, "ngc2")
    assert application.requested_by == admin
    assert capsys.readouterr().out == (
        f"Application {application.pk} is queued: 6 candidates of ngc2 to predict by run {run.pk}."
        "\n"
    )


def test_a_predicted_field_stays_as_it_is(field, admin, capsys):
    run = make_run(field, admin, {candidate.pk: 0.5 for candidate in field.candidates.all()})
    call_command("predict", "ngc1", "--run", str(run.pk))
    out = capsys.readouterr().out
    assert out == f"Run {run.pk} has predicted all of ngc1. Nothing has changed.\n"
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("field_name", "status", "number", "sentence"),
    [
        ("nowhere", "ready", None, "no field nowhere"),
        ("ngc1", "ready", 999, "no run 999"),
        ("ngc1", "running", None, "only a finished run predicts"),
    ],
)
def test_it_refuses_to_predict_with_a_reason(run, field_name, status, number, sentence):
    TrainingRun.objects.update(status=status)
    with pytest.raises(CommandError, match=sentence):
        call_command("predict", field_name, "--run", str(number or run.pk))
