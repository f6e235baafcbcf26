"""GET, POST /api/v1/experiments/, GET …/{id}/, POST …/cancellation/ and …/resumption/"""

from http import HTTPStatus

import pytest

from classifier.core.experiment_kinds import ExperimentKind
from labeling.models import Experiment, ReferenceLabel, RunStatus
from labeling.models.job import STOPPED
from tests.labeling.world import API, make_experiment, make_field, problem

URL = f"{API}/experiments/"
SOURCES = ("LEGUS", "Smith")


@pytest.fixture
def published(field):
    """Two fields whose candidates all have classes from two catalogues."""
    for one in (field, make_field("ngc2", candidates=60)):
        one.candidates.update(control=False)
        one.candidates.filter(pk__in=one.candidates.all()[:2]).update(control=True)
        for source in SOURCES:
            ReferenceLabel.objects.bulk_create(
                ReferenceLabel(candidate=candidate, source=source, label=1 + k % 2)
                for k, candidate in enumerate(one.candidates.all())
            )
    return field


@pytest.mark.parametrize(
    ("kind", "arms"),
    [
        ("crop-size", 4),
        ("filters", 6),
        ("fields", 2),
        ("labels", 3),
        ("architecture", 4),
        ("sources", 2),
    ],
)
def test_an_administrator_queues_one_of_each_kind(as_admin, published, kind, arms):
    sources = list(SOURCES) if kind == "sources" else ["LEGUS"]
    if kind == "labels":
        more = make_field("ngc3", candidates=40)
        more.candidates.update(control=False)
        rows = [ReferenceLabel(candidate=c, source="LEGUS", label=1) for c in more.candidates.all()]
        ReferenceLabel.objects.bulk_create(rows)
    response = as_admin.post(URL, {"kind": kind, "label_sources": sources})
    assert response.status_code == HTTPStatus.CREATED, response.content
    said = response.json()
    assert (said["status"], said["arms"], said["members"]) == ("queued", arms, 3)
    assert [one["source"] for one in said["training_sets"]] == sources
    assert said["report"] == {}


def test_it_takes_fields_and_settings(as_admin, published):
    body = {"kind": "filters", "preset": "paper-vgg19bn", "fields": ["ngc2"]}
    body |= {"label_sources": ["LEGUS"], "config": {"members": 2, "batches": 9}}
    said = as_admin.post(URL, body).json()
    assert (said["preset"], said["fields"], said["members"]) == ("paper-vgg19bn", ["ngc2"], 2)
    assert said["overrides"] == {"members": 2, "batches": 9}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "kind"),
        ({"kind": "colour"}, "kind"),
        ({"kind": "filters", "preset": "slow"}, "preset"),
        ({"kind": "filters", "fields": ["nowhere"]}, "fields"),
        ({"kind": "filters", "field": "ngc1"}, "field"),
        ({"kind": "filters", "label_sources": ["nobody"]}, "label_sources"),
        ({"kind": "filters", "label_sources": []}, "label_sources"),
        ({"kind": "filters", "label_sources": list(SOURCES)}, "label_sources"),
        ({"kind": "sources", "label_sources": ["LEGUS"]}, "label_sources"),
        ({"kind": "sources", "label_sources": ["LEGUS", "expert:ada"]}, "label_sources"),
        ({"kind": "fields", "label_sources": ["LEGUS"], "fields": ["ngc1"]}, "fields"),
        ({"kind": "labels", "label_sources": ["LEGUS"], "fields": ["ngc1"]}, "kind"),
        ({"kind": "filters", "config": {"member": 3}}, "config"),
    ],
)
def test_it_rejects_an_invalid_request(as_admin, published, ada, body, name):
    refused = problem(as_admin.post(URL, body), HTTPStatus.BAD_REQUEST)
    assert list(refused["errors"]) == [name]
    assert not Experiment.objects.exists()


@pytest.mark.parametrize("kind", list(ExperimentKind))
def test_too_few_labels_are_a_conflict(as_admin, field, settings, kind):
    body = {"kind": kind, "label_sources": ["votes"]}
    refused = problem(as_admin.post(URL, body), HTTPStatus.CONFLICT)
    assert "at least two classes" in refused["detail"]
    assert list(settings.EXPERIMENTS.iterdir()) == []


def test_experts_see_experiments_but_cannot_start_them(as_ada, published, admin):
    experiment = make_experiment(published, admin)
    (listed,) = as_ada.get(URL).json()["results"]
    assert (listed["id"], "report" in listed) == (experiment.pk, False)
    assert as_ada.get(f"{URL}{experiment.pk}/").json()["report"] == {}
    problem(as_ada.post(URL, {"kind": "filters"}), HTTPStatus.FORBIDDEN)
    assert Experiment.objects.count() == 1


def test_experts_do_not_see_experiments_on_one_experts_votes(as_ada, as_cur, field, admin):
    personal = make_experiment(field, admin, sources=["votes", "expert:bea"], kind="sources")
    assert as_ada.get(URL).json()["results"] == []
    problem(as_ada.get(f"{URL}{personal.pk}/"), HTTPStatus.NOT_FOUND)
    assert as_cur.get(f"{URL}{personal.pk}/").json()["id"] == personal.pk


@pytest.mark.parametrize("status", RunStatus)
def test_an_active_experiment_can_be_cancelled(as_admin, admin, field, status):
    experiment = make_experiment(field, admin, status=status)
    response = as_admin.post(f"{URL}{experiment.pk}/cancellation/")
    if status in (RunStatus.QUEUED, RunStatus.RUNNING):
        assert response.json()["status"] == "cancelled"
    else:
        assert status in problem(response, HTTPStatus.CONFLICT)["detail"]


@pytest.mark.parametrize("status", RunStatus)
def test_a_stopped_experiment_can_be_resumed(as_admin, admin, field, status):
    experiment = make_experiment(field, admin, status=status)
    response = as_admin.post(f"{URL}{experiment.pk}/resumption/")
    if status in STOPPED:
        assert response.json()["status"] == "queued"
    else:
        assert status in problem(response, HTTPStatus.CONFLICT)["detail"]


def test_a_missing_experiment_is_not_found(as_admin):
    for path in ("", "cancellation/", "resumption/"):
        method = as_admin.post if path else as_admin.get
        problem(method(f"{URL}12345/{path}"), HTTPStatus.NOT_FOUND)
