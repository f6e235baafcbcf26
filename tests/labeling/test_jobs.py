"""labeling.jobs: the only door to the queue."""

import json
import logging
import time

import pytest
import redis
from django.db import transaction

from celery_worker.app import app
from celery_worker.tasks import experiment, sweep, train
from labeling import jobs


@pytest.fixture
def queue(redis_server):
    """The waiting messages: (task name, arguments)."""

    def read():
        with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
            messages = [json.loads(message) for message in client.lrange("celery", 0, -1)]
        return [
            (message["headers"]["task"], message["headers"]["argsrepr"]) for message in messages
        ]

    return read


def test_the_names_are_those_of_the_worker():
    names = (jobs.TRAIN, jobs.EXPERIMENT, jobs.SWEEP)
    assert (train.name, experiment.name, sweep.name) == names
    assert set(names) <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_it_sends_the_id_once_the_row_is_committed(queue):
    with transaction.atomic():
        jobs.start(jobs.TRAIN, 7)
        assert queue() == []
    assert queue() == [(jobs.TRAIN, "[7]")]


@pytest.mark.django_db(transaction=True)
def test_it_sends_nothing_for_a_row_that_is_rolled_back(queue):
    with pytest.raises(LookupError), transaction.atomic():
        jobs.start(jobs.TRAIN, 7)
        raise LookupError
    assert queue() == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_a_line_in_the_log_and_no_time(caplog):
    began = time.monotonic()
    with caplog.at_level(logging.WARNING), transaction.atomic():
        jobs.start(jobs.TRAIN, 7)
    assert time.monotonic() - began < jobs.CONNECT_SECONDS + jobs.ANSWER_SECONDS
    assert "asterism.train of row 7 waits for the broker to come back" in caplog.text


def test_it_sends_again_when_the_broker_is_back(queue, redis_server):
    assert jobs.send(jobs.TRAIN, 1)
    redis_server.stop()
    assert not jobs.send(jobs.TRAIN, 2)
    redis_server.start()
    assert jobs.send(jobs.TRAIN, 3)
    assert [arguments for _, arguments in reversed(queue())] == ["[1]", "[3]"]


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("redis://db:6379/1", "redis://db:6379/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
    ],
)
def test_it_takes_the_broker_from_the_environment(monkeypatch, given, understood):
    monkeypatch.setenv("REDIS_URL", given)
    assert jobs.broker() == understood
