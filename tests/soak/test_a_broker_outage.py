"""What is done while Redis is away is done: votes at once, the training when Redis is back."""

import json
import shutil
import time
from http import HTTPStatus

import pytest

from deploy.services import PrivateRedis
from labeling.models import RunStatus
from labeling.models.job import FINISHED
from tests.services.site import Site
from tests.soak.expert import together
from tests.soak.ledger import Ledger

pytestmark = pytest.mark.postgresql

VOTES_EACH = 25
TINY = {"members": 1, "batches": 2, "batch_size": 4, "input_px": 32}
ENDED = {*FINISHED, RunStatus.FAILED, RunStatus.CANCELLED}


@pytest.fixture
def redis(tmp_path):
    """A Redis that is not the server's own, so that nobody but the test starts it again."""
    redis = PrivateRedis(tmp_path / "elsewhere")
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
def ledger(redis, database_for, tmp_path):
    """The books of a site that leans on it."""
    site = Site(
        tmp_path / "home",
        "--no-demo",
        database_url=database_for("outage"),
        environment={"REDIS_URL": redis.url},
    )
    site.wait()
    ledger = Ledger(site)
    yield ledger
    ledger.close()
    site.stop()


def vote(expert):
    """Vote for a while."""
    for _ in range(VOTES_EACH):
        expert.vote(expert.next()[0]["candidate"])


def run_of(admin, number):
    """The run as it stands."""
    return json.loads(admin.download(f"runs/{number}/"))


def ended(admin, number, seconds=180):
    """The run once a worker has ended it."""
    deadline = time.monotonic() + seconds
    while (run := run_of(admin, number))["status"] not in ENDED:
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
    return run


def test_votes_are_kept_and_a_run_waits_until_redis_is_back(ledger, redis, tmp_path, short_or_long):
    *experts, admin = ledger.open_field("outage", 200, 2, "administrator", votes_needed=3)
    (tmp_path / "sky").mkdir()
    ledger.ask("open_sky", "sky", str(tmp_path / "sky"))
    redis.stop()
    # It will have forgotten everything.
    shutil.rmtree(redis.home / "redis")
    together(experts, vote)
    reply = admin.ask("POST", "runs/", {"fields": ["sky"], "config": TINY})
    assert reply.status == HTTPStatus.CREATED, reply.content
    number = json.loads(reply.content)["id"]
    together(experts, vote)
    ledger.assert_kept(experts, votes_needed=3)
    assert run_of(admin, number)["status"] == RunStatus.QUEUED
    redis.start()
    # The schedule does so every minute, and in `make soak` there is time to wait for it.
    if short_or_long(1, 0):
        ledger.ask("sweep")
    run = ended(admin, number)
    assert (run["status"], run["error"]) == (RunStatus.READY, "")
    live = json.loads(admin.ask("POST", f"runs/{number}/promotion/").content)
    assert (live["status"], live["promoted_in"]) == (RunStatus.PROMOTED, ["sky"])
    ledger.assert_nothing_drifted()
