"""The choice of precision, layout and convolutions, and errors of a full memory."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import RunError, TrainingConfig
from classifier.data.dataset import TrainingTensors
from classifier.inference.batches import predict_batches
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import (
    autocast,
    choose_device,
    computes_bfloat16,
    cudnn_benchmark,
    device_name,
    explain_full_device,
    is_memory_full,
    trains_in_blocked_layout,
    widest_float,
)
from tests.classifier.conftest import training_steps

TOO_MANY = 2**50


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [("resnet18", [True, True]), ("efficientnet_lite0", [False, True])],
)
def test_a_cpu_trains_depthwise_convolutions_in_float32(monkeypatch, tiny, backbone, expected):
    monkeypatch.setattr("classifier.runtime.device.computes_bfloat16", lambda device: True)
    config = replace(tiny, backbone=backbone, batches=1)
    network, rounded = DualBackbone.from_config(config), []
    network.backbones[0].register_forward_hook(
        lambda *arguments: rounded.append(arguments[-1].dtype == torch.bfloat16)
    )
    stamps = torch.rand(4, 5, 46, 46)
    training_set = TrainingTensors(stamps, torch.arange(4))
    list(training_steps(network, config, training_set, torch.Generator().manual_seed(0)))
    with torch.inference_mode():
        list(predict_batches(network.eval(), stamps, config))
    assert rounded == expected


def test_a_configured_precision_is_used():
    config = TrainingConfig(backbone="efficientnet_lite0", precision="bfloat16")
    assert isinstance(autocast(config, torch.device("cpu"), gradients=True), torch.autocast)


@pytest.mark.parametrize(
    ("device", "settings"),
    [
        ("cuda", {}),
        ("cpu", {"precision": "float32"}),
        ("cpu", {"backbone": "vgg19_bn"}),
        ("cpu", {"backbone": "efficientnet_lite0"}),
    ],
)
def test_only_resnets_in_bfloat16_on_a_cpu_train_in_the_blocked_layout(device, settings):
    config = TrainingConfig(**{"precision": "bfloat16"} | settings)
    assert not trains_in_blocked_layout(config, torch.device(device))


def test_apple_s_gpu_computes_in_float32_and_torch_s_own_layout():
    device, config = torch.device("mps"), TrainingConfig()
    assert not computes_bfloat16(device)
    assert not trains_in_blocked_layout(config, device)
    assert not isinstance(autocast(config, device, gradients=True), torch.autocast)
    assert widest_float(device) == torch.float32
    assert widest_float(torch.device("cpu")) == torch.float64
    assert device_name(device) == "Apple GPU"


@pytest.mark.parametrize(("threads", "name"), [(1, "CPU, 1 thread"), (2, "CPU, 2 threads")])
def test_the_name_of_a_cpu_counts_its_threads(threads, name):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert device_name(torch.device("cpu")) == name
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has that device")
def test_a_device_that_is_missing_is_named():
    with pytest.raises(RunError, match="no device 'mps'"):
        choose_device("mps")


@pytest.mark.parametrize("allocate", [torch.empty, np.empty])
def test_errors_of_a_full_memory_are_recognised(allocate):
    with pytest.raises((RuntimeError, MemoryError)) as full:
        allocate((TOO_MANY, 4))
    assert is_memory_full(full.value)
    with (
        pytest.raises(RunError, match="use another device"),
        explain_full_device(torch.device("cpu")),
    ):
        allocate((TOO_MANY, 4))


def test_other_errors_are_raised_unchanged():
    with pytest.raises(RuntimeError, match="shapes"), explain_full_device(torch.device("cpu")):
        torch.zeros(2, 3) @ torch.zeros(2, 3)


def test_a_gpu_times_convolutions_within_the_block_only():
    before = torch.backends.cudnn.benchmark
    with cudnn_benchmark(torch.device("cuda")):
        assert torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.benchmark == before


def test_a_cpu_does_not_change_the_setting():
    before = torch.backends.cudnn.benchmark
    with cudnn_benchmark(torch.device("cpu")):
        assert torch.backends.cudnn.benchmark == before
