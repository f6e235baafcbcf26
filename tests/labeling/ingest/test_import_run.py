"""Importing another network's predictions: `import_run` and `manage.py import_run`."""

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.special import entr, softmax

from classifier.core.classes import PROBABILITY_COLUMNS
from labeling.ingest.probabilities import format_of, read_probabilities
from labeling.ingest.runs import import_run
from labeling.models import Prediction, RunStatus, TrainingRun
from labeling.rules.conflicts import JobConflict
from labeling.training.requests import repeat_run
from tests.labeling.networks import (
    answers,
    starcnet_line,
    write_scores,
    write_starcnet,
    write_table,
)
from tests.labeling.world import at_once, make_field, make_run, only_sample, promote, settle, vote

NAMES = [str(number) for number in range(1, 7)]
P = answers(6)


@pytest.fixture
def starcnet(tmp_path):
    return write_starcnet(tmp_path / "starcnet.tab", NAMES, P)


def probabilities_of(run):
    """Return the probabilities by catalogue id."""
    rows = run.predictions.values_list("candidate__catalogue_id", *PROBABILITY_COLUMNS)
    return {name: p for name, *p in rows}


def save(path, array):
    np.save(path, array)
    return path


FORMATS = {
    "text.tab": lambda path: write_starcnet(path, NAMES, P),
    "text.txt": lambda path: write_starcnet(path, NAMES, P),
    "scores.npy": lambda path: write_scores(path, P),
    "double.npy": lambda path: write_scores(path, P, ">f8"),
    "probabilities.npy": lambda path: save(path, P.astype(np.float32)),
    "rounded.npy": lambda path: save(path, P.round(7)),
    "logarithms.npy": lambda path: save(path, np.log(P)),
    "t.csv": lambda path: write_table(path, NAMES, P),
    "t.ecsv": lambda path: write_table(path, NAMES, P),
    "t.fits": lambda path: write_table(path, NAMES, P),
    "t.vot": lambda path: write_table(path, NAMES, P, format="votable"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_all_formats_give_the_same_predictions(field, admin, tmp_path, name):
    run, new = import_run(field, FORMATS[name](tmp_path / name), "StarcNet", admin)
    tolerance = 0.01 if name.startswith("text") else 1e-6
    assert new
    assert probabilities_of(run) == {
        k: pytest.approx(p, abs=tolerance) for k, p in zip(NAMES, P, strict=True)
    }
    for prediction in run.predictions.all():
        p = np.array(prediction.probabilities)
        assert p.sum() == pytest.approx(1)
        assert prediction.entropy == pytest.approx(entr(p).sum())
        assert prediction.label == 1 + p.argmax()


def test_the_run_is_ready_and_not_promoted(field, admin, starcnet):
    run, _ = import_run(field, starcnet, " StarcNet ", admin)
    run.refresh_from_db()
    assert (run.external, run.preset, run.label_source) == ("StarcNet", "", "")
    assert (run.status, run.requested_by) == (RunStatus.READY, admin)
    assert run.finished_at is not None
    assert list(run.fields.all()) == [field]
    expected = {
        "file": "starcnet.tab",
        "format": "starcnet",
        "rows": 6,
        "set_aside": 0,
        "silent": 0,
    }
    assert expected.items() <= run.outcome.items()
    field.refresh_from_db()
    assert field.promoted_run is None


def test_certainty_has_no_entropy(field, admin, tmp_path):
    path = write_starcnet(tmp_path / "s.tab", ["1"], np.array([[0, 0, 0, 1.0]]))
    run, _ = import_run(field, path, "StarcNet", admin)
    assert str(run.predictions.get().entropy) == "0.0"


def test_the_files_class_decides_between_equal_rounded_probabilities(field, admin, tmp_path):
    path = tmp_path / "s.tab"
    path.write_text(starcnet_line("3", [0.46, 0.0, 0.08, 0.46], label=4))
    run, _ = import_run(field, path, "StarcNet", admin)
    assert run.predictions.get().label == 4


def test_rounded_probabilities_are_normalised(field, admin, tmp_path):
    path = write_starcnet(tmp_path / "s.tab", ["2"], np.array([[0.53, 0.19, 0.02, 0.28]]))
    run, _ = import_run(field, path, "StarcNet", admin)
    assert probabilities_of(run)["2"] == pytest.approx(
        [0.53 / 1.02, 0.19 / 1.02, 0.02 / 1.02, 0.28 / 1.02]
    )


def test_candidates_set_aside_or_without_a_row_have_no_prediction(field, admin, tmp_path):
    field.candidates.filter(catalogue_id__in=["2", "3"]).update(set_aside="detected in 3 of 5")
    path = write_starcnet(tmp_path / "s.tab", NAMES[:4], P[:4])
    run, _ = import_run(field, path, "StarcNet", admin)
    assert set(probabilities_of(run)) == {"1", "4"}
    assert (run.outcome["set_aside"], run.outcome["silent"]) == (2, 2)


def test_scores_are_in_the_order_of_the_catalogue(field, admin, tmp_path):
    field.candidates.filter(catalogue_id="1").update(set_aside="detected in 3 of 5")
    run, _ = import_run(field, write_scores(tmp_path / "s.npy", P), "StarcNet", admin)
    assert probabilities_of(run) == {
        k: pytest.approx(p) for k, p in list(zip(NAMES, P, strict=True))[1:]
    }


def test_the_same_file_under_the_same_name_is_the_existing_run(field, admin, starcnet, tmp_path):
    first, _ = import_run(field, starcnet, "StarcNet", admin)
    copy = tmp_path / "renamed.tab"
    copy.write_bytes(starcnet.read_bytes())
    assert import_run(field, copy, "StarcNet", admin) == (first, False)
    assert Prediction.objects.count() == 6
    assert import_run(field, starcnet, "StarcNet 2", admin)[1]
    assert import_run(make_field("ngc2"), starcnet, "StarcNet", admin)[1]


@pytest.mark.parametrize(
    ("array", "content"),
    [
        (P, "probabilities"),
        (np.eye(4)[[0, 1, 2, 3, 0, 1]], "probabilities"),
        (np.log(P), "scores"),
        (1e300 * P, "scores"),
        # One row of these scores adds up to 1.
        (np.vstack([[[0.25] * 4], 5 * P[1:]]), "scores"),
    ],
)
def test_an_array_holds_probabilities_or_scores(field, admin, tmp_path, array, content):
    run, _ = import_run(field, save(tmp_path / "s.npy", array), "StarcNet", admin)
    assert run.outcome["content"] == content
    expected = array if content == "probabilities" else softmax(array, axis=1)
    assert list(probabilities_of(run).values()) == [pytest.approx(p) for p in expected]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_concurrent_imports_of_one_file_are_one_run(field, admin, starcnet):
    runs = at_once(4, lambda _: import_run(field, starcnet, "StarcNet", admin))
    assert sum(new for _, new in runs) == 1
    assert len({run.pk for run, _ in runs}) == TrainingRun.objects.count() == 1


def test_an_error_leaves_nothing(field, admin, starcnet, monkeypatch):
    def fail(_self):
        raise MemoryError

    monkeypatch.setattr(TrainingRun, "judge", fail)
    with pytest.raises(MemoryError):
        import_run(field, starcnet, "StarcNet", admin)
    assert not TrainingRun.objects.exists()
    assert not Prediction.objects.exists()


def test_a_promoted_import_orders_the_queue(field, admin, ada, starcnet, capsys):
    only_sample(field, control=False)
    vote(field.candidates.get(catalogue_id="2"), ada)
    run, _ = import_run(field, starcnet, "StarcNet", admin)
    call_command("audit")
    assert capsys.readouterr().out == "0 differences\n"
    run.promote(admin)
    order = field.candidates.in_queue_of(run, field).values_list("catalogue_id", flat=True)
    entropies = dict(run.predictions.values_list("candidate__catalogue_id", "entropy"))
    entropies["2"] = run.predictions.get(candidate__catalogue_id="2").priority
    assert list(order) == sorted(entropies, key=entropies.get, reverse=True)


@pytest.fixture
def labelled(ada, bea, cy):
    """Forty settled candidates of the control sample, of classes 1, 2, 3, 4, 1, 2 …"""
    field = only_sample(make_field("gated", 40), control=True)
    for number, candidate in enumerate(field.candidates.order_by("pk")):
        settle(candidate, (ada, bea, cy), 1 + number % 4)
    return field


def test_the_gate_judges_it_and_a_person_promotes_it(labelled, admin, tmp_path):
    promoted = promote(labelled, admin)
    p = answers(40, lambda k: 1 + k % 4)
    run, _ = import_run(labelled, write_scores(tmp_path / "good.npy", p), "Good", admin)
    assert (run.status, run.verdict["of"], run.accuracy["value"]) == (RunStatus.READY, 40, 1)
    run.promote(admin)
    labelled.refresh_from_db()
    assert (run.status, labelled.promoted_run) == (RunStatus.PROMOTED, run)
    run.roll_back()
    labelled.refresh_from_db()
    assert labelled.promoted_run == promoted


def test_random_predictions_are_refused(labelled, admin, tmp_path):
    path = write_scores(tmp_path / "bad.npy", answers(40, lambda k: 1 + k % 3))
    run, _ = import_run(labelled, path, "Bad", admin)
    assert run.status == RunStatus.REFUSED
    assert "chance" in run.verdict["reasons"][0]


def test_it_cannot_be_repeated(field, admin, starcnet):
    run, _ = import_run(field, starcnet, "StarcNet", admin)
    with pytest.raises(JobConflict, match="was imported and cannot be trained here"):
        repeat_run(run, admin)
    assert TrainingRun.objects.count() == 1


def test_a_run_of_ours_has_the_accuracy_of_its_evaluation(field, admin):
    run = make_run(field, admin)
    assert run.accuracy == {}
    run.outcome = {"evaluation": {"accuracy": {"value": 0.5}}}
    assert run.accuracy == {"value": 0.5}


def test_the_command_reports_the_import(field, admin, tmp_path, capsys):
    field.candidates.filter(catalogue_id="2").update(set_aside="detected in 3 of 5")
    path = write_starcnet(tmp_path / "s.tab", NAMES[:5], P[:5])
    command = ("import_run", "ngc1", str(path), "--name", "StarcNet")
    call_command(*command)
    run = TrainingRun.objects.get()
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == f"Run {run.pk} is StarcNet, from s.tab: 5 rows read, 4 predictions."
    assert rest[0] == "  1 row skipped: of candidates that are set aside"
    assert rest[1] == "  1 candidate has no row, and no prediction"
    assert rest[2] == "  Its numbers are probabilities"
    call_command(*command)
    unchanged = f"s.tab is in ngc1 already, as StarcNet in run {run.pk}; nothing has changed.\n"
    assert capsys.readouterr().out == unchanged
    assert run.requested_by == admin


def test_the_command_reports_why_the_gate_refuses(labelled, admin, tmp_path, capsys):
    path = write_scores(tmp_path / "bad.npy", answers(40, lambda k: 1 + k % 3))
    call_command("import_run", "gated", str(path), "--name", "Bad", "--by", "admin")
    assert "  The gate refuses it: Its answers could be chance" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere", "s.tab", "--name", "A"], "no field nowhere"),
        (["ngc1", "nowhere.tab", "--name", "A"], r"nowhere\.tab: there is no such file"),
        (["ngc1", "s.tab"], "--name"),
        (["ngc1", "s.tab", "--name", "A", "--format", "excel"], "excel"),
        (["ngc1", "s.tab", "--name", "A", "--by", "ada"], "no administrator ada"),
    ],
)
def test_the_command_reports_errors(field, admin, ada, starcnet, args, message):
    with pytest.raises(CommandError, match=message):
        call_command("import_run", *args)
    assert not TrainingRun.objects.exists()


def test_an_import_needs_an_administrator(field, ada, starcnet):
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("import_run", "ngc1", str(starcnet), "--name", "StarcNet")


def test_a_requested_format_is_used(tmp_path):
    path = write_starcnet(tmp_path / "s.dat", NAMES, P)
    assert format_of(path) == "starcnet"
    assert read_probabilities(path, "starcnet").ids == NAMES
