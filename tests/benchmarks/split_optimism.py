"""How optimistic a random split is about new sky: `make optimism` renews docs/figures.md.

Accuracy on control candidates of a random split, less the accuracy on control cells with a guard,
after training on as many labels. Two sets of candidates whose classes are known: a simulated field,
and NGC 1566 with its real positions and classes and simulated pixels. Each candidate is in the
control sample once for each seed and split. var/optimism holds what was computed, so what was
interrupted goes on.

    PYTHONPATH=. python tests/benchmarks/split_optimism.py [--networks]
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.stats import norm

from classifier import PRESETS, Manifest
from classifier.active.imagenet_features import stored_features
from classifier.active.learners import HeadLearner, NetworkLearner
from classifier.core.array_sets import MANIFEST, write_training_set
from classifier.core.atomic_files import write_atomically
from classifier.core.control_sample import (
    CELL_PX,
    GUARD_PX,
    in_control_cell,
    near_control_cell,
    sky_groups,
)
from classifier.core.shared_sky import shares_sky
from classifier.core.statistics import LEVEL, percentile_interval, wilson_interval
from labeling.imaging.stamps import cut_stamps
from labeling.simulation import read_legus, simulate_field
from labeling.simulation.legus import CLASS_BY_THREE
from tests.benchmarks import simulate, simulated_ngc1566, transfer

WORK = transfer.WORK.parent / "optimism"
PAGE = transfer.ROOT / "docs" / "figures.md"

FOLDS = 5
SEEDS = {"position": 20, "head": 5, "network": 3}
"""Repetitions of each learner, with other cells and other random folds."""

BOOTSTRAPS = 4000
STAMP_PX = 50

FEATURES = replace(simulate.SEEN, stamp_px=STAMP_PX)

NETWORK = replace(PRESETS["quick"], backbone="efficientnet_lite0", stamp_px=STAMP_PX, members=1)
"""The quick preset with its smallest backbone: thirty trainings of a set, minutes each."""

TITLES = {
    "position": "nearest neighbour by position alone",
    "head": "linear head on ImageNet features",
    "network": "whole network, EfficientNet-Lite0 from ImageNet weights, one member",
}

Predict = Callable[[NDArray[np.int64], int], NDArray[np.int64]]
"""Returns answers (N,) after training on labels (N,), 0 for none, with a seed."""
Folds = Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]
"""Candidates (N,) to measure on and to train on."""


@dataclass(frozen=True)
class KnownField:
    """Candidates with known classes and positions."""

    name: str
    title: str
    manifest: Manifest
    points: NDArray[np.float64]
    """(N, 2) px."""

    @cached_property
    def label(self) -> NDArray[np.int64]:
        """Classes (N,), from 1."""
        return self.manifest.label

    @property
    def folder(self) -> Path:
        """Where its results are."""
        return WORK / self.name


def known_field(
    name: str,
    title: str,
    points_N2: NDArray[np.float64],
    label_N: NDArray[np.int64],
    images: Callable[[], list[NDArray[np.float32]]],
) -> KnownField:
    """Cut the stamps of the five images once, and return the field."""
    folder = WORK / name
    if not (folder / MANIFEST).exists():
        stamps = np.stack([cut_stamps(image, *points_N2.T) for image in images()], axis=1)
        write_training_set(folder, stamps, label_N, split=["train"] * len(label_N), field=name)
    return KnownField(name, title, Manifest.read(folder / MANIFEST, folder), points_N2)


def simulated_field() -> KnownField:
    """The field of the labelling replays."""
    field = simulate_field(simulate.SEED, (simulate.SIDE, simulate.SIDE), simulate.CANDIDATES)
    points = np.column_stack([np.asarray(field.catalogue[axis], float) - 1 for axis in "xy"])
    label = np.asarray(field.truth["class"], dtype=np.int64)

    def images() -> list[NDArray[np.float32]]:
        return [np.asarray(hdu.data, dtype=np.float32) for hdu in field.mosaics.values()]

    return known_field("field", "simulated field", points, label, images)


def ngc1566() -> KnownField:
    """NGC 1566: positions and classes by three people (LEGUS), simulated pixels."""
    path = simulated_ngc1566.CATALOGUE
    by_people = np.loadtxt(path, usecols=CLASS_BY_THREE).astype(np.int64)
    table, label = read_legus(path)[by_people > 0], by_people[by_people > 0]
    points = np.column_stack([np.asarray(table[axis], float) - 1 for axis in "xy"])

    def images() -> list[NDArray[np.float32]]:
        folder = Path(os.environ.get("ASTERISM_MOSAICS", WORK / "mosaics"))
        paths = simulated_ngc1566.simulated(folder)
        return [np.asarray(fits.getdata(path), dtype=np.float32) for path in paths]

    return known_field("ngc1566", "NGC 1566, simulated pixels", points, label, images)


def cell_folds(field: KnownField, seed: int) -> Folds:
    """Each fifth of the sky cells once, with its guard; the seed shifts the cells."""
    shift = np.random.default_rng(seed).uniform(0, CELL_PX, 2)
    # Five columns on, the lattice of control cells is the same; each column is another fifth.
    for fold in range(FOLDS):
        points = field.points + shift + [fold * CELL_PX, 0]
        control_N = in_control_cell("optimism", *points.T)
        yield control_N, ~control_N & ~shares_sky(field.points, field.points[control_N], GUARD_PX)


def random_folds(field: KnownField, seed: int) -> Folds:
    """Random candidates, as many to measure on and to train on as in the folds of cells."""
    rng = np.random.default_rng([seed, 1])
    order = rng.permutation(len(field.points))
    first = 0
    for of_cells, trained in cell_folds(field, seed):
        control_N, train_N = np.zeros((2, len(order)), dtype=bool)
        control_N[order[first : first + of_cells.sum()]] = True
        first += int(of_cells.sum())
        train_N[rng.choice(np.flatnonzero(~control_N), trained.sum(), replace=False)] = True
        yield control_N, train_N


FOLDS_OF = {"random": random_folds, "cells": cell_folds}


def by_position(field: KnownField) -> Predict:
    """The class of the nearest training candidate."""

    def predict(label_N: NDArray[np.int64], _seed: int) -> NDArray[np.int64]:
        trained = np.flatnonzero(label_N)
        _, nearest = KDTree(field.points[trained]).query(field.points)
        return label_N[trained[nearest]]

    return predict


def by_head(field: KnownField) -> Predict:
    """An ensemble of linear heads on features of ImageNet."""
    features = stored_features(field.manifest, FEATURES, field.folder / "features.safetensors")
    learner = HeadLearner(features, FEATURES.classes)

    def predict(label_N: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        member_MNK = learner.learn(label_N, seed).member_probability
        return member_MNK.mean(axis=0).argmax(axis=1) + 1

    return predict


def by_network(field: KnownField) -> Predict:
    """A whole network, trained anew for each fold."""
    learner = NetworkLearner(NETWORK, field.manifest, field.folder / "networks")

    def predict(label_N: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        return learner.learn(label_N, seed).member_probability[0].argmax(axis=1) + 1

    return predict


LEARNERS = {"position": by_position, "head": by_head, "network": by_network}


def learners() -> list[str]:
    """Return the learners to compare: whole networks, which take hours, if they are asked for."""
    return [name for name in LEARNERS if name != "network" or "--networks" in sys.argv[1:]]


def right_answers(field: KnownField, learner: str, split: str) -> NDArray[np.bool_]:
    """Return which control candidates are classified rightly, (seeds, N)."""
    predict = None
    right = np.zeros((SEEDS[learner], len(field.label)), dtype=bool)
    for seed in range(SEEDS[learner]):
        for fold, (control_N, train_N) in enumerate(FOLDS_OF[split](field, seed)):
            path = field.folder / f"{learner}-{split}-{seed}-{fold}.json"
            if not path.exists():
                predict = predict or LEARNERS[learner](field)
                answers = predict(np.where(train_N, field.label, 0), seed)
                write_atomically(path, json.dumps(answers[control_N].tolist()).encode())
            right[seed, control_N] = json.loads(path.read_bytes()) == field.label[control_N]
    return right


def apart(field: KnownField, seeds: int) -> NDArray[np.bool_]:
    """Return which random control candidates share no sky with the training, (seeds, N)."""
    result = np.zeros((seeds, len(field.label)), dtype=bool)
    for seed in range(seeds):
        for control_N, train_N in random_folds(field, seed):
            trained = field.points[train_N]
            result[seed, control_N] = ~shares_sky(field.points[control_N], trained, STAMP_PX)
    return result


def mean_with_interval(
    values_SN: NDArray[np.float64], used_SN: NDArray[np.bool_], groups_N: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return a mean over seeds and candidates, and its interval over sky cells and seeds."""
    size = int(groups_N.max()) + 1
    sums_SC = np.array(
        [np.bincount(groups_N, v * u, size) for v, u in zip(values_SN, used_SN, strict=True)]
    )
    counts_SC = np.array([np.bincount(groups_N, u, size) for u in used_SN])
    rng = np.random.default_rng(0)
    means = []
    for _ in range(BOOTSTRAPS):
        seeds, cells = rng.integers(0, len(sums_SC), len(sums_SC)), rng.integers(0, size, size)
        chosen = np.ix_(seeds, cells)
        means.append(sums_SC[chosen].sum() / counts_SC[chosen].sum())
    return float(sums_SC.sum() / counts_SC.sum()), *percentile_interval(np.array(means))


