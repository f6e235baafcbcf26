"""The image networks that can be a backbone, one entry each.

A backbone maps (B, 3, H, W) to (B, F). Source: He et al. 2016 (ResNet), Simonyan & Zisserman 2015
(VGG), both from torchvision.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from torch import nn

from classifier.torchvision_import import models


@dataclass(frozen=True)
class Backbone:
    """How to make one image network, and where its ImageNet weights are."""

    build: Callable[[], nn.Module]
    """Makes the whole network with random weights."""
    url: str
    """Of the ImageNet weights; its file name ends in the first digits of their sha256."""
    stem: str
    """Name of the first convolution, the only layer that knows the number of channels."""
    last: str
    """Name of the last fully-connected layer, which knows the number of classes."""


BACKBONES: Mapping[str, Backbone] = MappingProxyType(
    {
        "resnet18": Backbone(
            build=models.resnet18,
            url=models.ResNet18_Weights.IMAGENET1K_V1.url,
            stem="conv1",
            last="fc",
        ),
        "vgg19_bn": Backbone(
            build=models.vgg19_bn,
            url=models.VGG19_BN_Weights.IMAGENET1K_V1.url,
            stem="features.0",
            last="classifier.6",
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
    stem = cast(nn.Conv2d, network.get_submodule(backbone.stem))
    stem.in_channels = channels
    stem.weight = nn.Parameter(stem.weight.detach()[:, :channels].clone())
