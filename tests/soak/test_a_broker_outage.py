"""Without Redis, votes are stored at once, and a requested training starts when it is back."""

import json
import shutil
import time
from http import HTTPStatus

import pytest

from deploy.services import PrivateRedis
from labeling.models import RunStatus
from labeling.models.job import FINISHED
from tests.services.site import Site
from tests.soak.expert import call_in_parallel
from tests.soak.ledger import Ledger

VOTES_EACH = 25
TINY = {"members": 1, "batches": 2, "batch_size": 4, "input_px": 32}
ENDED = {*FINISHED, RunStatus.FAILED, RunStatus.CANCELLED}


@pytest.fixture
def redis(tmp_path):
    """A Redis server of the test, which the site does not restart."""
    redis = PrivateRedis(tmp_path / "redis")
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
def ledger(redis, database_for, tmp_path):
    """A ledger of a site that uses this Redis server."""
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


def vote_repeatedly(expert):
    """Vote on some candidates."""
    for _ in range(VOTES_EACH):
        expert.vote(expert.next()[0]["candidate"])


def run_of(admin, number):
    """Return the run."""
    return json.loads(admin.download(f"runs/{number}/"))


def wait_for_end(admin, number, seconds=180):
    """Return the run when a worker has ended it."""
    deadline = time.monotonic() + seconds
    while (run := run_of(admin, number))["status"] not in ENDED:
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
    return run


def test_votes_are_kept_and_a_run_waits_until_redis_is_back(ledger, redis, tmp_path, short_or_long):
    *experts, admin = ledger.open_field("outage", 200, 2, "administrator", votes_needed=3)
    (tmp_path / "sky").mkdir()
    ledger.call("open_sky", "sky", str(tmp_path / "sky"))
    redis.stop()
    # The messages in the queue are lost.
    shutil.rmtree(redis.home / "redis")
    call_in_parallel(experts, vote_repeatedly)
    reply = admin.request("POST", "runs/", {"fields": ["sky"], "config": TINY})
    assert reply.status == HTTPStatus.CREATED, reply.content
    number = json.loads(reply.content)["id"]
    call_in_parallel(experts, vote_repeatedly)
    ledger.assert_votes_stored(experts, votes_needed=3)
    assert run_of(admin, number)["status"] == RunStatus.QUEUED
    redis.start()
    # The schedule sends it every minute; `make soak` waits for that.
    if short_or_long(1, 0):
        ledger.call("sweep")
    run = wait_for_end(admin, number)
    assert (run["status"], run["error"]) == (RunStatus.READY, "")
    promoted = json.loads(admin.request("POST", f"runs/{number}/promotion/").content)
    assert (promoted["status"], promoted["promoted_in"]) == (RunStatus.PROMOTED, ["sky"])
    ledger.assert_audit_passes()
