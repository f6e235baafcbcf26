"""A catalogue of a million rows is imported on PostgreSQL, while people vote in another field.

Rows per second from the start of the command to its end, beside a plain COPY of the same file into
a table without indexes; the largest memory of the command, against its bound; the wait for a vote
meanwhile, against that before.

    PYTHONPATH=. python tests/benchmarks/bench_imports.py [ROWS]
"""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import numpy as np
import psutil
import psycopg2
from astropy.io import fits
from bench_predictions import BEFORE_S, EXPERTS, p95_ms, vote_until
from bench_queue import served
from report import record

from classifier.core.bands import BANDS, FILTERS
from tests.services.site import ROOT, Site
from tests.soak.expert import call_in_parallel
from tests.soak.ledger import Ledger

SHAPE = (260, 240)
ROWS = 1_000_000
INSIDE = 5000
MAX_MEMORY_MB = 500
COLUMNS = ("id", "x", "y", "ci", *(f"{k}_{FILTERS[b]}" for b in BANDS for k in ("mag", "err")))


def write_mosaics(folder: Path) -> list[Path]:
    """Write five small mosaics of noise."""
    rng = np.random.default_rng(1)
    wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 65.0, "CRVAL2": -54.9}
    wcs |= {"CRPIX1": 120.5, "CRPIX2": 130.5, "CD1_1": -1.1e-5, "CD2_2": 1.1e-5}
    paths = [folder / f"{FILTERS[band]}.fits" for band in BANDS]
    for band, path in zip(BANDS, paths, strict=True):
        header = fits.Header({**wcs, "FILTER": FILTERS[band], "BUNIT": "ELECTRONS/S"})
        fits.PrimaryHDU(rng.normal(1, 0.1, SHAPE).astype("float32"), header).writeto(path)
    return paths


def write_rows(path: Path, rows: int) -> None:
    """Write a CSV file of sources, INSIDE of which lie on the mosaics."""
    rng = np.random.default_rng(0)
    height, width = SHAPE
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        for first in range(0, rows, 10_000):
            number = np.arange(first, min(first + 10_000, rows))
            inside = number % max(1, rows // INSIDE) == 0
            scale = np.where(inside, 1, 100)
            x, y = (scale * rng.uniform(1, size, len(number)) for size in (width, height))
            ci, mag = rng.uniform(1, 2, len(number)), rng.uniform(18, 26, (len(number), len(BANDS)))
            errors = np.full_like(mag, 0.05)
            photometry = np.stack([mag, errors], axis=2).reshape(len(number), -1)
            np.savetxt(file, np.column_stack([number, x, y, ci, photometry]), "%d" + ",%.3f" * 13)


def copy_seconds(url: str, path: Path) -> float:
    """Return how long PostgreSQL takes to COPY the file into a table without indexes."""
    columns = ", ".join(f'"{name}" double precision' for name in COLUMNS)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE plain ({columns})")
        connection.commit()
        start = time.monotonic()
        with path.open(encoding="utf-8") as file:
            cursor.copy_expert("COPY plain FROM STDIN (FORMAT csv, HEADER)", file)
        connection.commit()
        return time.monotonic() - start


def manage(site: Site, *words: object) -> tuple[float, float]:
    """Run a command of the site; return its seconds, and its largest memory in MB."""
    start, largest = time.monotonic(), 0
    command = [sys.executable, "manage.py", *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, env=site.environment) as process:
        program = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                largest = max(largest, program.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.1)
    if process.wait():
        sys.exit(f"{command} ended with status {process.returncode}.")
    return time.monotonic() - start, largest / 2**20


def main(rows: int) -> None:
    """Append the figures to `bench/imports.jsonl`."""
    with tempfile.TemporaryDirectory() as folder, served("postgresql") as (site, _):
        path = Path(folder) / "rows.csv"
        write_rows(path, rows)
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
            during = p95_ms(experts, "submit")
            for future in people:
                future.result()
        plain = copy_seconds(site.environment["DATABASE_URL"], path)
        ledger.assert_audit_passes()
        ledger.close()
    name = f"postgresql, catalogue of {rows} rows"
    record(f"{name}: rows against COPY", rows / seconds, "1/s", rows / plain, file="imports")
    record(f"{name}: memory", memory, "MB", MAX_MEMORY_MB, file="imports")
    record(f"{name}: submit meanwhile, p95", during, "ms", before, file="imports")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
