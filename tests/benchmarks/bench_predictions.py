"""A new network's predictions go live in a field of a million candidates, while people vote.

From the first row that is written to the queue in its new order, on PostgreSQL, against the goal;
the wait for the next candidate and for a vote meanwhile, against those before it began. The books
are balanced afterwards.

    PYTHONPATH=. python tests/benchmarks/bench_predictions.py [CANDIDATES]
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
from bench_queue import served
from report import record

from tests.soak.expert import Expert, call_in_parallel
from tests.soak.ledger import Ledger

CANDIDATES = 1_000_000
EXPERTS = 8
THINK_S = 1.0
BEFORE_S = 30.0
GOAL_S = 60.0


def vote_until(over: Event, expert: Expert) -> None:
    """One expert, at a steady pace; they do not all begin in the same moment."""
    over.wait(THINK_S * int(expert.name.rpartition("-")[2]) / EXPERTS)
    while not over.is_set():
        began = time.monotonic()
        for item in expert.next():
            expert.vote(item["candidate"])
        over.wait(max(0.0, began + THINK_S - time.monotonic()))


def p95_ms(experts: list[Expert], verb: str) -> float:
    """Of all their waits since the last time; forgets them."""
    waits = [wait for expert in experts for wait in expert.seconds.pop(verb, [])]
    return 1000 * float(np.percentile(waits, 95))


def main(candidates: int) -> None:
    """Append the figures to `bench/predictions.jsonl`."""
    with served("postgresql") as (site, _):
        ledger = Ledger(site)
        experts = ledger.open_field("f", candidates, EXPERTS)
        call_in_parallel(experts, lambda expert: expert.request("GET", "progress/"))
        over = Event()
        with ThreadPoolExecutor(EXPERTS) as pool:
            people = [pool.submit(vote_until, over, expert) for expert in experts]
            time.sleep(BEFORE_S)
            before = {verb: p95_ms(experts, verb) for verb in ("next", "submit")}
            try:
                written, live = ledger.call("promote_new_predictions", "f")
            finally:
                over.set()
            during = {verb: p95_ms(experts, verb) for verb in before}
            for future in people:
                future.result()
        ledger.assert_votes_stored(experts, 3)
        ledger.assert_audit_passes()
        ledger.close()
    name = f"postgresql, {candidates} predictions"
    record(f"{name}: stored", 1 / written, "1/s", 1 / GOAL_S, file="predictions")
    record(
        f"{name}: live in a new order", 1 / (written + live), "1/s", 1 / GOAL_S, file="predictions"
    )
    for verb, wait in before.items():
        label = f"{name}: {verb} meanwhile, p95"
        record(label, during[verb], "ms", wait, file="predictions")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CANDIDATES)
