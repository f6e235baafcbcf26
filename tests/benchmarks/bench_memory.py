"""Memory of training on 20 000 candidates of 50 px, stamps, network and all: it must fit in 4 GiB.

The pack has few stamps, each of which many candidates share: what is in memory does not know.
"""

import csv
import resource
import sys
import tempfile
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import plain
from report import record

from classifier import Manifest, train
from classifier.core.config import PACK_STAMP_PX
from classifier.core.packs import new_pack
from classifier.core.training_set import COLUMNS

CANDIDATES = 20_000
STAMPS = 256
LIMIT_GIB = 4.0


def write(folder: Path) -> Path:
    """A pack of noise, and a manifest."""
    bands = plain.PAPER.bands
    shape = (STAMPS, len(bands), PACK_STAMP_PX, PACK_STAMP_PX)
    stamps = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with new_pack(folder / "noise.zarr", STAMPS, bands=bands) as write_block:
        write_block(0, stamps, np.ones(shape[:2], dtype=bool))
    path = folder / "training.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for i in range(CANDIDATES):
            table.writerow([i, "noise", i, "noise.zarr", i % STAMPS, "train", 1 + i % 4])
    return path


def peak(path: str) -> None:
    """In a process of its own: three batches of the paper's protocol; leaves its peak in GiB."""
    manifest = Manifest.read(Path(path), Path(path).parent)
    config = replace(plain.PAPER, batches=3, members=1, pretrained=False)
    train(config, manifest, Path(path).parent / "run")
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kib = largest / 1024 if sys.platform == "darwin" else largest
    (Path(path).parent / "peak").write_text(str(kib / 1024**2))


def main() -> None:
    """Measure, and append the figure to `bench/memory.jsonl`."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder))
        process = get_context("spawn").Process(target=peak, args=(str(path),))
        process.start()
        process.join()
        gib = float((Path(folder) / "peak").read_text())
    # The more room is left, the better.
    record("room of training on 20 000 candidates", 1 / gib, "1/GiB", 1 / LIMIT_GIB, file="memory")


if __name__ == "__main__":
    main()
