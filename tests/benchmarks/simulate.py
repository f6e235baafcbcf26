"""What the order of labelling is worth: `make simulate` writes docs/active-learning.md.

Two sets of candidates whose classes are known: simulated fields in five filters, four classes, and
real g-band stamps of star clusters and galaxies in M31 and M33 (PAndAS on CFHT). Simulated experts
vote on the candidates of a pool; the control sample is other sky, of which no stamp of the pool
shows a part. Each simulated field is replayed with one control sample, M31 with each of its folds.
var/simulate holds every replay, so what was interrupted goes on.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from classifier import PRESETS, Manifest, TrainingConfig
from classifier.active.acquisition import STRATEGIES
from classifier.active.imagenet_features import stored_features
from classifier.active.label_efficiency import (
    efficiencies,
    efficiency_curves,
    efficiency_table,
)
from classifier.active.learners import HeadLearner
from classifier.active.replay import WHOLE_POOL, Replay, ReplayData, ReplaySettings, simulate
from classifier.core.atomic_files import write_atomically
from classifier.core.bands import BANDS
from classifier.core.packs import new_pack
from classifier.core.shared_sky import shares_sky
from classifier.core.training_set import COLUMNS, UNLABELLED
from classifier.evaluation import figures
from labeling.imaging.stamps import cut_stamps
from labeling.simulation import simulate_field
from tests.benchmarks import transfer

WORK = transfer.WORK.parent / "simulate"
PAGE = transfer.ROOT / "docs" / "active-learning.md"

CANDIDATES, SIDE, SEED = 1500, 3200, 2020
"""Of a simulated field, about as dense as the demonstration's; the seed is that of the first."""

FIELDS = 6
"""Simulated fields. They share nothing, so each counts as one in the intervals."""

CELL_PX = 400
"""Side of the sky cells that are together in the pool or in the control sample."""

FOLDS_OF_FIELD, FOLDS_OF_M31 = 5, 10
"""Parts of equal size, each in turn the control sample; of a simulated field only the first is."""

SEEDS = 1
"""Replays with each control sample."""

SEEN = replace(PRESETS["quick"], backbone="efficientnet_lite0", dihedral=True, precision="float32")
"""What the embeddings are made of; in bfloat16 they would depend on the processor."""


@dataclass(frozen=True)
class Setting:
    """Candidates with known classes."""

    name: str
    title: str
    manifest: Manifest
    groups: NDArray[np.int64]
    """(N,) candidates of one group are in one fold."""
    config: TrainingConfig
    plan: ReplaySettings
    folds: int
    position: NDArray[np.float64] | None = None
    """(N, 2) in px, where stamps of different groups may overlap."""
    first_seed: int = 0


