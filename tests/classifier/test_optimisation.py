"""The loop of one network: order of batches, learning rate, loss, batch normalisation."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from classifier import PRESETS, TrainingConfig
from classifier.dataset import TrainingSet
from classifier.network import DualBackbone
from classifier.optimisation import (
    average_from_start,
    class_weights,
    endless_batches,
    optimise,
    rate_schedule,
)


def test_every_stamp_is_seen_once_before_any_comes_again():
    batches = endless_batches(10, 4, torch.Generator().manual_seed(0))
    drawn = torch.cat([next(batches) for _ in range(5)])
    assert sorted(drawn[:10].tolist()) == list(range(10))
    assert sorted(drawn[10:].tolist()) == list(range(10))


def test_the_paper_keeps_its_learning_rate():
    factor = rate_schedule(PRESETS["paper-resnet18"])
    assert {factor(batch) for batch in (0, 1, 5000, 9999)} == {1.0}


def test_the_cosine_warms_up_and_ends_at_zero():
    factor = rate_schedule(TrainingConfig(schedule="cosine", batches=200))
    assert factor(0) == pytest.approx(0.1)
    assert factor(9) == factor(10) == 1
    assert factor(105) == pytest.approx(0.5)
    assert factor(200) == pytest.approx(0)


def test_balanced_classes_weigh_the_same():
    labels = torch.tensor([0, 0, 0, 1, 1, 3])
    weights = class_weights(TrainingConfig(class_weights="balanced"), labels)
    torch.testing.assert_close(weights, torch.tensor([2 / 3, 1.0, 0.0, 2.0]))
    assert class_weights(TrainingConfig(), labels) is None


def test_batch_normalisation_forgets_its_initial_variance():
    layer = nn.BatchNorm2d(1).train()
    generator = torch.Generator().manual_seed(0)
    for batch in range(30):
        average_from_start(layer, batch)
        layer(3 + 0.05 * torch.randn(64, 1, 8, 8, generator=generator))
    assert layer.running_mean.item() == pytest.approx(3, rel=1e-2)
    assert layer.running_var.item() == pytest.approx(0.05**2, rel=3e-2)


def test_the_paper_trains_with_plain_adam(tiny):
    """One step of Adam moves every weight by the learning rate, against its gradient."""
    torch.manual_seed(0)
    network = DualBackbone("resnet18", 5)
    before = network.head.weight.detach().clone()
    data = TrainingSet(torch.rand(4, 5, 74, 74), torch.arange(4), left_out=0)
    config = replace(tiny, schedule="constant", learning_rate=1e-4)
    next(optimise(network, config, data, torch.Generator().manual_seed(0)))
    step = (network.head.weight - before).abs()
    torch.testing.assert_close(step, torch.full_like(step, 1e-4), atol=2e-6, rtol=0)
