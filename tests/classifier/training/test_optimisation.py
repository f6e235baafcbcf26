"""Optimisation of one network: batches, learning rates, loss, averages, parts of a batch."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from classifier import PRESETS, TrainingConfig
from classifier.data.dataset import TrainingTensors
from classifier.nets.dual_backbone import DualBackbone
from classifier.training.optimisation import (
    EndlessBatches,
    class_weights,
    moving_average,
    parameter_groups,
    rate_schedule,
    warm_up_batch_norm,
)
from tests.classifier.conftest import training_steps


def test_every_index_occurs_once_before_any_occurs_again():
    batches = EndlessBatches(10, 4, torch.Generator().manual_seed(0))
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


def test_batch_normalisation_averages_over_its_first_batches():
    layer = nn.BatchNorm2d(1).train()
    generator = torch.Generator().manual_seed(0)
    for batch in range(30):
        warm_up_batch_norm(layer, batch)
        layer(3 + 0.05 * torch.randn(64, 1, 8, 8, generator=generator))
    assert layer.running_mean.item() == pytest.approx(3, rel=1e-2)
    assert layer.running_var.item() == pytest.approx(0.05**2, rel=3e-2)


def test_the_paper_trains_with_plain_adam(tiny):
    """The first step of Adam moves every weight by the learning rate, against its gradient."""
    torch.manual_seed(0)
    network = DualBackbone("resnet18", 5, 4)
    before = network.head.weight.detach().clone()
    data = TrainingTensors(torch.rand(4, 5, 74, 74), torch.arange(4))
    config = replace(tiny, schedule="constant", learning_rate=1e-4)
    next(training_steps(network, config, data, torch.Generator().manual_seed(0)))
    step = (network.head.weight - before).abs()
    torch.testing.assert_close(step, torch.full_like(step, 1e-4), atol=2e-6, rtol=0)


def small_training(tiny, **settings):
    """A network, a configuration and a set of four stamps of four classes."""
    torch.manual_seed(0)
    config = replace(tiny, **settings)
    return (
        DualBackbone.from_config(config),
        config,
        TrainingTensors(torch.rand(4, 5, 74, 74), torch.arange(4)),
    )


def seeded():
    return torch.Generator().manual_seed(0)


def test_lower_layers_learn_more_slowly(tiny):
    network, config, _ = small_training(tiny, layer_decay=0.5, learning_rate=1.0)
    groups = parameter_groups(network, config)
    rate_of = {id(weight): group["lr"] for group in groups for weight in group["params"]}
    assert len(rate_of) == len(list(network.parameters()))
    backbone = network.backbones[0]
    assert rate_of[id(network.head.weight)] == 1
    assert rate_of[id(backbone.layer4[1].conv2.weight)] == 0.5
    assert rate_of[id(backbone.layer4[1].bn2.weight)] == 0.5
    assert rate_of[id(backbone.layer4[1].conv1.weight)] == 0.25
    # ResNet18 has 17 convolutions in sequence, and 3 in parallel to them.
    assert rate_of[id(backbone.layer4[0].conv2.weight)] == 0.5**3
    assert rate_of[id(backbone.layer4[0].downsample[0].weight)] == 0.5**3
    assert rate_of[id(backbone.conv1.weight)] == 0.5**17


def test_the_three_paths_of_starcnet_learn_alike():
    config = replace(PRESETS["starcnet"], layer_decay=0.5, learning_rate=1.0)
    network = DualBackbone.from_config(config)
    groups = parameter_groups(network, config)
    rate_of = {id(weight): group["lr"] for group in groups for weight in group["params"]}
    assert len(rate_of) == len(list(network.parameters()))
    for path in network.backbones[0].paths:
        layers = [layer for layer in path if isinstance(layer, nn.Conv2d | nn.Linear)]
        norms = [layer for layer in path if isinstance(layer, nn.GroupNorm)]
        for rows in (layers, norms):
            assert [rate_of[id(row.weight)] for row in rows] == [0.5**n for n in range(8, 0, -1)]


def test_only_the_head_trains_at_first(tiny):
    network, config, data = small_training(tiny, head_batches=2, batches=3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    steps = training_steps(network, config, data, seeded())
    next(steps), next(steps)
    now = network.state_dict()
    assert [name for name in before if not torch.equal(before[name], now[name])] == [
        "head.weight",
        "head.bias",
    ]
    next(steps)
    assert not torch.equal(before["backbones.0.conv1.weight"], network.backbones[0].conv1.weight)


def test_the_average_follows_the_weights(tiny):
    network, config, data = small_training(tiny, average=0.5, batches=3, schedule="constant")
    twin, plain, _ = small_training(tiny, batches=3, schedule="constant")
    weights = []
    for _ in training_steps(twin, plain, data, seeded()):
        weights.append(twin.head.weight.detach().clone())
    list(training_steps(network, config, data, seeded()))
    # The first two decays are 2/11 and 3/12, by the warm-up.
    expected = 0.25 * (2 / 11 * weights[0] + 9 / 11 * weights[1]) + 0.75 * weights[2]
    torch.testing.assert_close(network.head.weight.detach(), expected)


def test_a_long_average_of_a_short_training_has_no_initial_weights():
    averages, following = [torch.ones(1)], moving_average(0.999)
    for batch in range(1, 150):
        following(averages, [torch.zeros(1)], batch)
    assert averages[0].item() < 1e-6


def test_after_the_warm_up_an_average_has_its_decay():
    averages = [torch.ones(1)]
    moving_average(0.9)(averages, [torch.zeros(1)], 1000)
    assert averages[0].item() == pytest.approx(0.9)


def first_loss(tiny, shares, **settings):
    network, config, data = small_training(tiny, **settings)
    data = replace(data, soft_labels=shares)
    return next(training_steps(network, config, data, seeded())).loss.item()


def test_smoothing_spreads_a_share_of_each_label_over_the_classes(tiny):
    smoothed = first_loss(tiny, None, label_smoothing=0.2)
    shares = 0.8 * torch.eye(4) + 0.2 / 4
    assert smoothed == pytest.approx(first_loss(tiny, shares), rel=1e-6)
    assert smoothed != pytest.approx(first_loss(tiny, None), rel=1e-3)


def test_soft_labels_are_targets_of_the_loss(tiny):
    """Cross-entropy is linear in the shares, and a share of 1 is a label."""
    agreed, shifted = torch.eye(4), torch.eye(4).roll(1, dims=1)
    assert first_loss(tiny, agreed) == pytest.approx(first_loss(tiny, None), rel=1e-6)
    mean = (first_loss(tiny, agreed) + first_loss(tiny, shifted)) / 2
    assert first_loss(tiny, (agreed + shifted) / 2) == pytest.approx(mean, rel=1e-6)


GPU_FULL = torch.OutOfMemoryError("CUDA out of memory.")
CPU_FULL = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to")
ONEDNN_FULL = RuntimeError("could not create a primitive")


class Small:
    """A network on a device with memory for at most `most` stamps."""

    def __init__(self, network, most, error=GPU_FULL):
        self.network, self.most, self.error, self.sizes = network, most, error, []

    def __enter__(self):
        self.hook = self.network.register_forward_pre_hook(self.refuse)
        return self

    def __exit__(self, *_):
        self.hook.remove()

    def refuse(self, _, inputs):
        self.sizes.append(len(inputs[0]))
        if len(inputs[0]) > self.most:
            raise self.error


@pytest.mark.parametrize("error", [GPU_FULL, CPU_FULL, ONEDNN_FULL])
def test_a_small_device_gets_batches_in_parts(tiny, error):
    network, config, data = small_training(tiny, batches=2)
    with Small(network, 2, error) as device:
        steps = list(training_steps(network, config, data, seeded()))
    assert [step.parts for step in steps] == [2, 2]
    assert device.sizes == [4, 2, 2, 2, 2]
    assert all(step.loss.isfinite() for step in steps)


def test_each_part_of_a_batch_has_at_least_two_stamps(tiny):
    """One stamp has no statistics for batch normalisation."""
    network, config, data = small_training(tiny, batches=1, batch_size=10, crop_px=(25, 50))
    with Small(network, most=3) as device:
        list(training_steps(network, config, data, seeded()))
    assert device.sizes == [10, 5, 3, 3, 2, 2]


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_parts_of_a_batch_have_its_gradient(tiny, class_weights):
    """Batch normalisation is constant while only the head trains."""
    settings = {"precision": "float32", "class_weights": class_weights}
    whole, config, data = small_training(tiny, head_batches=1, batches=1, **settings)
    halved, _, _ = small_training(tiny)
    data = replace(data, labels=torch.tensor([0, 0, 0, 1]))
    list(training_steps(whole, config, data, seeded()))
    with Small(halved, most=2):
        list(training_steps(halved, config, data, seeded()))
    torch.testing.assert_close(halved.head.weight.grad, whole.head.weight.grad)


def test_a_device_too_small_for_two_stamps_raises_its_error(tiny):
    network, config, data = small_training(tiny)
    with Small(network, most=1), pytest.raises(torch.OutOfMemoryError):
        list(training_steps(network, config, data, seeded()))
