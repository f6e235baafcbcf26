"""labeling.housekeeping: which embeddings and sessions are deleted, and which are kept."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.utils import timezone

from labeling.housekeeping import (
    delete_application_files,
    delete_expired_sessions,
    delete_unused_embeddings,
)
from labeling.models import Application, RunStatus, Session
from tests.labeling.world import make_field, make_run


@pytest.fixture
def runs(field, admin):
    """Five finished runs of one field with embeddings."""
    finished = [make_run(field, admin) for _ in range(5)]
    for run in finished:
        run.embeddings_path.mkdir(parents=True)
    return finished


def with_embeddings(runs):
    return [number for number, run in enumerate(runs) if run.embeddings_path.exists()]


def test_nothing_is_deleted_before_a_run_is_promoted(runs):
    assert delete_unused_embeddings() == []
    assert with_embeddings(runs) == [0, 1, 2, 3, 4]


def test_promoted_previous_and_newer_runs_keep_their_embeddings(runs, admin):
    for number in (0, 1, 3):
        runs[number].promote_unjudged(by=admin)
    assert delete_unused_embeddings() == [runs[2], runs[0]]
    assert with_embeddings(runs) == [1, 3, 4]
    assert delete_unused_embeddings() == []


def test_newer_runs_keep_their_embeddings_after_a_roll_back(runs, admin):
    for number in (0, 1, 3):
        runs[number].promote_unjudged(by=admin)
    runs[3].roll_back()
    delete_unused_embeddings()
    assert with_embeddings(runs) == [0, 1, 2, 3, 4]


def test_a_run_of_another_field_keeps_its_embeddings(runs, admin):
    second_field = make_field("other")
    runs[0].fields.add(second_field)
    for number in (1, 2):
        runs[number].promote_unjudged(by=admin)
    delete_unused_embeddings()
    assert with_embeddings(runs) == [0, 1, 2, 3, 4]


def test_only_expired_sessions_are_deleted(client, ada, bea):
    client.force_login(ada)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    client.cookies.clear()
    client.force_login(bea)
    assert delete_expired_sessions() == 1
    assert client.get("/api/v1/progress/").status_code == HTTPStatus.OK
    assert Session.objects.get().account == bea
    assert delete_expired_sessions() == 0


@pytest.fixture
def application(field, admin):
    """A queued application with the predictions of one shard."""
    application = Application.objects.request(make_run(field, admin), make_field("new"), admin)
    application.directory.mkdir(parents=True)
    application.shard_path(0).write_bytes(b"predictions")
    return application


def test_an_application_keeps_its_files_while_it_can_go_on(application):
    assert delete_application_files() == 0
    application.cancel()
    assert delete_application_files() == 0
    assert application.shard_path(0).exists()


def test_the_files_of_a_long_stopped_application_are_deleted(application):
    application.cancel()
    Application.objects.update(finished_at=timezone.now() - timedelta(days=31))
    assert delete_application_files() == 1
    assert not application.directory.exists()
    assert delete_application_files() == 0
    application.resume()
    assert Application.objects.claim(application.pk).shards.waiting().count() == 1


@pytest.mark.parametrize("status", [RunStatus.READY, RunStatus.REFUSED])
def test_the_files_of_a_finished_application_are_deleted(application, status):
    Application.objects.update(status=status, finished_at=timezone.now())
    assert delete_application_files() == 1
    assert not application.directory.exists()


def test_the_files_of_an_application_that_is_gone_are_deleted(application):
    application.delete()
    assert delete_application_files() == 1
