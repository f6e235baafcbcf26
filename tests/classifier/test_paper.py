"""Every item of the paper's training, as collected in `wei2020.json`, is what its presets do."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from classifier import PRESETS, Manifest, TrainingConfig
from classifier.core.control_sample import in_control_sample
from classifier.data.dataset import TrainingTensors, load_tensors
from classifier.data.random_views import random_views
from classifier.data.stamps import StampWindow, central, scale_stamps
from classifier.nets.backbones import BACKBONES, keep_bands
from classifier.nets.dual_backbone import DualBackbone
from tests.classifier.conftest import stamps_of, training_steps, write_manifest, write_pack

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ASTERISM_DATA", ROOT.parent / "shared" / "data"))
PAPER = DATA.parent / "reference" / "wei2020.json"

Check = Callable[[Any, TrainingConfig, Path], None]


def first_step(config, **state):
    """The first step of a preset in small: loss, network, and what its matrix was before."""
    small = replace(config, backbone="resnet18", input_px=32, batch_size=4)
    torch.manual_seed(0)
    network = DualBackbone.from_config(small)
    network.head.load_state_dict(state or network.head.state_dict())
    before = network.head.weight.detach().clone()
    data = TrainingTensors(torch.rand(4, 5, 74, 74), torch.arange(4))
    step = next(training_steps(network, small, data, torch.Generator().manual_seed(0)))
    return step.loss, network, before


def optimizer(value, config, _):
    """One step by torch's optimiser of that name, with the same gradient, leads to the same."""
    _, network, weight = first_step(config)
    weight = weight.requires_grad_()
    weight.grad = network.head.weight.grad
    getattr(torch.optim, value)([weight], lr=config.learning_rate).step()
    torch.testing.assert_close(network.head.weight, weight, rtol=0, atol=1e-7)


def loss(value, config, _):
    """Over a matrix of zeros the logits are the bias, whose cross-entropy is known."""
    assert value == "cross entropy"
    bias = torch.tensor([0.0, 1.0, 2.0, 3.0])
    mean_loss, _, _ = first_step(config, weight=torch.zeros(4, 1024), bias=bias)
    torch.testing.assert_close(mean_loss, bias.logsumexp(0) - bias.mean())


def channels(value, config, _):
    """The last one is constant, and left out."""
    assert len(config.bands) == value - 1


def sixth_channel(value, config, _):
    """The second backbone sees two bands, and a third that is zero would change nothing."""
    assert value == "constant zero"
    assert DualBackbone.uninitialised(config, torch.device("meta")).bands_per_copy == [3, 2]
    entry = BACKBONES["resnet18"]
    network, x = entry.build(3), torch.rand(2, 3, 32, 32)
    x[:, 2] = 0
    expected = network.conv1(x)
    keep_bands(network, entry, 2)
    torch.testing.assert_close(network.conv1(x[:, :2]), expected)


def train_fraction(value, _config, _):
    """Of the candidates of any field; the others are the control sample."""
    learnt = [not in_control_sample("NGC 1566", str(number)) for number in range(4000)]
    assert np.mean(learnt) == pytest.approx(value, abs=0.02)


def pixel_scaling(value, config, _):
    """Each band of each stamp, linearly, from its darkest pixel to its brightest."""
    assert value == "each image to [0, 1]"
    raw = stamps_of([1, 4])
    pixels = scale_stamps(raw, np.ones((2, 5), bool), StampWindow.training(config), config.scaling)
    image = central(raw, config.stamp_px)
    low, high = (of(image, axis=(2, 3), keepdims=True) for of in (np.min, np.max))
    expected = (image - low) / (high - low)
    np.testing.assert_allclose(central(pixels, config.stamp_px), expected, atol=1e-6)


def augmentation(value, config, _):
    """Half of the stamps are mirrored, and every eighth of the circle is as frequent."""
    assert value == "random flips, rotation uniform in [0, 2 pi]"
    turns = random_views(8000, config, torch.Generator().manual_seed(0)).orientations
    assert (turns.det() < 0).float().mean().item() == pytest.approx(0.5, abs=0.03)
    eighth = (torch.atan2(turns[:, 1, 0], turns[:, 0, 0]) / (torch.pi / 4)).floor().long() % 8
    assert torch.bincount(eighth, minlength=8).float().div(8000).sub(1 / 8).abs().max() < 0.02


def missing_filter(value, config, folder):
    """Of three stamps that lack none, one and two, the last is not learnt."""
    assert value == "all pixels zero; dropped if more than one filter is missing"
    stamps = stamps_of([1, 2, 3])
    stamps[1, 0] = stamps[2, 0] = stamps[2, 1] = np.nan
    write_pack(folder / "p.zarr", stamps)
    rows = [(i, "f", i, "p.zarr", i, "train", i + 1) for i in range(3)]
    manifest = Manifest.read(write_manifest(folder / "m.csv", rows), folder)
    data = load_tensors(manifest, config, lambda _: None)
    assert (data.labels.tolist(), data.left_out) == ([0, 1], 1)
    assert data.stamps.amax(dim=(2, 3)).tolist() == [[1, 1, 1, 1, 1], [0, 1, 1, 1, 1]]


def named(setting: str) -> Check:
    """The item is the value of a setting."""

    def check(value: Any, config: TrainingConfig, _: Path) -> None:
        assert getattr(config, setting) == value

    return check


def batch_size(value, config, _):
    """Another for each network."""
    assert config.batch_size == value[config.backbone]


def stamp_px(value, config, _):
    """The middle one; the others are an experiment."""
    assert config.stamp_px == sorted(value)[1]


CHECKS: dict[str, Check] = {
    "learning_rate": named("learning_rate"),
    "optimizer": optimizer,
    "loss": loss,
    "batches": named("batches"),
    "batch_size": batch_size,
    "input_px": named("input_px"),
    "stamp_px": stamp_px,
    "channels": channels,
    "sixth_channel": sixth_channel,
    "independent_models": named("members"),
    "train_fraction": train_fraction,
    "pixel_scaling": pixel_scaling,
    "augmentation": augmentation,
    "missing_filter": missing_filter,
}

needs_the_figures = pytest.mark.skipif(
    not PAPER.exists(), reason="the paper's figures are not on this machine"
)


def training_of_the_paper():
    return json.loads(PAPER.read_text())["training"]


@needs_the_figures
def test_every_item_of_the_protocol_is_tested():
    assert set(CHECKS) == set(training_of_the_paper())


@needs_the_figures
@pytest.mark.parametrize("item", CHECKS)
@pytest.mark.parametrize("preset", ["paper-resnet18", "paper-vgg19bn"])
def test_a_paper_preset_follows_the_protocol(preset, item, tmp_path):
    CHECKS[item](training_of_the_paper()[item], PRESETS[preset], tmp_path)
