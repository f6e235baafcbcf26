"""A catalogue of a million rows is imported, while people vote in another field.

With one stamp and with five thousand, on PostgreSQL and on SQLite: rows per second from the start
of the command to its end, beside a plain COPY (on SQLite, executemany) of the same file into a
table without indexes; the largest memory of the command, without the files that it maps, against
its bound; the wait for a vote meanwhile, against that before.

    PYTHONPATH=. python tests/benchmarks/bench_imports.py [postgresql|sqlite] [ROWS [STAMPS]]
"""

import csv
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import psutil
import psycopg2
from bench_predictions import BEFORE_S, EXPERTS, p95_ms, vote_until
from bench_queue import served
from report import record

from tests.services.site import ROOT, Site
from tests.soak.expert import call_in_parallel
from tests.soak.large_catalogue import COLUMNS, write_mosaics, write_rows
from tests.soak.ledger import Ledger

DATABASES = ("postgresql", "sqlite")
ROWS = 1_000_000
STAMPS = (1, 5000)
MAX_MEMORY_MB = 500


def plain_seconds(site: Site, path: Path) -> float:
    """Return how long the database takes for the same rows in a table without indexes."""
    columns = ", ".join(f'"{name}" double precision' for name in COLUMNS)
    if url := site.environment.get("DATABASE_URL"):
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE plain ({columns})")
            connection.commit()
            start = time.monotonic()
            with path.open(encoding="utf-8") as file:
                cursor.copy_expert("COPY plain FROM STDIN (FORMAT csv, HEADER)", file)
            connection.commit()
            return time.monotonic() - start
    with closing(sqlite3.connect(path.with_suffix(".sqlite3"))) as database:
        database.execute(f"CREATE TABLE plain ({columns})")
        start = time.monotonic()
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            marks = ", ".join("?" * len(COLUMNS))
            database.executemany(f"INSERT INTO plain VALUES ({marks})", rows)
        database.commit()
        return time.monotonic() - start


def manage(site: Site, *words: object) -> tuple[float, float]:
    """Run a command of the site; return its seconds, and its largest memory in MB."""
    start, largest = time.monotonic(), 0
    command = [sys.executable, "manage.py", *map(str, words)]
    with subprocess.Popen(
        command, cwd=ROOT, env=site.environment, stdout=subprocess.DEVNULL
    ) as process:
        program = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                memory = program.memory_info()
            except psutil.NoSuchProcess:
                break
            # Pages of files count for all who map them; macOS does not tell them apart.
            largest = max(largest, memory.rss - getattr(memory, "shared", 0))
            time.sleep(0.02)
    if process.wait():
        sys.exit(f"{command} ended with status {process.returncode}.")
    return time.monotonic() - start, largest / 2**20


def measure(database: str, rows: int, stamps: int) -> None:
    """Import so many rows, of which so many have stamps, into an empty database."""
    with tempfile.TemporaryDirectory() as folder, served(database) as (site, _):
        path = Path(folder) / "rows.csv"
        write_rows(path, rows, stamps)
        mosaics = [w for mosaic in write_mosaics(Path(folder)) for w in ("--mosaic", mosaic)]
        manage(site, "import_field", "large", *mosaics)
        ledger = Ledger(site)
        experts = ledger.open_field("f", 10_000, EXPERTS)
        call_in_parallel(experts, lambda expert: expert.request("GET", "progress/"))
        over = Event()
        with ThreadPoolExecutor(EXPERTS) as pool:
            people = [pool.submit(vote_until, over, expert) for expert in experts]
            time.sleep(BEFORE_S)
            before = p95_ms(experts, "submit")
            try:
                seconds, memory = manage(site, "import_catalogue", "large", path, "--allow-outside")
            finally:
                over.set()
            longest = 1000 * max(max(expert.seconds["submit"]) for expert in experts)
            during = p95_ms(experts, "submit")
            for future in people:
                future.result()
        plain = plain_seconds(site, path)
        name = f"{database}, catalogue of {rows} rows, {stamps} with stamps"
        record(f"{name}: rows, beside a copy", rows / seconds, "1/s", rows / plain, file="imports")
        record(f"{name}: memory", memory, "MB", MAX_MEMORY_MB, file="imports")
        record(f"{name}: submit meanwhile, p95", during, "ms", before, file="imports")
        record(f"{name}: submit meanwhile, longest", longest, "ms", before, file="imports")
        ledger.assert_audit_passes()
        ledger.close()


def main(databases: Sequence[str], numbers: Sequence[int]) -> None:
    """Append the figures to `bench/imports.jsonl`."""
    for database in databases:
        for stamps in numbers[1:] or STAMPS:
            measure(database, numbers[0] if numbers else ROWS, stamps)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        [word for word in arguments if word in DATABASES] or DATABASES,
        [int(word) for word in arguments if word.isdecimal()],
    )
