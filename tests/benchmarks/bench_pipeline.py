"""From mosaics and catalogue to a classified table of NGC 1566's 2752 objects, against StarcNet's.

Ours is what a user types: `import_field`, `import_catalogue`, `python -m classifier predict`. The
peer's steps are those of its published pipeline (Perez et al. 2021): read the five mosaics, slice
32 x 32 px about each position one by one, keep the slices in a pickle, subtract each band's mean,
and let a DataLoader of 64 feed the network in float32, scores to a table. Both networks have
learnt before, outside the measured time, from the same labels and for about as long, and are
compared on the same objects of the control sample by McNemar's test.
"""

import csv
import json
import pickle
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from astropy.io import fits
from report import home, record
from simulated_ngc1566 import CATALOGUE, COUNT, Site, command, simulated
from torch.utils.data import DataLoader, TensorDataset

from classifier.inference.prediction import read_config
from classifier.nets.dual_backbone import DualBackbone
from classifier.training import checkpoints

SIDE = 32
LEARNT = {
    "quick": ["pretrained=false", "batches=200"],
    "starcnet": ["members=1", "batches=900", "batch_size=8", "schedule=cosine"],
}
"""Settings by preset; in small steps for StarcNet, which needs many (docs/transfer.md)."""


def classified(site: Site, run: Path) -> None:
    """Predict every candidate."""
    command(
        *("-m", "classifier", "predict", site.training_set, "--packs", site.packs),
        *("--run", run, "--output", site.home / "table.csv", "--quiet"),
    )


def peer(mosaics: Sequence[Path], run: Path, folder: Path) -> float:
    """StarcNet's own steps; returns seconds."""
    config = read_config(run)
    network = DualBackbone.from_config(config).eval()
    checkpoints.load_member(run, 0, network)
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


def learn(site: Site) -> None:
    """Train both networks, each in the folder of its preset's name."""
    for preset, settings in LEARNT.items():
        words = [word for setting in settings for word in ("--set", setting)]
        command(
            *("-m", "classifier", "train", site.training_set, "--packs", site.packs),
            *("--run", site.home / preset, "--preset", preset, *words, "--quiet"),
        )


def compare(site: Site) -> None:
    """Record both accuracies on the control sample, and whether they differ (McNemar)."""
    output = command(
        *("-m", "classifier", "compare", site.training_set, "--packs", site.packs),
        *("--run", site.home / "quick", "--other", site.home / "starcnet", "--quiet"),
    )
    comparison = json.loads(output)
    questions = {"four classes": "overall", "cluster or not": "binary"}
    for question, key in questions.items():
        pair = comparison[key]
        name = f"NGC 1566, {comparison['count']} control objects, {question}"
        ours, theirs = pair["first"]["value"], pair["second"]["value"]
        record(f"{name}: accuracy", ours, "share", theirs, file="pipeline")
        sys.stdout.write(
            f"  difference {pair['difference']:+.3f} ({pair['low']:+.3f} to {pair['high']:+.3f})\n"
        )
        # Below 1, the ratio says that they differ.
        record(f"{name}: p of McNemar's test", pair["p_value"], "share", 0.05, file="pipeline")


def main() -> None:
    """Measure, and append the figures to `bench/pipeline.jsonl`."""
    if not CATALOGUE.is_file():
        sys.stdout.write(
            f"Not measured: {CATALOGUE} is not there; ASTERISM_DATA names its folder.\n"
        )
        return
    mosaics = simulated(home() / "bench" / "ngc1566")
    with tempfile.TemporaryDirectory() as name:
        site = Site.make(Path(name))
        start = time.perf_counter()
        site.import_all(mosaics)
        seconds = time.perf_counter() - start
        site.freeze_labels()
        learn(site)
        start = time.perf_counter()
        classified(site, site.home / "quick")
        seconds += time.perf_counter() - start
        theirs = peer(mosaics, site.home / "starcnet", site.home)
        name = "NGC 1566, mosaics to table"
        record(name, COUNT / seconds, "objects/s", COUNT / theirs, file="pipeline")
        compare(site)


if __name__ == "__main__":
    main()
