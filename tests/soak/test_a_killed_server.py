"""A vote that was acknowledged is on disk: kill -9 of the server while people vote."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

VOTES_NEEDED = 3


def acknowledged(experts):
    """Number of votes of which the experts know that they arrived."""
    return sum(len(expert.acknowledged) for expert in experts)


def kill_in_the_middle(site, experts):
    """Let them vote for a moment, kill the server, start it again; votes told of meanwhile."""
    before = acknowledged(experts)
    deadline = time.monotonic() + 60
    while acknowledged(experts) == before:
        assert time.monotonic() < deadline, "nobody votes"
        time.sleep(0.01)
    time.sleep(random.uniform(0.2, 1.5))
    site.stop(signal.SIGKILL)
    told = acknowledged(experts) - before
    site.start()
    site.wait()
    return told


def test_no_acknowledged_vote_is_lost_when_the_server_is_killed(site, ledger, short_or_long):
    kills = short_or_long(2, 20)
    experts = ledger.open_field("killed", 400 * kills, 8, votes_needed=VOTES_NEEDED)
    over = Event()

    def vote_until_the_end(expert):
        expert.patient = True
        while not over.is_set():
            for item in expert.next():
                expert.vote(item["candidate"])

    with ThreadPoolExecutor(len(experts)) as pool:
        voting = [pool.submit(vote_until_the_end, expert) for expert in experts]
        try:
            told = [kill_in_the_middle(site, experts) for _ in range(kills)]
        finally:
            over.set()
        for thread in voting:
            thread.result()
    assert min(told) > 0
    ledger.assert_kept(experts, VOTES_NEEDED)
    ledger.assert_nothing_drifted()
