"""The loop that one would write first: stamps by a DataLoader, torchvision's transforms, float32.

It sees what the package sees and learns by the same protocol: six channels with the constant zero,
two ResNet18, Adam. It is written twice, for stamps as tensors and for stamps as PIL images.
"""

import random
from collections.abc import Iterator
from importlib import import_module

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from classifier.core.config import PACK_STAMP_PX, PRESETS
from classifier.data.stamps import StampWindow, scale_stamps
from classifier.nets.torchvision_import import models

# Only now can torchvision be imported; see there.
v2 = import_module("torchvision.transforms.v2")

functional = v2.functional
BILINEAR = v2.InterpolationMode.BILINEAR

PAPER = PRESETS["paper-resnet18"]

Labelled = Dataset[tuple[Tensor, int]]


def made_up_stamps(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise (n, 5, H, W) in [0, 1], and labels (n,) from 0: the arithmetic does not mind."""
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(count, 5, PACK_STAMP_PX, PACK_STAMP_PX)).astype(np.float32)
    observed = np.ones((count, 5), bool)
    labels = rng.integers(0, 4, count)
    return scale_stamps(raw, observed, StampWindow.training(PAPER), PAPER.scaling), labels


class TensorStamps(Labelled):
    """Six channels a candidate in one tensor, transformed one candidate at a time."""

    def __init__(self, stamps: np.ndarray, labels: np.ndarray, *, augment: bool):
        self.stamps = nn.functional.pad(torch.from_numpy(stamps), (0, 0, 0, 0, 0, 1))
        self.labels = labels
        turned = [
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.RandomRotation(180, BILINEAR),
        ]
        self.transform = v2.Compose(
            [*(turned if augment else []), v2.CenterCrop(PAPER.stamp_px), v2.Resize(PAPER.input_px)]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.stamps[index]), int(self.labels[index])


class PilStamps(Labelled):
    """Five PIL images a candidate, transformed one image at a time, and a channel of zeros."""

    def __init__(self, stamps: np.ndarray, labels: np.ndarray):
        self.labels = labels
        self.images = [
            [Image.fromarray(band.astype(np.float32)) for band in stamp] for stamp in stamps
        ]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        angle = random.uniform(-180, 180)
        mirror, upside_down = random.random() < 0.5, random.random() < 0.5
        channels = []
        for band in self.images[index]:
            image = functional.rotate(band, angle, BILINEAR)
            image = functional.horizontal_flip(image) if mirror else image
            image = functional.vertical_flip(image) if upside_down else image
            image = functional.center_crop(image, [PAPER.stamp_px] * 2)
            image = functional.resize(image, [PAPER.input_px] * 2, BILINEAR)
            channels.append(functional.pil_to_tensor(image))
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


def training(dataset: Labelled) -> Iterator[float]:
    """Yields the loss of each batch."""
    network = PlainDual().train()
    optimiser = torch.optim.Adam(network.parameters(), lr=PAPER.learning_rate)
    loss_of = nn.CrossEntropyLoss()
    while True:
        for x, y in DataLoader(dataset, batch_size=PAPER.batch_size, shuffle=True):
            optimiser.zero_grad()
            loss = loss_of(network(x), y)
            loss.backward()
            optimiser.step()
            yield loss.item()


def training_on_tensors(stamps: np.ndarray, labels: np.ndarray) -> Iterator[float]:
    """Training on stamps (n, 5, H, W) as tensors."""
    return training(TensorStamps(stamps, labels, augment=True))


def training_on_pil_images(stamps: np.ndarray, labels: np.ndarray) -> Iterator[float]:
    """Training on stamps (n, 5, H, W) as PIL images."""
    return training(PilStamps(stamps, labels))


@torch.inference_mode()
def inference(stamps: np.ndarray, labels: np.ndarray) -> Iterator[float]:
    """Yields the highest probability of each batch."""
    network = PlainDual().eval()
    dataset = TensorStamps(stamps, labels, augment=False)
    while True:
        for x, _ in DataLoader(dataset, batch_size=PAPER.batch_size):
            yield network(x).softmax(dim=1).max().item()
