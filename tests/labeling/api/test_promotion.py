"""POST and DELETE /api/v1/runs/{id}/promotion/"""

from http import HTTPStatus

import pytest

from labeling.models import Field, Promotion, RunStatus
from labeling.models.job import FINISHED
from tests.labeling.world import API, make_field, make_run, problem


def url(run):
    return f"{API}/runs/{run.pk}/promotion/"


def live():
    """The promoted run of each field."""
    return dict(Field.objects.values_list("name", "promoted_run"))


@pytest.fixture
def runs(field, admin):
    return [make_run(field, admin) for _ in range(3)]


def test_it_promotes_a_run(as_admin, admin, runs):
    response = as_admin.post(url(runs[0]))
    assert (response.status_code, response.json()["promoted_in"]) == (HTTPStatus.OK, ["ngc1"])
    assert live() == {"ngc1": runs[0].pk}
    assert Promotion.objects.get().promoted_by == admin


def test_promoting_twice_changes_nothing(as_admin, runs):
    for _ in range(2):
        assert as_admin.post(url(runs[0])).status_code == HTTPStatus.OK
    assert Promotion.objects.count() == 1


def test_only_the_fields_of_the_run_change(as_admin, runs):
    make_field("ngc2")
    as_admin.post(url(runs[0]))
    assert live() == {"ngc1": runs[0].pk, "ngc2": None}


def test_a_roll_back_returns_to_the_previous_run(as_admin, runs):
    for run in runs[:2]:
        as_admin.post(url(run))
    response = as_admin.delete(url(runs[1]))
    assert (response.status_code, response.json()["promoted_in"]) == (HTTPStatus.OK, [])
    assert live() == {"ngc1": runs[0].pk}


def test_a_roll_back_skips_runs_that_were_rolled_back(as_admin, runs):
    one, two, three = runs
    for run in (one, two):
        as_admin.post(url(run))
    as_admin.delete(url(two))
    as_admin.post(url(three))
    as_admin.delete(url(three))
    assert live() == {"ngc1": one.pk}


def test_rolling_back_the_first_run_leaves_no_promoted_run(as_admin, runs):
    as_admin.post(url(runs[0]))
    as_admin.delete(url(runs[0]))
    assert live() == {"ngc1": None}


def test_rolling_back_a_run_that_is_not_promoted_changes_nothing(as_admin, runs):
    as_admin.post(url(runs[0]))
    assert as_admin.delete(url(runs[1])).status_code == HTTPStatus.OK
    assert live() == {"ngc1": runs[0].pk}


def test_a_run_that_was_rolled_back_can_be_promoted_again(as_admin, runs):
    as_admin.post(url(runs[0]))
    as_admin.delete(url(runs[0]))
    as_admin.post(url(runs[0]))
    assert live() == {"ngc1": runs[0].pk}


@pytest.mark.parametrize("status", sorted(set(RunStatus.values) - set(FINISHED)))
def test_a_run_that_is_not_ready_cannot_be_promoted(as_admin, admin, field, status):
    run = make_run(field, admin, status=status)
    refused = problem(as_admin.post(url(run)), HTTPStatus.CONFLICT)
    assert status in refused["detail"]
    assert live() == {"ngc1": None}
