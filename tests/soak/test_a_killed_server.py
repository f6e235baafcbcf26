"""An acknowledged vote is on disk: the server is killed (SIGKILL) while experts vote."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

VOTES_NEEDED = 3


def n_acknowledged(experts):
    """Return the number of votes that the server has acknowledged."""
    return sum(len(expert.acknowledged) for expert in experts)


def kill_while_voting(site, experts):
    """Kill the server during votes and restart it; return the number of votes before that."""
    before = n_acknowledged(experts)
    deadline = time.monotonic() + 60
    while n_acknowledged(experts) == before:
        assert time.monotonic() < deadline, "nobody votes"
        time.sleep(0.01)
    time.sleep(random.uniform(0.2, 1.5))
    site.stop(signal.SIGKILL)
    number = n_acknowledged(experts) - before
    site.start()
    site.wait()
    return number


def test_no_acknowledged_vote_is_lost_when_the_server_is_killed(site, ledger, short_or_long):
    kills = short_or_long(2, 20)
    experts = ledger.open_field("killed", 400 * kills, 8, votes_needed=VOTES_NEEDED)
    stop = Event()

    def vote_until_stopped(expert):
        expert.retries = True
        while not stop.is_set():
            for item in expert.next():
                expert.vote(item["candidate"])

    with ThreadPoolExecutor(len(experts)) as pool:
        threads = [pool.submit(vote_until_stopped, expert) for expert in experts]
        try:
            numbers = [kill_while_voting(site, experts) for _ in range(kills)]
        finally:
            stop.set()
        for thread in threads:
            thread.result()
    assert min(numbers) > 0
    ledger.assert_votes_stored(experts, VOTES_NEEDED)
    ledger.assert_audit_passes()
