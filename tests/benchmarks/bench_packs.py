"""Stamp packs: quantised against lossless, the format that was written before.

Stamps of a simulated field, so that noise, stars and structure are those of real packs. The two
packs take turns, and each counts with the best of its rounds, for a busy machine only ever slows
things down. `from the disk` reads files that the system has been told to forget.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.stats import sigma_clipped_stats
from numpy.typing import NDArray
from report import record

from classifier import PRESETS, Manifest
from classifier.core.bands import BANDS
from classifier.core.packs import SHARD, Pack, new_pack, read_stamps
from classifier.core.training_set import COLUMNS
from classifier.data.stamps import CHUNK, StampWindow, read_chunks
from labeling.imaging.stamps import cut_stamps
from labeling.simulation import simulate_field

SIDE, SOURCES, REPEATS = 1600, 256, 8
COUNT = SOURCES * REPEATS
SINGLE = 100
ROUNDS = 5

Stamps = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """Stamps (n, C, y, x), and the sky's sigma (C,) of each band."""

    stamps: Stamps
    sigma: NDArray[np.float64]


def sample() -> Sample:
    """Stamps of a simulated field."""
    field = simulate_field(1, (SIDE, SIDE), SOURCES)
    x, y = (np.asarray(field.catalogue[axis], dtype=float)[:SOURCES] - 1 for axis in "xy")
    images = [np.asarray(field.mosaics[band].data, dtype=np.float32) for band in BANDS]
    sigma = [sigma_clipped_stats(i[np.isfinite(i) & (i != 0)])[2] for i in images]
    return Sample(np.stack([cut_stamps(i, x, y) for i in images], axis=1), np.array(sigma))


def blocks(stamps: Stamps) -> Iterator[tuple[int, Stamps]]:
    """All candidates, as an import writes them."""
    for first in range(0, COUNT, SHARD):
        rows = np.arange(first, first + SHARD) % len(stamps)
        yield first, stamps[rows]


def write(path: Path, data: Sample, *, lossless: bool) -> Path:
    """A pack of COUNT candidates."""
    with new_pack(path, COUNT, sky_sigma=None if lossless else data.sigma) as add:
        for first, block in blocks(data.stamps):
            add(first, block, np.isfinite(block).any(axis=(2, 3)))
    return path


def manifest(folder: Path, pack: str) -> Manifest:
    """A training set of all candidates of a pack."""
    lines = [f"{k},f,{k},{pack},{k},train,1" for k in range(COUNT)]
    path = folder / f"{pack}.csv"
    path.write_text("\n".join([",".join(COLUMNS), *lines, ""]), encoding="utf-8")
    return Manifest.read(path, folder)


def files_of(path: Path) -> list[Path]:
    """The files of a pack."""
    return [file for file in path.rglob("*") if file.is_file()]


def forget(path: Path) -> None:
    """Let the system forget the content of the files, so that the next reading is from the disk."""
    for file in files_of(path):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def read_singly(path: Path) -> None:
    """SINGLE candidates, one after the other, as pages read them."""
    for row in np.linspace(0, COUNT - 1, SINGLE, dtype=int):
        read_stamps(path, int(row))


def read_whole(path: Path) -> None:
    """Every candidate, in the blocks of a training."""
    pack = Pack.open(path)
    for first in range(0, COUNT, CHUNK):
        pack.read(np.arange(first, first + CHUNK))


def read_plainly(path: Path) -> None:
    """The bytes of all files."""
    for file in files_of(path):
        file.read_bytes()


def read_for_training(path: Path) -> None:
    """Every candidate as a network takes it: read, cut and scaled."""
    config = PRESETS["quick"]
    rows = manifest(path.parent, path.name)
    for _ in read_chunks(rows, np.arange(COUNT), config, StampWindow.training(config)):
        pass


def seconds(
    task: Callable[[Path], None], paths: list[Path], *, cold: bool = False
) -> NDArray[np.float64]:
    """Seconds that the task takes for each path, the best of ROUNDS."""
    best = np.full(len(paths), np.inf)
    for _ in range(ROUNDS):
        for k, path in enumerate(paths):
            if cold:
                forget(path)
            start = time.perf_counter()
            task(path)
            best[k] = min(best[k], time.perf_counter() - start)
    return best


def main() -> None:
    """Measure all, and append the figures to `bench/packs.jsonl`."""
    data = sample()
    with tempfile.TemporaryDirectory(dir=os.environ.get("ASTERISM_HOME")) as name:
        folder = Path(name)
        written = []
        for lossless in (False, True):
            start = time.perf_counter()
            write(
                folder / ("lossless.zarr" if lossless else "quantised.zarr"),
                data,
                lossless=lossless,
            )
            written.append(time.perf_counter() - start)
        paths = [folder / "quantised.zarr", folder / "lossless.zarr"]
        size = [sum(file.stat().st_size for file in files_of(path)) for path in paths]

        def compare(what: str, count: int, unit: str, spent: NDArray[np.float64]) -> None:
            rates = count / spent
            record(f"quantised pack: {what}", rates[0], unit, rates[1], file="packs")

        compare("candidates in a megabyte", COUNT, "candidates/MB", np.array(size) / 1e6)
        compare("writing", COUNT, "candidates/s", np.array(written))
        compare("one candidate at a time", SINGLE, "candidates/s", seconds(read_singly, paths))
        compare("whole, from memory", COUNT, "candidates/s", seconds(read_whole, paths))
        cold = seconds(read_whole, paths, cold=True)
        compare("whole, from the disk", COUNT, "candidates/s", cold)
        compare(
            "read and scaled for a training",
            COUNT,
            "candidates/s",
            seconds(read_for_training, paths),
        )
        plain = seconds(read_plainly, paths[1:], cold=True)[0]
        record(
            "quantised pack: whole, from the disk, against the bytes of a lossless one",
            COUNT / cold[0],
            "candidates/s",
            COUNT / plain,
            file="packs",
        )


if __name__ == "__main__":
    main()
