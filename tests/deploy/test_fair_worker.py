"""deploy.fair_worker: the lines that browsers keep open end in all processes, not in one."""

import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPConnection

import psutil
import pytest

from tests.services.site import Site

PROCESSES = 4
LINES = 24


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with four processes that serve."""
    site = Site(
        tmp_path_factory.mktemp("fair"),
        "--no-demo",
        environment={"WEB_CONCURRENCY": str(PROCESSES)},
    )
    site.wait()
    yield site
    site.stop()


def open_line(site):
    """A line to the site that stays open after its first request."""
    line = HTTPConnection("127.0.0.1", site.port)
    line.request("GET", "/healthz")
    line.getresponse().read()
    return line


def lines_by_process(site):
    """How many lines to the site each of its processes holds."""
    held: Counter[int] = Counter()
    for process in psutil.Process(site.process.pid).children(recursive=True):
        # It may be the one that is being killed.
        with suppress(psutil.NoSuchProcess):
            for line in process.net_connections("tcp4"):
                if line.status == psutil.CONN_ESTABLISHED and line.laddr.port == site.port:
                    held[process.pid] += 1
    return held


def test_persistent_connections_are_shared_among_processes(site):
    lines, deadline = [], time.monotonic() + 30
    while len(lines_by_process(site)) < PROCESSES:
        assert time.monotonic() < deadline, "some process takes none"
        lines.append(open_line(site))
    lines += [open_line(site) for _ in range(LINES)]
    held = lines_by_process(site)
    assert held.total() == len(lines)
    assert max(held.values()) <= len(lines) / 2
    assert min(held.values()) >= LINES / PROCESSES / 2


def test_connections_of_a_killed_process_are_not_counted(site):
    lines = [open_line(site) for _ in range(LINES)]
    pid, _ = lines_by_process(site).most_common(1)[0]
    psutil.Process(pid).kill()
    deadline = time.monotonic() + 30
    while len(lines_by_process(site)) < PROCESSES:
        assert time.monotonic() < deadline, "the new process takes none"
        lines.append(open_line(site))
    assert pid not in lines_by_process(site)
