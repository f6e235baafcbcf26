"""A real worker process, behind a real Redis, on the database of the test."""

import time
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from deploy.services import PrivateRedis
from labeling import health, jobs
from labeling.models import RunStatus, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(admin, settings):
    """A queued run whose training set is missing, so that whoever claims it fails it at once."""
    return TrainingRun.objects.create(requested_by=admin, preset="quick")


def ended(run, seconds=60):
    """The run once a worker has ended it."""
    deadline = time.monotonic() + seconds
    while run.is_active and time.monotonic() < deadline:
        time.sleep(0.1)
        run.refresh_from_db()
    return run


def test_it_takes_a_message_that_was_sent_before_it_started(run, redis_server, request):
    assert jobs.send(jobs.TRAIN, run.pk)
    request.getfixturevalue("worker")
    assert ended(run).status == RunStatus.FAILED
    assert "training_set.csv is missing; queue a new run" in run.error
    assert health.worker_error() is None


def test_a_lost_message_and_a_dead_worker_cost_nothing_but_time(
    run, admin, redis_server: PrivateRedis, request
):
    dead = TrainingRun.objects.create(
        requested_by=admin,
        preset="quick",
        status=RunStatus.RUNNING,
        heartbeat_at=timezone.now() - timedelta(minutes=4),
    )
    request.getfixturevalue("worker")
    # The schedule sends this every minute; here it is sent once, now.
    jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)
    assert ended(run).status == ended(dead).status == RunStatus.FAILED


def test_messages_are_json_and_hold_an_id_only(run, redis_server: PrivateRedis):
    jobs.send(jobs.TRAIN, run.pk)
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        message = client.lindex(jobs.LONG, 0).decode()
    assert '"content-type": "application/json"' in message
    assert f'"argsrepr": "[{run.pk}]"' in message
