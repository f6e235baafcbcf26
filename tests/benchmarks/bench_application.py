"""A run is applied to a field of 100 000 candidates by two workers: time, and memory of a worker.

On SQLite. The pack has few stamps, each of which many candidates share. The network is smaller than
any preset's unless the second argument is `quick`: what is measured is all that is not the network,
in shards, files and rows.

    PYTHONPATH=. python tests/benchmarks/bench_application.py [CANDIDATES [small|quick]]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import record

from tests.services.site import ROOT

CANDIDATES = 100_000
WORKERS = 2
GOAL_S = 1800.0
LIMIT_GIB = 2.0


class Home:
    """Data of an installation in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Prepare the environment of its processes."""
        own = {
            "ASTERISM_HOME": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "REDIS_URL": "redis://127.0.0.1:9",
            "DJANGO_SETTINGS_MODULE": "deploy.settings",
            "PYTHONPATH": str(ROOT),
        }
        self._environment = os.environ | own

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a process of `applied_field.py`."""
        command = [sys.executable, "tests/benchmarks/applied_field.py", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True
        )


def answer(process: subprocess.Popen[str]) -> str:
    """Return the last line that the process prints."""
    output, _ = process.communicate()
    assert process.returncode == 0
    return output.splitlines()[-1]


def main(candidates: int, preset: str) -> None:
    """Append the figures to `bench/application.jsonl`."""
    with tempfile.TemporaryDirectory() as name:
        home = Home(Path(name))
        application = answer(home.start("make", str(candidates), preset))
        start = time.perf_counter()
        workers = [home.start("work", application) for _ in range(WORKERS)]
        memory = max(float(answer(worker)) for worker in workers)
        seconds = time.perf_counter() - start
        assert int(answer(home.start("count"))) == candidates
    label = f"{preset} network, {candidates} candidates, {WORKERS} workers"
    record(f"{label}: applied", 1 / seconds, "1/s", 1 / GOAL_S, file="application")
    record(f"{label}: memory of one", 1 / memory, "1/GiB", 1 / LIMIT_GIB, file="application")


if __name__ == "__main__":
    arguments = sys.argv[1:] + [str(CANDIDATES), "small"][len(sys.argv) - 1 :]
    main(int(arguments[0]), arguments[1])