def field(number: int = 0) -> Setting:
    """A simulated field; its stamps are cut as an import cuts them."""
    folder = WORK / f"field-{SEED + number}"
    if not (folder / "field.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_field(folder, SEED + number)
    manifest = Manifest.read(folder / "field.csv", folder)
    position = np.loadtxt(folder / "positions.csv", delimiter=",")
    return Setting(
        folder.name,
        "simulated fields",
        manifest,
        sky_cells(position),
        SEEN,
        ReplaySettings(first=72, batch=72),
        FOLDS_OF_FIELD,
        position,
        first_seed=number * SEEDS,
    )


def _write_field(folder: Path, seed: int) -> None:
    simulated = simulate_field(seed, (SIDE, SIDE), CANDIDATES)
    x, y = (np.asarray(simulated.catalogue[axis], dtype=float) - 1 for axis in "xy")
    images = [np.asarray(simulated.mosaics[band].data, dtype=np.float32) for band in BANDS]
    with new_pack(folder / "field.zarr", len(x)) as write:
        stamps = np.stack([cut_stamps(image, x, y) for image in images], axis=1)
        write(0, stamps, np.ones(stamps.shape[:2], dtype=bool))
    np.savetxt(folder / "positions.csv", np.c_[x, y], delimiter=",")
    # Both tables are in the order of their ids.
    labels = simulated.truth["class"].tolist()
    rows = [
        (identity, "simulated", identity, "field.zarr", row, "train", label)
        for row, (identity, label) in enumerate(zip(simulated.truth["id"], labels, strict=True))
    ]
    part = folder / "field.csv.part"
    with part.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    part.rename(folder / "field.csv")


def sky_cells(position: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number (N,) of the cell of CELL_PX in which each position (N, 2) lies."""
    column, row = (position // CELL_PX).astype(np.int64).T
    return np.asarray(row * (SIDE // CELL_PX + 1) + column)


def m31() -> Setting:
    """Real stamps, in two classes."""
    folder = WORK / "m31"
    folder.mkdir(parents=True, exist_ok=True)
    path, groups = transfer.pack(folder)
    config = replace(
        SEEN,
        bands=("g",),
        max_missing_bands=0,
        classes=2,
        stamp_px=100,
        input_px=96,
        scaling="minmax",
    )
    manifest = Manifest.read(path, folder)
    title = "M31 and M33, PAndAS"
    plan = ReplaySettings(first=24, batch=24)
    return Setting("m31", title, manifest, groups, config, plan, FOLDS_OF_M31)


def replayed(
    setting: Setting, strategies: Sequence[str], *, folds_used: int | None = None
) -> list[Replay]:
    """Replay with each fold as the control sample, or with the first of them, and own seeds."""
    path = WORK / setting.name / "embeddings.safetensors"
    features = stored_features(setting.manifest, setting.config, path)
    made_of = {"config": setting.config.to_dict()}
    learner = HeadLearner(features, setting.config.classes, source=made_of)
    replays = []
    for fold, manifest in enumerate(islice(folds(setting), folds_used)):
        world = ReplayData.from_manifest(manifest, setting.config)
        folder = WORK / setting.name / f"replays-{fold}"
        first = setting.first_seed + fold * SEEDS
        replays += simulate(
            world,
            learner,
            setting.plan,
            folder,
            strategies=strategies,
            seeds=range(first, first + SEEDS),
            on_round=_tell,
        )
    return replays


def folds(setting: Setting) -> Iterator[Manifest]:
    """The manifest with each fold in turn as control, and no label that shares sky with it."""
    splitter = StratifiedGroupKFold(setting.folds, shuffle=True, random_state=0)
    manifest = setting.manifest
    for _, test in splitter.split(setting.groups, manifest.label, setting.groups):
        split = manifest.split.astype("U7")
        split[test] = "control"
        yield without_shared_sky(manifest.changed(split=split), setting)


def without_shared_sky(manifest: Manifest, setting: Setting) -> Manifest:
    """The manifest without the labels of the pool whose stamps overlap a control stamp."""
    if setting.position is None:
        return manifest
    control = manifest.split == "control"
    side = setting.config.stamp_px
    shared = ~control & shares_sky(setting.position, setting.position[control], side)
    return manifest.changed(label=np.where(shared, UNLABELLED, manifest.label))


def _tell(replay: Replay) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{replay.strategy} {replay.seed}: {replay.points[-1].candidates}")


def facts(setting: Setting, replays: list[Replay]) -> str:
    """What the experts' majority was worth, and what the whole pool taught."""
    ends = [replay.points[-1] for replay in replays if replay.strategy == WHOLE_POOL]
    settled = np.mean([end.settled / end.candidates for end in ends])
    right = np.mean([end.right / end.settled for end in ends])
    accuracy = [end.accuracy for end in ends]
    return (
        f"{len(setting.manifest)} candidates, {len(ends)} replays of at most {ends[0].votes} "
        f"votes. The votes settle {100 * settled:.1f} % of the candidates, {100 * right:.1f} % of "
        f"these correctly; all labels together give an accuracy of {100 * np.mean(accuracy):.1f} ± "
        f"{100 * np.std(accuracy, ddof=1):.1f} %.\n"
    )


def main() -> None:
    """Replay what is missing, and renew the parts of the page that are measured."""
    samples = {"field": [field(number) for number in range(FIELDS)]}
    if transfer.SOURCE.is_dir():
        samples["m31"] = [m31()]
    else:
        sys.stderr.write(f"{transfer.SOURCE} is not there: only simulated fields are replayed.\n")
    page, worlds = PAGE.read_text(encoding="utf-8"), {}
    for name, settings in samples.items():
        # Fields share nothing, so one control sample of each is worth more than several of one.
        folds_used = 1 if len(settings) > 1 else None
        replays = [
            replay
            for setting in settings
            for replay in replayed(setting, tuple(STRATEGIES), folds_used=folds_used)
        ]
        curves = efficiency_curves(replays)
        worlds[settings[0].title] = curves
        text = f"{facts(settings[0], replays)}\n{efficiency_table(efficiencies(curves))}"
        sys.stdout.write(f"{name}\n{text}\n")
        page = transfer.renewed(page, name, text)
    drawing = figures.label_efficiency_curves(worlds)
    figures.save(drawing, WORK / "active-learning", figures.tables.label_efficiency_rows(worlds))
    write_atomically(PAGE.with_suffix(".svg"), (WORK / "active-learning.svg").read_bytes())
    write_atomically(PAGE, page.encode())


if __name__ == "__main__":
    main()
