"""PUT, DELETE /api/v1/leases/{id}/ and PUT …/skip/"""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from labeling.models import Lease
from tests.labeling.world import API, lease_next, problem


@pytest.fixture
def lease(field, ada):
    (lease,) = lease_next(field, ada, 1)
    return lease


def url(lease):
    return f"{API}/leases/{lease.pk}/"


def test_a_heartbeat_extends_a_lease(as_ada, lease):
    soon = timezone.now() + timedelta(seconds=5)
    Lease.objects.update(expires_at=soon)
    response = as_ada.put(url(lease))
    assert response.status_code == HTTPStatus.OK
    assert set(response.json()) == {"id", "expires_at"}
    lease.refresh_from_db()
    assert parse_datetime(response.json()["expires_at"]) == lease.expires_at
    assert lease.expires_at > soon + timedelta(minutes=9)


@pytest.mark.parametrize("end", ["time", "skip"])
def test_a_heartbeat_does_not_revive_an_expired_lease(as_ada, lease, end):
    if end == "time":
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        lease.skip()
    problem(as_ada.put(url(lease)), HTTPStatus.CONFLICT)
    assert not Lease.objects.live().exists()


def test_deleting_a_lease_frees_the_candidate(as_ada, lease):
    assert as_ada.delete(url(lease)).status_code == HTTPStatus.NO_CONTENT
    assert not Lease.objects.exists()


def test_deleting_a_lease_twice_is_no_error(as_ada, lease):
    as_ada.delete(url(lease))
    assert as_ada.delete(url(lease)).status_code == HTTPStatus.NO_CONTENT


def test_a_skipped_candidate_comes_last(as_ada, lease):
    for _ in range(2):
        assert as_ada.put(url(lease) + "skip/").status_code == HTTPStatus.NO_CONTENT
    lease.refresh_from_db()
    assert lease.skipped_at is not None
    assert not Lease.objects.live().exists()


def test_a_lease_of_another_expert_is_not_found(as_bea, lease):
    problem(as_bea.put(url(lease)), HTTPStatus.NOT_FOUND)
    problem(as_bea.put(url(lease) + "skip/"), HTTPStatus.NOT_FOUND)
    as_bea.delete(url(lease))
    assert Lease.objects.live().get() == lease


def test_a_skip_is_not_taken_back(as_ada, lease):
    problem(as_ada.delete(url(lease) + "skip/"), HTTPStatus.METHOD_NOT_ALLOWED)


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999"])
def test_a_missing_lease_is_not_found(as_ada, pk):
    problem(as_ada.put(f"{API}/leases/{pk}/"), HTTPStatus.NOT_FOUND)
