"""Whether quantised stamps cost accuracy: the same trainings on lossless and on quantised ones.

    PYTHONPATH=. python tests/benchmarks/quantised_accuracy.py

Sample      every candidate of one simulated field, each classified by a network that learnt from
            the other folds: accuracy on the rest of the field, not on new sky.
Arms        lossless; quantised, with the same seeds; and lossless with other seeds, which shows how
            much two trainings differ anyway.
Figures     differences of accuracy with Bonett and Price's interval for pairs; and what a network
            that learnt from lossless stamps says when it is shown the quantised ones.

var/quantised holds every training, so what was interrupted goes on.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.stats import sigma_clipped_stats
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from classifier import PRESETS, Manifest
from classifier.core.atomic_files import write_atomically
from classifier.core.bands import BANDS
from classifier.core.config import STARCNET_PX
from classifier.core.packs import new_pack
from classifier.core.statistics import PairedAccuracy
from classifier.core.training_set import COLUMNS
from classifier.experiments import Arm, Outcome, run_arms
from classifier.inference.prediction import predict
from labeling.imaging.stamps import cut_stamps
from labeling.simulation import simulate_field
from tests.benchmarks import transfer

WORK = transfer.WORK.parent / "quantised"

CANDIDATES, SIDE, FIELD_SEED = 900, 2500, 2021
FOLDS, OTHER_SEEDS = 3, 100

# StarcNet's architecture learns in a minute, and from random weights: no ImageNet features help it.
CONFIG = replace(
    PRESETS["quick"],
    backbone="starcnet",
    pretrained=False,
    stamp_px=STARCNET_PX,
    input_px=STARCNET_PX,
    batches=120,
    members=1,
)

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Shift:
    """How the answers of one network change from lossless to quantised stamps."""

    changed: int
    of: int
    largest: float
    """Largest change of a probability."""


def write_packs(folder: Path) -> None:
    """One simulated field, as a lossless and as a quantised pack with the same manifest."""
    field = simulate_field(FIELD_SEED, (SIDE, SIDE), CANDIDATES)
    x, y = (np.asarray(field.catalogue[axis], dtype=float) - 1 for axis in "xy")
    images = [np.asarray(field.mosaics[band].data, dtype=np.float32) for band in BANDS]
    sigma = [sigma_clipped_stats(i[np.isfinite(i) & (i != 0)])[2] for i in images]
    stamps = np.stack([cut_stamps(image, x, y) for image in images], axis=1)
    observed = np.isfinite(stamps).any(axis=(2, 3))
    for name, noise in {"lossless": None, "quantised": sigma}.items():
        with new_pack(folder / name / "field.zarr", len(x), sky_sigma=noise) as write:
            write(0, stamps, observed)
    classes = field.truth["class"].tolist()
    lines = [f"{k},simulated,{k},field.zarr,{k},train,{label}" for k, label in enumerate(classes)]
    text = "\n".join([",".join(COLUMNS), *lines, ""])
    write_atomically(folder / "field.csv", text.encode())


def folds(manifest: Manifest) -> list[NDArray[np.str_]]:
    """The split of each fold, in which its candidates are the control sample."""
    splits = []
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for _, control in splitter.split(manifest.label, manifest.label):
        split = manifest.split.astype("U7")
        split[control] = "control"
        splits.append(split)
    return splits


def trained(name: str, manifest: Manifest, first_seed: int) -> list[Outcome]:
    """The outcome of each fold."""
    arms = [
        Arm(
            f"{name}-{fold}",
            replace(CONFIG, seed=first_seed + fold),
            manifest.changed(split=split),
        )
        for fold, split in enumerate(folds(manifest))
    ]
    return run_arms(arms, WORK, lambda _: None)


def right_answers(outcomes: Sequence[Outcome]) -> Right:
    """Whether the answer to each candidate (N,) is right, by the network that did not learn it."""
    manifest = outcomes[0].arm.manifest
    right = np.zeros(len(manifest), dtype=bool)
    for outcome in outcomes:
        control = outcome.arm.manifest.split == "control"
        right[control] = (outcome.predictions.label == manifest.label)[control]
    return right


def shift(outcomes: Sequence[Outcome], quantised: Manifest) -> Shift:
    """Show the quantised stamps to the networks that learnt from lossless ones."""
    changed, largest = 0, 0.0
    for outcome in outcomes:
        control = outcome.arm.manifest.split == "control"
        other = predict(WORK / outcome.arm.name, quantised)
        changed += int((other.label != outcome.predictions.label)[control].sum())
        difference = np.abs(other.probability - outcome.predictions.probability)
        largest = max(largest, float(difference[control].max()))
    return Shift(changed, len(quantised), largest)


def main() -> None:
    """Train what is missing, and print the figures; `result.json` keeps them."""
    if not (WORK / "field.csv").exists():
        write_packs(WORK)
    lossless, quantised = (
        Manifest.read(WORK / "field.csv", WORK / name) for name in ("lossless", "quantised")
    )
    outcomes = {
        "lossless": trained("lossless", lossless, 0),
        "quantised": trained("quantised", quantised, 0),
        "other seeds": trained("other-seeds", lossless, OTHER_SEEDS),
    }
    right = {name: right_answers(arm) for name, arm in outcomes.items()}
    pairs = {
        name: PairedAccuracy.measure(right[name], right["lossless"])
        for name in ("quantised", "other seeds")
    }
    for name, pair in pairs.items():
        sys.stdout.write(
            f"{name} - lossless: {pair.difference:+.4f} ({pair.low:+.4f} to {pair.high:+.4f}), "
            f"accuracy {pair.first.value:.4f} and {pair.second.value:.4f} "
            f"of {len(lossless)} candidates\n"
        )
    moved = shift(outcomes["lossless"], quantised)
    sys.stdout.write(
        f"one network, quantised stamps: {moved.changed} of {moved.of} answers change, a "
        f"probability by at most {moved.largest:.3f}\n"
    )
    figures = {
        name: pair.__dict__ | {"first": pair.first.value, "second": pair.second.value}
        for name, pair in pairs.items()
    }
    figures["shift"] = moved.__dict__
    write_atomically(WORK / "result.json", json.dumps(figures, indent=1).encode())


if __name__ == "__main__":
    main()
