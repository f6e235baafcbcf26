"""POST and GET runs/{id}/applications/, and what becomes of an application."""

from http import HTTPStatus

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import Application, RunStatus, TrainingRun
from tests.labeling.world import API, make_field, make_run, problem


@pytest.fixture
def run(field, admin):
    return make_run(field, admin)


@pytest.fixture
def new_field(db):
    return make_field("new")


def url(run):
    return f"{API}/runs/{run.pk}/applications/"


def test_it_queues_an_application(as_admin, run, new_field):
    response = as_admin.post(url(run), {"field": "new"})
    assert response.status_code == HTTPStatus.CREATED
    application = Application.objects.get()
    body = response.json()
    assert (body["id"], body["run"], body["field"]) == (application.pk, run.pk, "new")
    assert (body["status"], body["share"], body["promoted"]) == ("queued", 0.0, False)
    assert as_admin.get(url(run)).json()["results"] == [body]
    assert as_admin.get(f"{API}/applications/{application.pk}/").json() == body


def test_the_same_request_returns_the_same_application(as_admin, run, new_field):
    first = as_admin.post(url(run), {"field": "new"}).json()
    assert as_admin.post(url(run), {"field": "new"}).json() == first


@pytest.mark.parametrize("body", [{}, {"field": "nowhere"}, {"field": "new", "preset": "quick"}])
def test_it_rejects_another_body(as_admin, run, new_field, body):
    problem(as_admin.post(url(run), body), HTTPStatus.BAD_REQUEST)


def test_it_rejects_an_imported_run(as_admin, run, new_field):
    TrainingRun.objects.filter(pk=run.pk).update(external="StarcNet")
    body = problem(as_admin.post(url(run), {"field": "new"}), HTTPStatus.CONFLICT)
    assert "was imported" in body["detail"]


def test_it_rejects_a_field_that_is_predicted(as_admin, field, admin):
    run = make_run(field, admin, {c.pk: 0.1 for c in field.candidates.all()})
    body = problem(as_admin.post(url(run), {"field": field.name}), HTTPStatus.CONFLICT)
    assert "has predicted all of ngc1" in body["detail"]


def test_it_is_cancelled_and_resumed(as_admin, run, new_field):
    address = f"{API}/applications/{as_admin.post(url(run), {'field': 'new'}).json()['id']}"
    assert as_admin.post(f"{address}/cancellation/").json()["status"] == "cancelled"
    problem(as_admin.post(f"{address}/cancellation/"), HTTPStatus.CONFLICT)
    assert as_admin.post(f"{address}/resumption/").json()["status"] == "queued"


def test_it_promotes_the_run_in_its_field(as_admin, run, new_field):
    address = f"{API}/applications/{as_admin.post(url(run), {'field': 'new'}).json()['id']}"
    problem(as_admin.post(f"{address}/promotion/", {}), HTTPStatus.CONFLICT)
    Application.objects.update(status=RunStatus.READY)
    assert as_admin.post(f"{address}/promotion/", {}).json()["promoted"] is True
    new_field.refresh_from_db()
    assert new_field.promoted_run == run
    assert as_admin.delete(f"{address}/promotion/").json()["promoted"] is False
    new_field.refresh_from_db()
    assert new_field.promoted_run is None


def test_the_list_costs_the_same_queries_for_any_number(
    as_admin, run, new_field, admin, django_assert_num_queries
):
    Application.objects.request(run, new_field, admin)
    with CaptureQueriesContext(connection) as queries:
        as_admin.get(url(run))
    for name in ("second", "third"):
        application = Application.objects.request(run, make_field(name), admin)
        Application.objects.claim(application.pk)
    with django_assert_num_queries(len(queries)):
        assert len(as_admin.get(url(run)).json()["results"]) == 3
