"""What the next candidate and a vote cost, through HTTP, from 10 thousand candidates to a million.

Experts ask for one candidate and vote on it, again and again: alone, eight without a pause, fifty
with two seconds of thought; and eight ask for three at a time, as the classify page does. Every
candidate has a prediction, so the queue is in true order. The reference of latencies is the goal;
that of rates and of CPU time is the peer, Label Studio 1.23.2, measured on two such cores with 10
thousand tasks and eight users without a pause. CPU time is that of the server and its database.
Where LABEL_STUDIO_PORT and LABEL_STUDIO_LOGIN name a running one (`label_studio.py`), it is
measured anew before the first field, and its CPU time too where LABEL_STUDIO_PIDS name its
processes.

After each crowd all that it was given is seen to have come in order, and after each size the books
are balanced: votes stored are votes acknowledged, none over the quota, none twice, nothing served
again, the audit without a difference.

    PYTHONPATH=. python tests/benchmarks/bench_queue.py [postgresql|sqlite] [CANDIDATES …]
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import label_studio
import numpy as np
import psutil
from label_studio import Peer
from report import record

from tests.services import postgresql
from tests.services.site import Site
from tests.soak.expert import Expert, call_in_parallel
from tests.soak.ledger import Ledger

SIZES = (10_000, 100_000, 1_000_000)
VOTES_NEEDED = 3
GOAL_MS = 50.0
PEER_TASKS = 10_000
PEER_SETTLES_S = 75.0


@dataclass(frozen=True)
class Crowd:
    """So many experts, who each vote so often, think so long, and ask for so many at a time."""

    experts: int
    votes_each: int
    think_s: float = 0.0
    block: int = 1

    def __str__(self) -> str:
        people = "1 expert" if self.experts == 1 else f"{self.experts} experts"
        thinking = f", {self.think_s:g} s to think" if self.think_s else ""
        return people + thinking + (f", {self.block} at a time" if self.block > 1 else "")

    def label(self, expert: Expert) -> None:
        """One expert's share."""
        # They do not all begin in the same moment.
        time.sleep(self.think_s * int(expert.name.rpartition("-")[2]) / self.experts)
        for _ in range(0, self.votes_each, self.block):
            for item in expert.next(self.block):
                began = time.monotonic()
                expert.vote(item["candidate"])
                time.sleep(max(0.0, began + self.think_s - time.monotonic()))


@dataclass(frozen=True)
class Pace:
    """Votes a second, and milliseconds of CPU time a vote."""

    rate: float
    cpu_ms: float


CROWDS = (Crowd(1, 300), Crowd(8, 400), Crowd(8, 400, block=3), Crowd(50, 15, think_s=2.0))
PEER_CROWD = Crowd(8, 40)
PEER_PACE = {"postgresql": Pace(8.4, 180.0), "sqlite": Pace(4.5, 180.0)}
"""As remembered, on each kind of database."""


def cpu_seconds(trees: Sequence[psutil.Process]) -> float:
    """CPU time of these processes and all below them, of those that have ended too."""
    total = 0.0
    for root in trees:
        for process in (root, *root.children(recursive=True)):
            try:
                spent = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += spent.user + spent.system + spent.children_user + spent.children_system
    return total