def width_by_cells(field: KnownField) -> float:
    """Return how wide the interval of heads on new cells is, as a multiple of Wilson's."""
    right_SN = right_answers(field, "head", "cells")
    groups = sky_groups(*field.points.T)
    mean, low, high = mean_with_interval(right_SN.astype(float), np.ones_like(right_SN), groups)
    count = right_SN.shape[1]
    wilson_low, wilson_high = wilson_interval(round(mean * count), count)
    return (high - low) / (wilson_high - wilson_low)


def guard_text() -> str:
    """Say which share of NGC 1566's training pool the guard takes, with and without a class."""
    table = read_legus(simulated_ngc1566.CATALOGUE)
    x_N, y_N = (np.asarray(table[axis], float) - 1 for axis in "xy")
    shares = []
    for column in range(FOLDS):
        x_shifted_N = x_N + column * CELL_PX
        control_N = in_control_cell("optimism", x_shifted_N, y_N)
        guard_N = near_control_cell("optimism", x_shifted_N, y_N) & ~control_N
        shares.append(guard_N.sum() / (~control_N).sum())
    return (
        f"NGC 1566 with all {len(x_N)} candidates: the guard of the product takes "
        f"{100 * min(shares):.0f} to {100 * max(shares):.0f} % of the training pool, by the place "
        "of the lattice.\n"
    )


