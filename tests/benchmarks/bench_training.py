"""Training throughput of the dual ResNet18 at 299 px, against the loop that one would write first.

The reference sees the same stamps and learns by the same protocol: a DataLoader over PIL images,
each channel rotated, flipped, cropped and resized by torchvision, six channels with the constant
zero, float32, Adam. Each runs in a process of its own; they take turns, batch by batch, so that a
busy machine slows both alike.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
import torch
from report import record
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from classifier import PRESETS
from classifier.config import PACK_STAMP_PX, TrainingConfig
from classifier.dataset import TrainingSet
from classifier.memory import freed_memory_kept
from classifier.network import DualBackbone
from classifier.optimisation import optimise
from classifier.packs import View, scaled
from classifier.torchvision_import import models, torchvision

functional = torchvision.transforms.functional
BILINEAR = torchvision.transforms.InterpolationMode.BILINEAR
ROUNDS = 4
STAMPS = 128

Loop = Callable[[np.ndarray, np.ndarray, TrainingConfig], Iterator[float]]


class PilStamps(Dataset[tuple[Tensor, int]]):
    """Six PIL images a candidate, augmented one by one."""

    def __init__(self, stamps: np.ndarray, labels: np.ndarray, config: TrainingConfig):
        self.config = config
        self.labels = labels
        self.images = [
            [functional.to_pil_image(np.ascontiguousarray(band)) for band in stamp]
            for stamp in stamps
        ]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        angle = random.uniform(0, 360)
        mirror, upside_down = random.random() < 0.5, random.random() < 0.5
        channels = []
        for band in self.images[index]:
            image = functional.rotate(band, angle, BILINEAR)
            image = functional.hflip(image) if mirror else image
            image = functional.vflip(image) if upside_down else image
            image = functional.center_crop(image, [self.config.stamp_px] * 2)
            image = functional.resize(image, [self.config.input_px] * 2, BILINEAR)
            channels.append(functional.to_tensor(image))
        channels.append(torch.zeros_like(channels[0]))
        return torch.cat(channels), int(self.labels[index])


class PlainDual(nn.Module):
    """Two ResNet18 with three channels each, and one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = models.resnet18(), models.resnet18()
        self.first.fc, self.second.fc = nn.Identity(), nn.Identity()
        self.head = nn.Linear(1024, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.cat([self.first(x[:, :3]), self.second(x[:, 3:])], dim=1))


def reference(stamps: np.ndarray, labels: np.ndarray, config: TrainingConfig) -> Iterator[float]:
    """The plain loop; yields the loss of each batch."""
    network = PlainDual().train()
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    loss_of = nn.CrossEntropyLoss()
    dataset = PilStamps(stamps, labels, config)
    while True:
        for x, y in DataLoader(dataset, batch_size=config.batch_size, shuffle=True):
            optimiser.zero_grad()
            loss = loss_of(network(x), y)
            loss.backward()
            optimiser.step()
            yield loss.item()


def ours(stamps: np.ndarray, labels: np.ndarray, config: TrainingConfig) -> Iterator[float]:
    """The package's loop; yields the loss of each batch."""
    data = TrainingSet(torch.from_numpy(stamps), torch.from_numpy(labels))
    network = DualBackbone.of(config)
    for step in optimise(network, config, data, torch.Generator().manual_seed(0)):
        yield step.loss.item()


def child(
    loop: Loop, memory: Callable[[], AbstractContextManager[None]], turns: Connection
) -> None:
    """In a process of its own: train one batch whenever asked, and answer with its seconds."""
    torch.manual_seed(0)
    config = PRESETS["paper-resnet18"]
    with memory():
        batches = loop(*made_up_stamps(config), config)
        while turns.recv() == "batch":
            start = time.perf_counter()
            next(batches)
            turns.send(time.perf_counter() - start)


def made_up_stamps(config: TrainingConfig) -> tuple[np.ndarray, np.ndarray]:
    """Noise (n, 5, H, W) in [0, 1], and labels (n,) from 0: the arithmetic does not mind."""
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(STAMPS, 5, PACK_STAMP_PX, PACK_STAMP_PX)).astype(np.float32)
    seen = np.ones((STAMPS, 5), bool)
    labels = rng.integers(0, 4, STAMPS)
    return scaled(raw, seen, View.training(config), config.scaling), labels


def main() -> None:
    """Measure both and append the figure to `bench/training.jsonl`."""
    context = get_context("spawn")
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    turns = {}
    for name, loop, memory in (
        ("ours", ours, freed_memory_kept),
        ("plain", reference, nullcontext),
    ):
        turns[name], theirs = context.Pipe()
        context.Process(target=child, args=(loop, memory, theirs), daemon=True).start()
    for _ in range(1 + ROUNDS):
        for name, connection in turns.items():
            connection.send("batch")
            seconds[name].append(connection.recv())
    for connection in turns.values():
        connection.send("stop")
    images = ROUNDS * PRESETS["paper-resnet18"].batch_size
    # The first batch sets up memory and kernels.
    ours_rate, plain_rate = (images / sum(seconds[name][1:]) for name in ("ours", "plain"))
    record(
        "training throughput, dual ResNet18, 299 px, batch 32",
        ours_rate,
        "images/s",
        plain_rate,
        file="training",
    )


if __name__ == "__main__":
    main()
