"""People vote while a large catalogue is imported into another field: no vote waits for its end."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from tests.services.site import ROOT
from tests.soak.large_catalogue import write_mosaics, write_rows

EXPERTS = 4
THINK_S = 0.1
BUSY_TIMEOUT_S = 20
"""After it, SQLite gives up a vote (`deploy.settings`); PostgreSQL waits for ever."""


def vote_until(over, expert):
    """Vote at a steady pace."""
    while not over.is_set() and (items := expert.next()):
        expert.vote(items[0]["candidate"])
        over.wait(THINK_S)


def test_votes_go_on_while_a_large_catalogue_is_imported(site, ledger, tmp_path, short_or_long):
    rows = short_or_long(20_000, 300_000)
    write_rows(tmp_path / "rows.csv", rows, inside=200)
    words = [w for path in write_mosaics(tmp_path) for w in ("--mosaic", str(path))]
    manage = [sys.executable, str(ROOT / "manage.py")]
    run = {"cwd": ROOT, "env": site.environment, "check": True}
    subprocess.run([*manage, "import_field", "large", *words], **run)
    experts = ledger.open_field("beside", 20_000, EXPERTS)
    over = Event()
    with ThreadPoolExecutor(EXPERTS) as pool:
        people = [pool.submit(vote_until, over, expert) for expert in experts]
        try:
            start = time.perf_counter()
            command = [*manage, "import_catalogue", "large", str(tmp_path / "rows.csv")]
            subprocess.run([*command, "--allow-outside"], **run)
            end = time.perf_counter()
        finally:
            over.set()
        for future in people:
            future.result()
    requests = [vote for e in experts for vote in e.vote_requests if start < vote.sent_at < end]
    longest = max(vote.answered_at - vote.sent_at for vote in requests)
    took = f"{rows} rows in {end - start:.0f} s"
    sys.stdout.write(f"{took}; {len(requests)} votes, the longest took {longest:.2f} s\n")
    assert len(requests) > EXPERTS
    assert longest < BUSY_TIMEOUT_S
    ledger.assert_votes_stored(experts, 3)
    ledger.assert_audit_passes()
