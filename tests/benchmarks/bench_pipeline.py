"""From mosaics and catalogue to a classified table of NGC 1566's 2752 objects, against StarcNet's.

Ours is what a user types: `import_field`, `import_catalogue`, `python -m classifier predict`. The
peer's steps are those of its published pipeline (Perez et al. 2021): read the five mosaics, slice
32 x 32 px about each position one by one, keep the slices in a pickle, subtract each band's mean,
and let a DataLoader of 64 feed the network in float32, scores to a table. Both networks have
learnt before, outside the measured time, from the same labels, and are judged on the same control
sample. Pixels are simulated from the real catalogue, so a class is what was drawn.
"""

import csv
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from astropy.io import fits
from report import home, record
from torch.utils.data import DataLoader, TensorDataset

from classifier import files
from classifier.network import DualBackbone
from classifier.prediction import read_config

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ASTERISM_DATA", ROOT.parent / "shared" / "data"))
NAME = "hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"
CATALOGUE = DATA / "catalogues" / NAME
LABELS = "LEGUS, mode of three"
FILTERS = ("f275w", "f336w", "f438w", "f555w", "f814w")
SIDE = 32
COUNT = 2752
LEARNT = {"quick": ["pretrained=false"], "starcnet": ["batches=150", "members=1"]}


def command(*words: object) -> None:
    """Run Python with these words; its output only shows where it fails."""
    line = [sys.executable, *map(str, words)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(line)}\n{done.stdout}{done.stderr}")


def simulated(folder: Path) -> list[Path]:
    """The five mosaics, made once."""
    mosaics = [folder / f"ngc1566_{name}_sim.fits" for name in FILTERS]
    if not all(path.exists() for path in mosaics):
        command(
            *("-m", "labeling.simulation", "ngc1566", "--catalogue", CATALOGUE),
            *("--zero-points", DATA / "legus_meta" / "header_info_ngc1566_prime.txt"),
            *("--psf", DATA / "psf", "--output", folder),
        )
    return mosaics


def imported(mosaics: Sequence[Path]) -> float:
    """Import field and catalogue as a user would; returns seconds."""
    start = time.perf_counter()
    named = [word for path in mosaics for word in ("--mosaic", path)]
    command("manage.py", "import_field", "ngc1566", *named)
    command("manage.py", "import_catalogue", "ngc1566", CATALOGUE)
    return time.perf_counter() - start


def classified(manifest: Path, run: Path, table: Path) -> float:
    """Predict every candidate; returns seconds."""
    start = time.perf_counter()
    packs = manifest.parents[2] / "packs"
    command(
        *("-m", "classifier", "predict", manifest, "--packs", packs),
        *("--run", run, "--output", table, "--quiet"),
    )
    return time.perf_counter() - start


def accuracy(manifest: Path, run: Path) -> float:
    """Share of right answers in the control sample."""
    packs = manifest.parents[2] / "packs"
    line = [sys.executable, "-m", "classifier", "evaluate", manifest, "--packs", packs]
    found = subprocess.run(
        [*line, "--run", run, "--quiet"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(json.loads(found.stdout)["accuracy"]["value"])


def peer(mosaics: Sequence[Path], run: Path, folder: Path) -> float:
    """StarcNet's own steps; returns seconds."""
    config = read_config(run)
    network = DualBackbone.of(config).eval()
    files.load_member(run, 0, network)
    start = time.perf_counter()
    sliced(mosaics, folder / "slices.dat")
    with (folder / "slices.dat").open("rb") as file:
        stamps = pickle.load(file)
    stamps -= stamps.mean(axis=(0, 2, 3), keepdims=True)
    dataset = TensorDataset(torch.from_numpy(stamps).float(), torch.zeros(len(stamps)))
    scores = []
    with torch.no_grad():
        for x, _ in DataLoader(dataset, batch_size=64):
            scores.append(network(x).numpy())
    with (folder / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(np.concatenate(scores).tolist())
    return time.perf_counter() - start


def sliced(mosaics: Sequence[Path], path: Path) -> None:
    """A pickle of slices (n, 5, 32, 32), one candidate after the other."""
    x, y = (np.loadtxt(CATALOGUE, usecols=column, dtype=float) for column in (1, 2))
    images = [fits.getdata(mosaic) for mosaic in mosaics]
    height, width = images[0].shape
    half = SIDE // 2
    slices = []
    for column, row in zip(x.astype(int), y.astype(int), strict=True):
        if half < column < width - half and half < row < height - half:
            box = (slice(row - half, row + half), slice(column - half, column + half))
            slices.append(np.stack([image[box] for image in images]))
    with path.open("wb") as file:
        pickle.dump(np.asarray(slices), file)


def main() -> None:
    """Measure, and append the figures to `bench/pipeline.jsonl`."""
    if not CATALOGUE.is_file():
        sys.stdout.write(
            f"Not measured: {CATALOGUE} is not there; ASTERISM_DATA names its folder.\n"
        )
        return
    mosaics = simulated(home() / "bench" / "ngc1566")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"ASTERISM_HOME": name, "REDIS_URL": "redis://127.0.0.1:9"}
        command("manage.py", "migrate", "--verbosity=0")
        make = "from django.contrib.auth.models import User; User.objects.create_superuser('admin')"
        command("manage.py", "shell", "-v0", "-c", make)
        seconds = imported(mosaics)
        command("manage.py", "train", "--labels", LABELS)
        manifest = folder / "runs" / "1" / "training_set.csv"
        for preset, settings in LEARNT.items():
            words = [word for setting in settings for word in ("--set", setting)]
            command(
                *("-m", "classifier", "train", manifest, "--packs", folder / "packs"),
                *("--run", folder / preset, "--preset", preset, *words, "--quiet"),
            )
        seconds += classified(manifest, folder / "quick", folder / "table.csv")
        theirs = peer(mosaics, folder / "starcnet", folder)
        right = [accuracy(manifest, folder / preset) for preset in LEARNT]
    what = "NGC 1566, mosaics to table"
    record(what, COUNT / seconds, "objects/s", COUNT / theirs, file="pipeline")
    record("NGC 1566, accuracy on the control sample", right[0], "share", right[1], file="pipeline")


if __name__ == "__main__":
    main()
