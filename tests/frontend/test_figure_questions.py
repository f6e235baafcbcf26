"""Pages say which question an accuracy answers, and show it by shared sky and by property."""

import numpy as np
import pytest

from classifier.evaluation.metrics import evaluate
from classifier.evaluation.properties import accuracy_by_property
from classifier.evaluation.shared_sky import SharedSky
from labeling.models import Application, Experiment, Prediction, TrainingRun
from labeling.rules.figure_question import FieldSplit
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_of
from tests.classifier.evaluation.test_properties import world
from tests.labeling.world import arrays_of, make_field, promote


def outcome_with(**parts):
    """The outcome of a run that is right on three of four candidates."""
    evaluation = evaluate(predictions_of([1, 1, 3, 4]), manifest_of([1, 2, 3, 4]))
    return {"evaluation": evaluation.to_dict(), "members": 1, **parts}


@pytest.fixture
def run(field, people):
    """The promoted run of a field, which had labels there."""
    promote(field, people["admin"])
    TrainingRun.objects.update(outcome=outcome_with(), basis={"trained_fields": [field.name]})
    return TrainingRun.objects.get()


def page(browse, address):
    return " ".join(browse("ada").get(address).content.decode().split())


@pytest.mark.parametrize("address", ["/", "/runs/", "/runs/1/"])
def test_each_page_says_what_the_accuracy_is_about(browse, run, address):
    address = address.replace("1", str(run.pk))
    assert "the rest of this field" in page(browse, address).lower()
    run.fields.update(split=FieldSplit.CELLS)
    assert "new sky of this field" in page(browse, address).lower()


def test_a_field_that_a_run_was_only_applied_to_has_its_own_accuracy(browse, run, people):
    elsewhere = make_field("elsewhere")
    new = {"right": 22, "of": 36, "value": 0.61, "low": 0.45, "high": 0.75}
    application = Application.objects.request(run, elsewhere, people["admin"])
    shares = [{"name": "all classes", "new": new}]
    Application.objects.filter(pk=application.pk).update(verdict={"shares": shares})
    elsewhere.promoted_run = run
    elsewhere.save()
    text = page(browse, "/")
    assert "accuracy 30 % – 95 % on the rest of this field" in text
    assert "accuracy 45 % – 75 % on another field, whose overlap with the training is not" in text
    overlap = {"near": 3, "unknown": 0, "of": 36, "width_px": 50}
    Application.objects.update(verdict={"shares": shares, "training_overlap": overlap})
    assert "75 % on new sky, except that 3 of 36 candidates share sky" in page(browse, "/")
    assert f"applied:</span> {elsewhere.name}" in page(browse, "/runs/")
    Application.objects.update(verdict={})
    assert "another field" not in page(browse, "/")


def test_the_histogram_of_a_run_is_of_its_own_fields(browse, run):
    assert "No predictions." in page(browse, f"/runs/{run.pk}/")
    elsewhere = list(make_field("elsewhere").candidates.values_list("pk", flat=True))
    predictions = arrays_of(elsewhere, [[0.25] * 4] * len(elsewhere))
    Prediction.objects.write(run.pk, predictions, [])
    assert run.predictions.count() == len(elsewhere)
    assert "No predictions." in page(browse, f"/runs/{run.pk}/")


def test_the_accuracy_of_several_fields_is_said_to_be_that(browse, run):
    run.fields.add(make_field("elsewhere"))
    assert "the rest of this field (all fields of the run)" in page(browse, "/")


def test_fields_without_training_labels_are_named(browse, run, people):
    run.fields.add(make_field("elsewhere"))
    text = page(browse, f"/runs/{run.pk}/")
    assert "is not known</b> (elsewhere)" in text
    overlap = {"near": 0, "unknown": 0, "of": 40, "width_px": 50}
    TrainingRun.objects.update(outcome=outcome_with(training_overlap={"elsewhere": overlap}))
    text = page(browse, f"/runs/{run.pk}/")
    assert "New sky</b> (elsewhere)" in text
    assert "No candidate of this field was trained on" in text


@pytest.mark.parametrize("address", ["/runs/", "/runs/1/"])
def test_sky_that_is_shared_with_the_training_is_not_called_new(browse, run, address):
    overlap = {"near": 3, "unknown": 0, "of": 40, "width_px": 50}
    run.fields.add(make_field("elsewhere"))
    TrainingRun.objects.update(outcome=outcome_with(training_overlap={"elsewhere": overlap}))
    text = page(browse, address.replace("1", str(run.pk)))
    assert "ew sky, except that 3 of 40 candidates share sky with training labels" in text


def test_imported_runs_are_not_known(browse, run):
    TrainingRun.objects.update(external="StarcNet")
    assert "the control candidates may be among them" in page(browse, f"/runs/{run.pk}/")


def test_the_api_has_the_questions(browse, run, field):
    (answer,) = browse("ada").get("/api/v1/runs/").json()["results"]
    assert answer["questions"] == {field.name: "rest of the field"}


