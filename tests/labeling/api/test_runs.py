"""GET, POST /api/v1/runs/, GET /api/v1/runs/{id}/ and POST …/cancellation/"""

import dataclasses
import json
from http import HTTPStatus

import pytest

from classifier.core.config import LIMITS, Preset, TrainingConfig
from labeling.api.runs import RunConfigIn
from labeling.models import Field, ReferenceLabel, RunStatus, TrainingRun
from labeling.models.job import STOPPED
from tests.labeling.world import API, make_field, make_run, problem

URL = f"{API}/runs/"
SOURCE = "LEGUS, mode of three"


@pytest.fixture
def trainable(field):
    """A field whose candidates all have a reference label, of two classes."""
    field.candidates.update(control=False)
    ReferenceLabel.objects.bulk_create(
        ReferenceLabel(candidate=candidate, source=SOURCE, label=1 + k % 2)
        for k, candidate in enumerate(field.candidates.all())
    )
    return field


def test_an_administrator_queues_a_run(as_admin, admin, trainable):
    body = {"preset": "quick", "label_source": SOURCE, "config": {"members": 2, "batches": 5}}
    response = as_admin.post(URL, body)
    assert response.status_code == HTTPStatus.CREATED
    run = TrainingRun.objects.get()
    said = response.json()
    assert (said["id"], said["status"], said["requested_by"]) == (run.pk, "queued", "admin")
    assert (said["fields"], said["promoted_in"]) == (["ngc1"], [])
    assert said["label_counts"] == {"train": {"1": 3, "2": 3}, "control": {}}
    assert said["overrides"] == run.overrides == {"members": 2, "batches": 5}
    assert said["manifest_sha256"] == run.manifest_sha256
    assert run.manifest_path.is_file()


def test_it_has_the_basis_of_the_labels(as_admin, trainable):
    said = as_admin.post(URL, {"label_source": SOURCE}).json()
    references = said["basis"]["references"]
    assert (references["source"], references["count"]) == (SOURCE, 6)
    assert len(references["sha256"]) == 64


def test_it_has_the_seed_and_the_versions_of_a_run(as_ada, admin, field):
    run = make_run(field, admin)
    assert as_ada.get(f"{URL}{run.pk}/").json()["made_with"] == {}
    run.directory.mkdir(parents=True)
    said = {"config": {"seed": 7}, "versions": {"torch": "2.9"}}
    (run.directory / "config.json").write_text(json.dumps(said))
    TrainingRun.objects.update(outcome={"versions": {"asterism": "0.1"}})
    made = as_ada.get(f"{URL}{run.pk}/").json()["made_with"]
    assert made == {"seed": 7, "versions": {"torch": "2.9", "asterism": "0.1"}}


def test_it_names_an_imported_network(as_ada, admin, field):
    run = make_run(field, admin)
    assert as_ada.get(f"{URL}{run.pk}/").json()["external"] == ""
    TrainingRun.objects.update(external="StarcNet", preset="")
    said = as_ada.get(f"{URL}{run.pk}/").json()
    assert (said["external"], said["preset"]) == ("StarcNet", "")


def test_without_a_field_it_trains_on_all_fields(as_admin, trainable):
    make_field("ngc2")
    said = as_admin.post(URL, {"label_source": SOURCE}).json()
    assert sorted(said["fields"]) == ["ngc1", "ngc2"]


@pytest.mark.parametrize("body", [{"field": "ngc1"}, {"fields": ["ngc1"]}])
def test_with_a_field_it_trains_on_that_field(as_admin, trainable, body):
    make_field("ngc2")
    said = as_admin.post(URL, {"label_source": SOURCE, **body}).json()
    assert said["fields"] == ["ngc1"]


@pytest.mark.parametrize("count", [0, 1])
def test_labels_of_fewer_than_two_classes_are_an_explained_conflict(as_admin, field, count):
    for candidate in field.candidates.all()[:count]:
        ReferenceLabel.objects.create(candidate=candidate, source=SOURCE, label=1)
    field.candidates.update(control=False)
    source = SOURCE if count else "votes"
    refused = problem(as_admin.post(URL, {"label_source": source}), HTTPStatus.CONFLICT)
    assert "at least two classes" in refused["detail"]
    assert "settle more candidates" in refused["detail"]
    assert not TrainingRun.objects.exists()


