"""Two copies of a backbone look at one candidate; one matrix reads both.

Shapes   B candidates, C bands, H x W pixels, F features of all copies, K classes.
Units    pixels in [0, 1]; logits are natural logarithms of unnormalised probabilities.
Source   Wei et al. 2020, section 3.3 and figure 2.
"""

from pathlib import Path
from typing import Self, cast

import torch
from torch import Tensor, nn

from classifier.core.config import TrainingConfig
from classifier.nets.backbones import BACKBONES, keep_channels, without_last_layer


class DualBackbone(nn.Module):
    """Bands in threes, each three to its own backbone, all features to one linear layer.

    Five bands make two backbones, (NUV, U, B) and (V, I). The paper fills the second up with a
    channel of zeros; leaving the channel out gives the same logits and costs nothing.
    """

    def __init__(self, backbone: str, bands: int, classes: int, imagenet: Path | None = None):
        """Start from the state dictionary in `imagenet`, or from random weights."""
        super().__init__()
        entry = BACKBONES[backbone]
        state = imagenet and torch.load(imagenet, map_location="cpu", weights_only=True)
        self.channels = [
            min(entry.channels, bands - first) for first in range(0, bands, entry.channels)
        ]
        self.backbones = nn.ModuleList()
        features = 0
        for channels in self.channels:
            network = entry.build(channels)
            if state:
                network.load_state_dict(entry.renamed(state, network))
            features += without_last_layer(network, entry)
            keep_channels(network, entry, channels)
            self.backbones.append(network)
        self.head = nn.Linear(features, classes)
        self._in_blocks = False
        # As fast convolutions read weights; torch's stubs forget this argument.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def of(cls, config: TrainingConfig, imagenet: Path | None = None) -> Self:
        """The network that a configuration asks for."""
        return cls(config.backbone, len(config.bands), config.classes, imagenet)

    @classmethod
    def unfilled(cls, config: TrainingConfig, device: torch.device) -> Self:
        """The same with whatever was in memory for weights, to be filled; draws no random number.

        That takes no time, where the initial weights of two VGG19-BN take seconds.
        """
        with torch.device("meta"):
            network = cls.of(config)
        return network.to_empty(device=device)

    def features(self, x_BCHW: Tensor) -> Tensor:
        """What the backbones see in the images, side by side (B, F)."""
        parts = torch.split(x_BCHW, self.channels, dim=1)
        seen = _seen_in_blocks if self._in_blocks and self.training else _seen
        return torch.cat(list(map(seen, self.backbones, parts)), dim=1)

    def train_in_blocks(self) -> None:
        """In training compute in bfloat16 in oneDNN's own layout of memory, on a CPU.

        Nothing is then put in order before and after each convolution.
        """
        self._in_blocks = True
        self.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]

    def logits(self, z_BF: Tensor) -> Tensor:
        """Logits (B, K) of features, in float32: bfloat16 would move probabilities by a percent."""
        with torch.autocast(z_BF.device.type, enabled=False):
            return cast(Tensor, self.head(z_BF.float()))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Logits (B, K)."""
        return self.logits(self.features(x_BCHW))


def _seen(backbone: nn.Module, x_BCHW: Tensor) -> Tensor:
    # The channels of a pixel side by side, as fast convolutions read them.
    return cast(Tensor, backbone(x_BCHW.contiguous(memory_format=torch.channels_last)))


def _seen_in_blocks(backbone: nn.Module, x_BCHW: Tensor) -> Tensor:
    # The layout has its own operators, and autocast knows none of them.
    with torch.autocast("cpu", enabled=False):
        return cast(Tensor, backbone(x_BCHW.contiguous().to_mkldnn(torch.bfloat16)).to_dense())
