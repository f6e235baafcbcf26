"""labeling.jobs: the only door to the queue."""

import json
import logging
import time

import pytest
import redis
from django.db import transaction

from celery_worker.app import app
from celery_worker.tasks import experiment, refresh, sweep, train
from labeling import jobs


@pytest.fixture
def queue(redis_server):
    """The waiting messages: (task name, arguments)."""

    def read():
        with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
            waiting = [m for name in (jobs.LONG, jobs.SHORT) for m in client.lrange(name, 0, -1)]
        return [
            (message["headers"]["task"], message["headers"]["argsrepr"])
            for message in map(json.loads, waiting)
        ]

    return read


def test_the_names_are_those_of_the_worker():
    names = (jobs.TRAIN, jobs.EXPERIMENT, jobs.REFRESH, jobs.SWEEP)
    assert (train.name, experiment.name, refresh.name, sweep.name) == names
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
def test_a_broker_that_is_away_costs_a_line_in_the_log_and_no_time(caplog):
    began = time.monotonic()
    with caplog.at_level(logging.WARNING), transaction.atomic():
        jobs.send_on_commit(jobs.TRAIN, 7)
    assert time.monotonic() - began < jobs.CONNECT_SECONDS + jobs.ANSWER_SECONDS
    assert "asterism.train of row 7 waits for the broker to come back" in caplog.text


@pytest.fixture
def _nobody_nudged():
    jobs._next_nudge.clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_nobody_nudged")
def test_of_many_nudges_within_a_second_one_is_sent(queue, monkeypatch):
    for row in (7, 7, 8, 7):
        jobs.notify_throttled(jobs.REFRESH, row)
    assert queue() == [(jobs.REFRESH, "[8]"), (jobs.REFRESH, "[7]")]
    later = time.monotonic() + jobs.NUDGE_SECONDS
    monkeypatch.setattr(jobs, "_now", lambda: later)
    jobs.notify_throttled(jobs.REFRESH, 7)
    assert len(queue()) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_nobody_nudged")
def test_nudges_leave_a_broker_that_is_away_alone(monkeypatch):
    tried = []
    monkeypatch.setattr(jobs, "send", lambda name, row: bool(tried.append(row)))
    later = time.monotonic()
    for seconds in (0, 2, 30, 59, 62):
        monkeypatch.setattr(jobs, "_now", lambda seconds=seconds: later + seconds)
        jobs.notify_throttled(jobs.REFRESH, 7)
    assert tried == [7, 7]


def test_it_sends_again_when_the_broker_is_back(queue, redis_server):
    assert jobs.send(jobs.TRAIN, 1)
    redis_server.stop()
    assert not jobs.send(jobs.TRAIN, 2)
    redis_server.start()
    assert jobs.send(jobs.TRAIN, 3)
    assert [arguments for _, arguments in reversed(queue())] == ["[1]", "[3]"]