@contextmanager
def served(database: str) -> Iterator[tuple[Site, Sequence[psutil.Process]]]:
    """A site on this kind of database, and the processes that it consists of."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        home = Path(folder)
        url, programs = None, []
        if database == "postgresql":
            # With its own defaults: a vote that was acknowledged is on disk.
            server = postgresql.Server(home, settings=())
            running.callback(server.stop)
            url = server.create("asterism")
            programs.append(psutil.Process(server.pid))
        site = Site(home / "site", "--no-demo", database_url=url)
        running.callback(site.stop)
        site.wait()
        yield site, [psutil.Process(site.process.pid), *programs]


def pace(crowd: Crowd, vote: Callable[[], None], programs: Sequence[psutil.Process]) -> Pace:
    """How fast the crowd votes, and what that costs these programs."""
    began, spent = time.monotonic(), cpu_seconds(programs)
    vote()
    seconds, spent = time.monotonic() - began, cpu_seconds(programs) - spent
    votes = crowd.experts * crowd.votes_each
    return Pace(votes / seconds, 1000 * spent / votes)


def peer_pace(peer: Peer, remembered: Pace) -> Pace:
    """Let a crowd vote in Label Studio; what cannot be measured there is as remembered."""
    project = peer.project(PEER_TASKS, VOTES_NEEDED)
    # PostgreSQL counts the new rows by itself within the minute; ours are counted at once.
    time.sleep(PEER_SETTLES_S)
    users = peer.crowd(PEER_CROWD.experts)
    programs = [psutil.Process(pid) for pid in peer.pids]
    # As for ours: code to load is not what is measured.
    label_studio.together(users, lambda user: user.vote(project, 1))

    def vote() -> None:
        label_studio.together(users, lambda user: user.vote(project, PEER_CROWD.votes_each))

    measured = pace(PEER_CROWD, vote, programs)
    name = f"Label Studio, {PEER_TASKS} tasks, {PEER_CROWD}"
    record(f"{name}: votes", measured.rate, "1/s", remembered.rate, file="queue")
    if not programs:
        return replace(measured, cpu_ms=remembered.cpu_ms)
    record(f"{name}: CPU time a vote", measured.cpu_ms, "ms", remembered.cpu_ms, file="queue")
    return measured


def measure(database: str, sizes: Sequence[int], peer: Pace) -> None:
    """Open a field of each size, let each crowd vote in it, and balance the books."""
    with served(database) as (site, programs):
        ledger = Ledger(site)
        for size in sizes:
            number = sum(crowd.experts for crowd in CROWDS)
            experts = ledger.open_field(f"f{size}", size, number, votes_needed=VOTES_NEEDED)
            everybody = iter(experts)
            for crowd in CROWDS:
                people = [next(everybody) for _ in range(crowd.experts)]
                tell(f"{database}, {size} candidates, {crowd}", crowd, people, programs, peer)
                ledger.assert_in_order(people, experts)
            ledger.assert_votes_stored(experts, VOTES_NEEDED)
            ledger.assert_audit_passes()
        ledger.close()


def tell(
    name: str,
    crowd: Crowd,
    experts: Sequence[Expert],
    programs: Sequence[psutil.Process],
    peer: Pace,
) -> None:
    """Let them vote; record how long they waited, how many votes came in, and what one cost."""
    warm_up(experts)
    measured = pace(crowd, lambda: call_in_parallel(experts, crowd.label), programs)
    for verb in ("next", "submit"):
        waits_ms = [1000 * s for expert in experts for s in expert.seconds[verb]]
        for percentile in (50, 95, 99):
            value = float(np.percentile(waits_ms, percentile))
            record(f"{name}: {verb}, p{percentile}", value, "ms", GOAL_MS, file="queue")
    record(f"{name}: CPU time a vote", measured.cpu_ms, "ms", peer.cpu_ms, file="queue")
    if not crowd.think_s:
        record(f"{name}: votes", measured.rate, "1/s", peer.rate, file="queue")


def warm_up(experts: Sequence[Expert]) -> None:
    """A first request, with connections to open and code to load, is not what is measured."""
    call_in_parallel(experts, lambda expert: expert.request("GET", "progress/"))


def main(databases: Sequence[str], sizes: Sequence[int]) -> None:
    """Append the figures to `bench/queue.jsonl`."""
    peer = Peer.named()
    measured = peer_pace(peer, PEER_PACE[databases[0]]) if peer else None
    for database in databases:
        measure(database, sizes, measured or PEER_PACE[database])


if __name__ == "__main__":
    words = sys.argv[1:]
    main(
        [word for word in words if word in PEER_PACE] or list(PEER_PACE),
        [int(word) for word in words if word.isdecimal()] or list(SIZES),
    )
