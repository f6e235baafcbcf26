"""Two copies of a backbone look at one candidate; one matrix reads both.

Shapes   B candidates, C bands, H x W pixels, F features of one copy, K = 4 classes.
Units    pixels in [0, 1]; logits are natural logarithms of unnormalised probabilities.
Source   Wei et al. 2020, section 3.3 and figure 2.
"""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from classifier.backbones import BACKBONES, keep_channels, without_last_layer
from classifier.config import CLASSES

CHANNELS_PER_BACKBONE = 3


class DualBackbone(nn.Module):
    """Bands in threes, each three to its own backbone, all features to one linear layer.

    Five bands make two backbones, (NUV, U, B) and (V, I). The paper fills the second up with a
    channel of zeros; leaving the channel out gives the same logits and costs nothing.
    """

    def __init__(self, backbone: str, bands: int, imagenet: Path | None = None):
        """Start from the state dictionary in `imagenet`, or from random weights."""
        super().__init__()
        entry = BACKBONES[backbone]
        state = imagenet and torch.load(imagenet, map_location="cpu", weights_only=True)
        self.channels = [
            min(CHANNELS_PER_BACKBONE, bands - first)
            for first in range(0, bands, CHANNELS_PER_BACKBONE)
        ]
        self.backbones = nn.ModuleList()
        features = 0
        for channels in self.channels:
            network = entry.build()
            if state:
                network.load_state_dict(state)
            features += without_last_layer(network, entry)
            keep_channels(network, entry, channels)
            self.backbones.append(network)
        self.head = nn.Linear(features, len(CLASSES))
        # As fast convolutions read weights; torch's stubs forget this argument.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Logits (B, K)."""
        parts = torch.split(x_BCHW, self.channels, dim=1)
        z_BF = torch.cat(
            [
                # The channels of a pixel side by side, as fast convolutions read them.
                backbone(part.contiguous(memory_format=torch.channels_last))
                for backbone, part in zip(self.backbones, parts, strict=True)
            ],
            dim=1,
        )
        return cast(Tensor, self.head(z_BF))
