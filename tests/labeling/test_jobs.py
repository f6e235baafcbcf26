"""labeling.jobs: tasks are sent once their row is committed."""

import json
import logging
import time

import pytest
import redis
from django.db import transaction

from celery_worker.app import app
from celery_worker.tasks import experiment, predict, refresh, sweep, train
from labeling import jobs


@pytest.fixture
def queue(redis_server):
    """Reads the waiting messages: (task name, arguments)."""

    def read():
        with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
            waiting = [m for name in (jobs.LONG, jobs.SHORT) for m in client.lrange(name, 0, -1)]
        return [
            (message["headers"]["task"], message["headers"]["argsrepr"])
            for message in map(json.loads, waiting)
        ]

    return read


def test_the_task_names_are_those_of_the_worker():
    names = (jobs.TRAIN, jobs.EXPERIMENT, jobs.PREDICT, jobs.REFRESH, jobs.SWEEP)
    assert (train.name, experiment.name, predict.name, refresh.name, sweep.name) == names
    assert set(names) <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_it_sends_the_id_once_the_row_is_committed(queue):
    with transaction.atomic():
        jobs.send_on_commit(jobs.TRAIN, 7)
        assert queue() == []
    assert queue() == [(jobs.TRAIN, "[7]")]


@pytest.mark.django_db(transaction=True)
def test_it_sends_nothing_for_a_row_that_is_rolled_back(queue):
    with pytest.raises(LookupError), transaction.atomic():
        jobs.send_on_commit(jobs.TRAIN, 7)
        raise LookupError
    assert queue() == []


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_it_logs_a_warning_and_returns_quickly(caplog):
    start = time.monotonic()
    with caplog.at_level(logging.WARNING), transaction.atomic():
        jobs.send_on_commit(jobs.TRAIN, 7)
    assert time.monotonic() - start < jobs.CONNECT_SECONDS + jobs.ANSWER_SECONDS
    assert "asterism.train of row 7 waits for the broker to come back" in caplog.text


@pytest.fixture
def _no_notifications():
    jobs._next_notification.clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_no_notifications")
def test_a_throttled_notification_is_sent_once_a_second(queue, monkeypatch):
    for row in (7, 7, 8, 7):
        jobs.notify_throttled(jobs.REFRESH, row)
    assert queue() == [(jobs.REFRESH, "[8]"), (jobs.REFRESH, "[7]")]
    later = time.monotonic() + jobs.NOTIFICATION_SECONDS
    monkeypatch.setattr(jobs, "monotonic", lambda: later)
    jobs.notify_throttled(jobs.REFRESH, 7)
    assert len(queue()) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_no_notifications")
def test_throttled_notifications_try_a_broker_once_in_an_outage_of_a_minute(monkeypatch):
    rows = []
    monkeypatch.setattr(jobs, "send", lambda name, row: bool(rows.append(row)))
    start = time.monotonic()
    for seconds in (0, 2, 30, 59, 62):
        monkeypatch.setattr(jobs, "monotonic", lambda seconds=seconds: start + seconds)
        jobs.notify_throttled(jobs.REFRESH, 7)
    assert rows == [7, 7]


def test_it_sends_again_after_an_outage_of_the_broker(queue, redis_server):
    assert jobs.send(jobs.TRAIN, 1)
    redis_server.stop()
    assert not jobs.send(jobs.TRAIN, 2)
    redis_server.start()
    assert jobs.send(jobs.TRAIN, 3)
    assert [arguments for _, arguments in reversed(queue())] == ["[1]", "[3]"]
