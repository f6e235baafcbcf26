"""A real worker process with a real Redis, on the database of the test."""

import time
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from deploy.services import PrivateRedis
from labeling import health, jobs
from labeling.models import Application, RunStatus, TrainingRun
from tests.labeling.world import make_field, make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(admin, settings):
    """A queued run without a training set, which fails as soon as it is claimed."""
    return TrainingRun.objects.create(requested_by=admin, preset="quick")


def ended(run, seconds=60):
    """Return the run once a worker has ended it."""
    deadline = time.monotonic() + seconds
    while run.is_active and time.monotonic() < deadline:
        time.sleep(0.1)
        run.refresh_from_db()
    return run


def test_it_takes_messages_from_before_its_start(run, redis_server, request):
    assert jobs.send(jobs.TRAIN, run.pk)
    request.getfixturevalue("worker")
    assert ended(run).status == RunStatus.FAILED
    assert "training_set.csv is missing; queue a new run" in run.error
    assert health.worker_error() is None


def test_a_sweep_recovers_a_lost_message_and_the_run_of_a_dead_worker(
    run, admin, redis_server: PrivateRedis, request
):
    dead = TrainingRun.objects.create(
        requested_by=admin,
        preset="quick",
        status=RunStatus.RUNNING,
        heartbeat_at=timezone.now() - timedelta(minutes=4),
    )
    request.getfixturevalue("worker")
    # The schedule sends this every minute.
    jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)
    assert ended(run).status == ended(dead).status == RunStatus.FAILED


def test_it_takes_applications(admin, redis_server, request):
    run = make_run(make_field("trained"), admin)
    application = Application.objects.request(run, make_field("new"), admin)
    request.getfixturevalue("worker")
    assert ended(application).status == RunStatus.FAILED
    assert "holds no training run" in application.error


def test_messages_are_json_with_an_id_only(run, redis_server: PrivateRedis):
    jobs.send(jobs.TRAIN, run.pk)
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        message = client.lindex(jobs.LONG, 0).decode()
    assert '"content-type": "application/json"' in message
    assert f'"argsrepr": "[{run.pk}]"' in message