def test_labels_of_the_control_sample_alone_do_not_suffice(as_admin, trainable, settings):
    trainable.candidates.update(control=True)
    problem(as_admin.post(URL, {"label_source": SOURCE}), HTTPStatus.CONFLICT)
    assert list(settings.RUNS.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"preset": "slow"}, "preset"),
        ({"label_source": "nobody"}, "label_source"),
        ({"field": "nowhere"}, "field"),
        ({"fields": ["nowhere"]}, "fields"),
        ({"presett": "quick"}, "presett"),
        ({"config": {"member": 3}}, "config"),
        ({"config": {"members": 0}}, "config"),
        ({"config": {"members": "many"}}, "config"),
        ({"config": "quick"}, "config"),
        ({"config": []}, "config"),
        ({"preset": "starcnet", "config": {"input_px": 64}}, "config"),
    ],
)
def test_it_rejects_an_invalid_configuration(as_admin, trainable, body, name):
    response = as_admin.post(URL, {"label_source": SOURCE, **body})
    refused = problem(response, HTTPStatus.BAD_REQUEST)
    assert list(refused["errors"]) == [name]
    assert not TrainingRun.objects.exists()


def test_a_misspelt_setting_is_named_with_the_valid_ones(as_admin, trainable):
    refused = problem(as_admin.post(URL, {"config": {"membres": 3}}), HTTPStatus.BAD_REQUEST)
    assert "membres" in str(refused["errors"])
    assert "members" in refused["detail"]


@pytest.mark.parametrize("config", [{"input_px": 32}, {"input_px": 64, "backbone": "resnet18"}])
def test_starcnet_has_its_own_input_and_another_network_any(as_admin, trainable, config):
    body = {"label_source": SOURCE, "preset": "starcnet", "config": config}
    assert as_admin.post(URL, body).json()["overrides"] == config


@pytest.mark.parametrize("preset", list(Preset))
def test_it_takes_every_preset(as_admin, trainable, preset):
    response = as_admin.post(URL, {"label_source": SOURCE, "preset": preset})
    assert response.json()["preset"] == preset


def test_experts_see_runs_but_cannot_start_them(as_ada, trainable, admin):
    run = make_run(trainable, admin)
    assert [row["id"] for row in as_ada.get(URL).json()["results"]] == [run.pk]
    assert as_ada.get(f"{URL}{run.pk}/").json()["status"] == "ready"
    problem(as_ada.post(URL, {"label_source": SOURCE}), HTTPStatus.FORBIDDEN)
    assert TrainingRun.objects.count() == 1


def test_the_latest_run_comes_first(as_ada, field, admin):
    runs = [make_run(field, admin).pk for _ in range(3)]
    assert [row["id"] for row in as_ada.get(URL).json()["results"]] == runs[::-1]


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING])
def test_a_queued_or_running_run_can_be_cancelled(as_admin, admin, field, status):
    run = make_run(field, admin, status=status)
    response = as_admin.post(f"{URL}{run.pk}/cancellation/")
    assert (response.status_code, response.json()["status"]) == (HTTPStatus.OK, "cancelled")
    assert response.json()["finished_at"] is not None


@pytest.mark.parametrize("status", [RunStatus.READY, RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_run_that_has_ended_cannot_be_cancelled(as_admin, admin, field, status):
    run = make_run(field, admin, status=status)
    refused = problem(as_admin.post(f"{URL}{run.pk}/cancellation/"), HTTPStatus.CONFLICT)
    assert status in refused["detail"]
    run.refresh_from_db()
    assert run.status == status


@pytest.mark.parametrize("status", RunStatus)
def test_a_stopped_run_can_be_resumed(as_admin, admin, field, status):
    run = make_run(field, admin, status=status)
    response = as_admin.post(f"{URL}{run.pk}/resumption/")
    if status in STOPPED:
        assert response.json()["status"] == "queued"
    else:
        assert status in problem(response, HTTPStatus.CONFLICT)["detail"]


def test_a_missing_run_is_not_found(as_admin):
    for path in ("", "promotion/", "cancellation/", "resumption/"):
        method = as_admin.post if path else as_admin.get
        problem(method(f"{URL}12345/{path}"), HTTPStatus.NOT_FOUND)
    assert not Field.objects.exists()


def test_every_setting_is_one_of_the_classifier():
    settings = {field.name for field in dataclasses.fields(TrainingConfig)}
    assert set(RunConfigIn().fields) <= settings - {"preset"}


@pytest.mark.parametrize("name", sorted(set(RunConfigIn().fields) - {"backbone"}))
def test_the_limits_are_those_of_the_classifier(name):
    field = RunConfigIn().fields[name]
    assert (field.min_value, field.max_value) == LIMITS[name]