@pytest.mark.parametrize(
    ("kind", "words"), [("fields", "new sky, except that 3 of 40"), ("labels", "the rest of")]
)
def test_experiments_say_it_too(browse, run, people, kind, words):
    overlap = {"near": 3, "unknown": 0, "of": 40, "width_px": 50}
    report = {"arms": [], "seconds": 1.0, "training_overlap": {run.fields.get().name: overlap}}
    experiment = Experiment.objects.create(
        requested_by=people["admin"],
        kind=kind,
        preset="quick",
        arms=0,
        status="ready",
        report=report,
    )
    experiment.fields.set(run.fields.all())
    assert next(scope.label for scope in experiment.scopes).startswith(words)


def test_a_run_shows_its_accuracy_apart_from_the_training(browse, run):
    right = np.array([True, True, False, True])
    apart = np.array([True, True, False, False])
    sky = SharedSky.measure(right, apart, np.ones(4, bool), 50)
    TrainingRun.objects.update(outcome=outcome_with(shared_sky=sky.to_dict()))
    text = page(browse, f"/runs/{run.pk}/")
    assert "50 % of the control candidates have a training label within 50 px" in text
    assert 'no training label within 50 px</th><td class="number">2</td>' in text
    assert "position not known" not in text


def test_a_run_on_new_sky_shares_none(browse, run):
    right = np.array([True, True, False, True])
    sky = SharedSky.measure(right, np.ones(4, bool), np.ones(4, bool), 32)
    TrainingRun.objects.update(outcome=outcome_with(shared_sky=sky.to_dict()))
    text = page(browse, f"/runs/{run.pk}/")
    assert "No control candidate has a training label within 32 px" in text
    assert "Rotated or larger views in training can still share pixels" in text
    assert "The difference of" not in text


def test_a_run_shows_its_accuracy_by_property(browse, run):
    measured = accuracy_by_property(*world(0, lambda v: np.where(v > 23, 0.35, 0.85)))
    stored = [accuracy.to_dict() for accuracy in measured]
    TrainingRun.objects.update(outcome=outcome_with(properties=stored))
    text = page(browse, f"/runs/{run.pk}/")
    assert "Accuracy changes with V: " in text
    assert "Accuracy changes with V − I" not in text
    assert text.count('<th scope="row">concentration index</th>') == 5


def test_without_a_trend_it_says_so(browse, run):
    measured = accuracy_by_property(*world(0, lambda v: 0.7))
    stored = [accuracy.to_dict() for accuracy in measured]
    TrainingRun.objects.update(outcome=outcome_with(properties=stored))
    assert "No trend is seen with V, V − I," in page(browse, f"/runs/{run.pk}/")


def stored_properties(right, **columns):
    """Accuracy by property as it is stored, of all answers and values by name."""
    columns = {name: np.array(values) for name, values in columns.items()}
    return [part.to_dict() for part in accuracy_by_property(np.array(right), columns)]


def test_properties_that_were_not_tested_are_named(browse, run):
    values = np.where(np.arange(60) < 39, np.arange(60), np.nan)
    stored = stored_properties([True, False] * 30, v=values, ci=np.arange(60.0), field=["a"] * 60)
    TrainingRun.objects.update(outcome=outcome_with(properties=stored))
    text = page(browse, f"/runs/{run.pk}/")
    assert "No trend is seen with concentration index (one may be missed" in text
    assert "Not tested: V, field. A test needs" in text


def test_nothing_tested_is_not_no_trend(browse, run):
    stored = stored_properties([True, False] * 10, v=np.arange(20.0), ci=[np.nan] * 20)
    TrainingRun.objects.update(outcome=outcome_with(properties=stored, drawn=["properties"]))
    text = page(browse, f"/runs/{run.pk}/")
    assert "No trend is seen" not in text
    assert "Not tested: V, concentration index." in text


def test_a_trend_leaves_the_others_named(browse, run):
    right = np.arange(60) < 30
    stored = stored_properties(right, v=np.arange(60.0), ci=np.arange(60) % 30)
    TrainingRun.objects.update(outcome=outcome_with(properties=stored))
    text = page(browse, f"/runs/{run.pk}/")
    assert "Accuracy changes with V: 100 %" in text
    assert "No trend is seen with concentration index (one may" in text


def test_a_trend_of_fields_quotes_those_that_were_tested(browse, run):
    right = [True] * 40 + [True, False] * 20 + [False] * 3
    fields = ["good"] * 40 + ["fair"] * 40 + ["few"] * 3
    TrainingRun.objects.update(
        outcome=outcome_with(properties=stored_properties(right, field=fields))
    )
    text = page(browse, f"/runs/{run.pk}/")
    sentence = text.partition("Accuracy changes with field: ")[2].partition("</li>")[0]
    assert "in fair" in sentence
    assert "in good" in sentence
    assert "few" not in sentence


def test_runs_of_earlier_versions_show_their_page_as_before(browse, run):
    text = page(browse, f"/runs/{run.pk}/")
    assert "Sky shared" not in text
    assert "Accuracy by property" not in text
