"""The dual backbone: its bands, layers and weights, and the equal networks that are faster."""

from copy import deepcopy
from statistics import median

import pytest
import torch
from torch import nn

from classifier.core.config import BACKBONE_NAMES
from classifier.nets import imagenet_weights
from classifier.nets.backbones import BACKBONES, keep_bands, remove_last_layer
from classifier.nets.dual_backbone import DualBackbone
from classifier.nets.torchvision_import import models
from classifier.runtime.device import onednn_computes_bfloat16


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DualBackbone("resnet18", bands=5, classes=4)


def test_the_first_sees_three_bands_and_the_second_two(network):
    assert [backbone.conv1.in_channels for backbone in network.backbones] == [3, 2]


def test_one_matrix_joins_both_outputs_to_four_classes(network):
    assert isinstance(network.head, nn.Linear)
    assert network.head.weight.shape == (4, 2 * 512)
    assert network(torch.rand(2, 5, 32, 32)).shape == (2, 4)


def test_the_last_layers_of_the_backbones_are_removed(network):
    matrices = [module for module in network.modules() if isinstance(module, nn.Linear)]
    assert matrices == [network.head]


def test_every_weight_learns(network):
    loss = nn.functional.cross_entropy(network(torch.rand(4, 5, 64, 64)), torch.arange(4))
    loss.backward()
    assert all(weight.grad is not None for weight in network.parameters())
    assert all(weight.grad.abs().max() > 0 for weight in network.parameters())


@pytest.mark.parametrize("name", ["resnet18", "vgg19_bn", "efficientnet_lite0"])
def test_without_a_channel_of_zeros_the_result_is_the_same(name):
    entry = BACKBONES[name]
    torch.manual_seed(1)
    full = entry.build(3)
    x = torch.rand(2, 3, 64, 64)
    x[:, 2] = 0
    remove_last_layer(full, entry)
    full.eval()
    with torch.inference_mode():
        expected = full(x)
        keep_bands(full, entry, 2)
        torch.testing.assert_close(full(x[:, :2]), expected, atol=1e-5, rtol=1e-5)


def test_weights_of_a_channel_of_zeros_get_no_gradient():
    torch.manual_seed(1)
    stem = BACKBONES["resnet18"].build(3).conv1
    x = torch.rand(2, 3, 32, 32)
    x[:, 2] = 0
    stem(x).square().sum().backward()
    assert not stem.weight.grad[:, 2].any()
    assert stem.weight.grad[:, :2].any()


def test_pooling_before_the_relu_gives_the_same_values_and_gradients():
    torch.manual_seed(2)
    theirs, ours = models.resnet18(), BACKBONES["resnet18"].build(3)
    ours.load_state_dict(theirs.state_dict())
    x = torch.rand(4, 3, 64, 64)
    answers = [network(x) for network in (ours, theirs)]
    for answer in answers:
        answer.square().sum().backward()
    assert torch.equal(*answers)
    for weight, theirs_too in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(weight.grad, theirs_too.grad)


@pytest.mark.skipif(
    not onednn_computes_bfloat16(),
    reason="oneDNN does not compute in bfloat16 on this CPU",
)
def test_gradients_in_the_blocked_layout_are_as_exact():
    """Both round to bfloat16, which changes many gradients of random networks by a third."""
    torch.manual_seed(3)
    exact = DualBackbone("resnet18", bands=5, classes=4).train()
    usual, blocks = deepcopy(exact), deepcopy(exact)
    blocks.use_blocked_layout()
    x, y = torch.rand(16, 5, 64, 64), torch.arange(16) % 4
    logits = {}
    for network in (exact, usual, blocks):
        with torch.autocast("cpu", torch.bfloat16, enabled=network is not exact):
            logits[network] = network(x)
        nn.functional.cross_entropy(logits[network], y).backward()

    def median_error(network):
        pairs = zip(network.parameters(), exact.parameters(), strict=True)
        return median((a.grad - b.grad).norm() / b.grad.norm() for a, b in pairs)

    assert median_error(blocks) < 1.2 * median_error(usual)
    torch.testing.assert_close(logits[blocks], logits[exact], atol=0.1, rtol=0.05)
    for name, value in exact.named_buffers():
        torch.testing.assert_close(blocks.get_buffer(name), value, atol=0.01, rtol=0.02)


def test_vgg_keeps_its_4096_features():
    entry = BACKBONES["vgg19_bn"]
    with torch.device("meta"):
        network = entry.build(3)
    assert remove_last_layer(network, entry) == 4096
    assert network(torch.empty(1, 3, 299, 299, device="meta")).shape == (1, 4096)


@pytest.mark.parametrize(("bands", "channels"), [(1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_each_copy_gets_at_most_three_bands(bands, channels):
    assert DualBackbone("resnet18", bands, 4).bands_per_copy == channels


def test_imagenet_weights_are_loaded_except_for_the_last_layer(tmp_path):
    torch.manual_seed(2)
    state = BACKBONES["resnet18"].build(3).state_dict()
    torch.save(state, tmp_path / "resnet18.pth")
    first, second = DualBackbone("resnet18", 5, 4, tmp_path / "resnet18.pth").backbones
    assert torch.equal(first.conv1.weight, state["conv1.weight"])
    assert torch.equal(second.conv1.weight, state["conv1.weight"][:, :2])
    assert torch.equal(second.layer4[1].bn2.weight, state["layer4.1.bn2.weight"])
    assert not hasattr(first.fc, "weight")


def test_lite0_starts_from_the_installed_weights():
    entry = BACKBONES["efficientnet_lite0"]
    weights = imagenet_weights.find(entry.url, package=entry.package)
    assert weights.kind == "imagenet"
    state = torch.load(weights.path, weights_only=True)
    first, second = DualBackbone("efficientnet_lite0", 5, 4, weights.path).backbones
    assert torch.equal(first.conv_stem.weight, state["_conv_stem.weight"])
    assert torch.equal(second.conv_stem.weight, state["_conv_stem.weight"][:, :2])
    assert torch.equal(first.bn2.running_var, state["_bn1.running_var"])
    # Features of noise by the network that these weights belong to.
    torch.manual_seed(0)
    with torch.inference_mode():
        features = first.eval()(torch.rand(1, 3, 224, 224))
    assert features.shape == (1, 1280)
    assert 0.1 < features.mean() < 2


@pytest.mark.parametrize("name", list(BACKBONES))
def test_any_number_of_bands_and_classes(name):
    side = 32
    network = DualBackbone(name, bands=4, classes=7).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 4, side, side)).shape == (1, 7)


def test_every_backbone_that_is_offered_can_be_built():
    assert set(BACKBONES) == set(BACKBONE_NAMES)
