"""How far ImageNet's weights carry on few labels: `make transfer` renews docs/transfer.md.

Real g-band stamps of star clusters and galaxies in M31 and M33 (PAndAS on CFHT), in five folds
by position: each fold is classified by networks that learnt from 50, 200 or all labels of the
others. Every training is resumed if it was interrupted; var/transfer holds them.
"""

import csv
import os
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord, search_around_sky
from numpy.typing import NDArray
from PIL import Image
from scipy import stats
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from classifier import PRESETS, Manifest, Progress, TrainingConfig
from classifier.core.config import PACK_STAMP_PX, STARCNET_PX
from classifier.core.packs import new_pack
from classifier.data.stamps import central
from classifier.experiments import Arm, Outcome, run_arms

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(os.environ.get("ASTERISM_DATA", ROOT.parent / "shared" / "data")) / "m31_stamps"
WORK = Path(os.environ.get("ASTERISM_HOME", ROOT / "var")) / "transfer"
PAGE = ROOT / "docs" / "transfer.md"

DIAGONAL = np.sqrt(2) * PACK_STAMP_PX * 0.187 * u.arcsec
"""Of a stamp, by MegaCam's pixels: objects farther apart share no sky."""

FOLDS = 5
LABELS = (50, 200, None)
CLASS_OF = {"cluster": 1, "extended_cluster": 1, "galaxy": 2}

COMMON = replace(
    PRESETS["quick"],
    bands=("g",),
    max_missing_bands=0,
    classes=2,
    stamp_px=100,
    input_px=64,
    scaling="minmax",
    batches=60,
    members=1,
)
TAUGHT, UNTAUGHT = "EfficientNet-Lite0, ImageNet weights", "EfficientNet-Lite0, random weights"
LEARNT = "ResNet18, random weights"
"""Network that learns from random weights in so short a training."""

NETWORKS = {
    LEARNT: replace(COMMON, backbone="resnet18", pretrained=False),
    UNTAUGHT: replace(COMMON, backbone="efficientnet_lite0", pretrained=False),
    TAUGHT: replace(COMMON, backbone="efficientnet_lite0"),
    # As many stamps in more and smaller steps, at a tenth of the rate: at the others' it forgets in
    # three steps how stamps differ. The page says why.
    "StarcNet's architecture, random weights": replace(
        COMMON,
        backbone="starcnet",
        pretrained=False,
        input_px=STARCNET_PX,
        batches=240,
        batch_size=8,
        learning_rate=1e-4,
    ),
}


def pack(folder: Path) -> tuple[Path, NDArray[np.int64]]:
    """Write the stamps as a pack and their labels as a manifest; returns it, and groups (n,)."""
    rows = list(csv.DictReader((SOURCE / "labels.csv").open(newline="", encoding="utf-8")))
    stamps = np.stack([np.asarray(Image.open(SOURCE / row["file"]).convert("L")) for row in rows])
    stamps = central(stamps[:, None], PACK_STAMP_PX)
    # A few are one value throughout: off the detector.
    has_data = stamps.min(axis=(1, 2, 3)) < stamps.max(axis=(1, 2, 3))
    rows = [row for row, keep in zip(rows, has_data, strict=True) if keep]
    stamps = stamps[has_data]
    if not (folder / "m31.zarr").exists():
        with new_pack(folder / "m31.zarr", len(rows), bands=["g"]) as write:
            write(0, stamps.astype(np.float32), np.ones((len(rows), 1), dtype=bool))
    path = folder / "m31.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["candidate", "field", "catalogue_id", "pack", "row", "split", "label"])
        for i, row in enumerate(rows):
            table.writerow([i, "M31", row["file"], "m31.zarr", i, "train", CLASS_OF[row["label"]]])
    ra, dec = ([float(row[name]) for row in rows] for name in ("ra_deg", "dec_deg"))
    return path, same_sky(SkyCoord(ra, dec, unit="deg"))


def same_sky(positions: SkyCoord) -> NDArray[np.int64]:
    """Number (n,) of the group of each stamp: those whose sky overlaps, also by way of others."""
    first, second, *_ = search_around_sky(positions, positions, DIAGONAL)
    overlaps = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(positions),) * 2)
    return np.asarray(connected_components(overlaps, directed=False)[1], dtype=np.int64)