def cell_text(values: tuple[float, float, float], *, signed: bool = False) -> str:
    """A mean and its interval in per cent."""
    sign = "+" if signed else ""
    mean, low, high = (f"{100 * value:{sign}.1f}".replace("-", "−") for value in values)
    return f"{mean} ({low} to {high})"


def rows(field: KnownField) -> Iterator[str]:
    """One row of the table for each learner."""
    groups = sky_groups(*field.points.T)
    for learner in learners():
        title = TITLES[learner]
        sys.stderr.write(f"{field.title}: {title}\n")
        random, cells = (right_answers(field, learner, split) for split in FOLDS_OF)
        everyone = np.ones_like(random)
        alone = apart(field, len(random))
        difference = random.astype(float) - cells
        yield " | ".join(
            [
                f"| {field.title}",
                title,
                cell_text(mean_with_interval(random.astype(float), everyone, groups)),
                cell_text(mean_with_interval(random.astype(float), alone, groups)),
                cell_text(mean_with_interval(cells.astype(float), everyone, groups)),
                cell_text(mean_with_interval(difference, everyone, groups), signed=True) + " |",
            ]
        )


def table(fields: list[KnownField]) -> str:
    """The table of the page, with a line on each field."""
    lines = []
    for field in fields:
        trained = np.mean(
            [train.sum() for seed in range(5) for _, train in cell_folds(field, seed)]
        )
        shared = 1 - apart(field, 5).mean()
        largest = np.bincount(field.label).max() / len(field.label)
        lines.append(
            f"{field.title[0].upper()}{field.title[1:]}: {len(field.label)} candidates in "
            f"{sky_groups(*field.points.T).max() + 1} cells, {trained:.0f} training labels in each "
            f"fold; {100 * shared:.0f} % of the random control candidates have a training "
            f"candidate within {STAMP_PX} px; the largest class has {100 * largest:.1f} %."
        )
        width = width_by_cells(field)
        lines.append(
            f"Its intervals of heads by sky cells are {width:.2f} times as wide as Wilson's, which "
            f"would hold in {100 * (2 * norm.cdf(norm.ppf((1 + LEVEL) / 2) / width) - 1):.0f} % of "
            "cases."
        )
    head = [
        "random split",
        f"of these, none trained within {STAMP_PX} px",
        "sky cells, guard around control candidates",
    ]
    lines += ["", f"| Set | Learner | {' | '.join(head)} | optimism of the random split |"]
    lines += ["|---|---|---:|---:|---:|---:|", *(row for field in fields for row in rows(field))]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compute what is missing, and renew the page's table."""
    fields = [simulated_field()]
    if simulated_ngc1566.CATALOGUE.exists():
        fields.append(ngc1566())
    else:
        sys.stderr.write(f"{simulated_ngc1566.CATALOGUE} is not there: NGC 1566 is left out.\n")
    text = table(fields)
    if len(fields) > 1:
        text += f"\n{guard_text()}"
    sys.stdout.write(text)
    if len(fields) > 1:
        page = PAGE.read_text(encoding="utf-8")
        write_atomically(PAGE, transfer.renewed(page, "optimism", text).encode())


if __name__ == "__main__":
    main()
