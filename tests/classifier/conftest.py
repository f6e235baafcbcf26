"""A small world for the classifier: 48 candidates of four shapes in one pack, and a manifest."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from classifier import Manifest, TrainingConfig
from classifier.core.bands import BANDS
from classifier.core.packs import new_pack
from classifier.core.training_set import COLUMNS
from classifier.data.dataset import TrainingTensors
from classifier.nets.dual_backbone import DualBackbone
from classifier.training.optimisation import BatchResult, Optimisation

SIDE = 100


def blob(sigma_x: float, sigma_y: float, x: float = 49.5, y: float = 49.5) -> NDArray[Any]:
    """A Gaussian of height 1 on a stamp (y, x)."""
    row, column = np.mgrid[:SIDE, :SIDE]
    return np.exp(-0.5 * (((column - x) / sigma_x) ** 2 + ((row - y) / sigma_y) ** 2))


SHAPES = {
    1: blob(3, 3),
    2: blob(7, 2),
    3: blob(2, 2, 40, 45) + blob(2, 2, 57, 52) + blob(2, 2, 47, 60),
    4: blob(0.7, 0.7),
}


def stamps_of(labels: Sequence[int], seed: int = 0) -> NDArray[np.float32]:
    """Noisy stamps (n, 5, y, x) of the shape of each label, brighter in the red."""
    rng = np.random.default_rng(seed)
    flux = np.linspace(1, 3, len(BANDS))[:, None, None]
    clean = np.stack([100 * flux * SHAPES[label] for label in labels])
    return (clean + rng.normal(10, 1, clean.shape)).astype(np.float32)


def write_pack(
    path: Path, stamps: NDArray[np.float32], observed: NDArray[np.bool_] | None = None
) -> None:
    """Write a stamp pack; a band counts as observed where it has data, unless `observed` is set."""
    with new_pack(path, len(stamps)) as write:
        write(0, stamps, np.isfinite(stamps).any(axis=(2, 3)) if observed is None else observed)


def write_manifest(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Write rows (candidate, field, catalogue_id, pack, row, split, label) as a manifest."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(rows)
    return path


def training_steps(
    network: DualBackbone, config: TrainingConfig, data: TrainingTensors, generator: torch.Generator
) -> Iterator[BatchResult]:
    """Train a network in place, batch by batch, to the end."""
    optimisation = Optimisation(network, config, data, generator)
    while optimisation.batch < config.batches:
        yield optimisation.step()


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small gain nothing from threads, and lose much where cores are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `packs/blobs.zarr` and `training.csv`: 32 to train on, 16 as control."""
    folder = tmp_path_factory.mktemp("classifier")
    labels = [1, 2, 3, 4] * 12
    (folder / "packs").mkdir()
    write_pack(folder / "packs" / "blobs.zarr", stamps_of(labels))
    write_manifest(
        folder / "training.csv",
        (
            (100 + i, "blobs", i + 1, "blobs.zarr", i, "train" if i < 32 else "control", label)
            for i, label in enumerate(labels)
        ),
    )
    return folder


@pytest.fixture
def manifest(world: Path) -> Manifest:
    """The world's manifest, read."""
    return Manifest.read(world / "training.csv", world / "packs")


@pytest.fixture
def tiny() -> TrainingConfig:
    """The smallest run: two members, three batches of four, 32 px."""
    return TrainingConfig.from_dict(
        "quick",
        {"input_px": 32, "batches": 3, "batch_size": 4, "members": 2, "pretrained": False},
    )