def arms(manifest: Manifest, groups: NDArray[np.int64]) -> Iterator[tuple[str, str, Arm]]:
    """Network, number of labels, and the arm of each fold."""
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for fold, (train, test) in enumerate(folds.split(groups, manifest.label, groups)):
        split = manifest.split.astype("U7")
        split[test] = "control"
        order = np.random.default_rng(fold).permutation(train)
        for number in LABELS:
            label = manifest.label.copy()
            label[order[number or len(order) :]] = 0
            learnt = manifest.changed(label=label, split=split)
            words = "all" if number is None else str(number)
            for name, config in NETWORKS.items():
                folder = f"{''.join(filter(str.isalnum, name))}-{words}-{fold}"
                yield name, words, Arm(folder, seeded(config, fold), learnt)


def seeded(config: TrainingConfig, fold: int) -> TrainingConfig:
    """Each fold has random numbers of its own."""
    return replace(config, seed=fold)


def table(outcomes: dict[tuple[str, str], list[Outcome]], labels: NDArray[np.int64]) -> str:
    """One row a network, one column a number of labels."""
    larger = 100 * np.bincount(labels).max() / len(labels)
    numbers = ["all" if number is None else str(number) for number in LABELS]
    lines = [
        f"Accuracy in per cent, mean ± standard deviation over {FOLDS} folds by position, of",
        f"{len(labels)} stamps. The larger class has {larger:.1f} % of them.",
        "",
        f"| Network | Training | {' | '.join(f'{number} labels' for number in numbers)} |",
        f"|---|---|{'---:|' * len(numbers)}",
    ]
    for name, config in NETWORKS.items():
        cells = [cell([o.evaluation.accuracy.value for o in outcomes[name, n]]) for n in numbers]
        lines.append(f"| {name} | {protocol(config)} | {' | '.join(cells)} |")
    lines += [
        "",
        "Percentage points by which EfficientNet-Lite0 with ImageNet weights is better on the same",
        "stamps, with Student's 95 % interval over the folds:",
        "",
        f"| Better than | {' | '.join(f'{number} labels' for number in numbers)} |",
        f"|---|{'---:|' * len(numbers)}",
    ]
    for name in NETWORKS:
        if name != TAUGHT:
            cells = [gain(ahead(outcomes[TAUGHT, n], outcomes[name, n])) for n in numbers]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def ahead(first: list[Outcome], second: list[Outcome]) -> list[float | None]:
    """Differences of accuracy, fold by fold."""
    pairs = [
        (a.evaluation.accuracy.value, b.evaluation.accuracy.value)
        for a, b in zip(first, second, strict=True)
    ]
    return [None if a is None or b is None else a - b for a, b in pairs]


def protocol(config: TrainingConfig) -> str:
    """How long a network learns, and at which rate."""
    return f"{config.batches} batches of {config.batch_size}, rate {config.learning_rate:g}"


def renewed(page: str, name: str, text: str) -> str:
    """The page with other text between two of its comments."""
    between = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    return between.sub(lambda outcomes: f"{outcomes[1]}\n{text}\n{outcomes[2]}", page)


def cell(shares: list[float | None]) -> str:
    """Mean and spread in per cent."""
    percent = [100 * share for share in shares if share is not None]
    return f"{statistics.mean(percent):.1f} ± {statistics.stdev(percent):.1f}"


def gain(differences: list[float | None]) -> str:
    """Mean and interval in percentage points."""
    points = [100 * difference for difference in differences if difference is not None]
    interval = stats.ttest_1samp(points, 0).confidence_interval()
    return f"{statistics.mean(points):+.1f} ({interval.low:+.1f} to {interval.high:+.1f})"


def main() -> None:
    """Train what is missing, and renew the page's table."""
    if not SOURCE.is_dir():
        sys.exit(f"{SOURCE} is not there; ASTERISM_DATA names the folder that holds m31_stamps.")
    WORK.mkdir(parents=True, exist_ok=True)
    path, groups = pack(WORK)
    manifest = Manifest.read(path, WORK)
    outcomes: dict[tuple[str, str], list[Outcome]] = {}

    def show(progress: Progress) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{progress.stage} {progress.batch}/{progress.batches}")

    for name, number, arm in arms(manifest, groups):
        outcome = run_arms([arm], WORK, show)[0]
        outcomes.setdefault((name, number), []).append(outcome)
        seconds = outcome.training.seconds
        share = outcome.evaluation.accuracy.value
        sys.stdout.write(f"{arm.name}: {share:.3f} ({seconds:.0f} s)\n")
        sys.stdout.flush()
    page = renewed(PAGE.read_text(encoding="utf-8"), "table", table(outcomes, manifest.label))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
