"""The dual backbone: two copies of a backbone see one candidate, one linear layer reads both.

Shapes   B candidates, C bands, H x W pixels, F features of all copies, K classes.
Units    pixels in [0, 1]; logits are natural logarithms of unnormalised probabilities.
Weights  ImageNet's in all layers but the last fully-connected one of each backbone, which is left
         out, and the joining matrix, which is random: so we read the paper's "last layers".
Source   Wei et al. 2020 (arXiv:1909.02024), section 3.3; it has no figure of the network.
"""

from pathlib import Path
from typing import Self, cast

import torch
from torch import Tensor, nn

from classifier.core.config import TrainingConfig
from classifier.nets.backbones import BACKBONES, keep_bands, remove_last_layer


class DualBackbone(nn.Module):
    """Three bands to each copy of a backbone, the features of all copies to one linear layer.

    Five bands need two copies, for (NUV, U, B) and (V, I). The paper fills the second up with a
    channel of zeros; without that channel the logits are the same and the cost is lower.
    """

    def __init__(self, backbone: str, bands: int, classes: int, imagenet: Path | None = None):
        """Initialise from the state dictionary in the file `imagenet`, or at random."""
        super().__init__()
        entry = BACKBONES[backbone]
        state = imagenet and torch.load(imagenet, map_location="cpu", weights_only=True)
        self.bands_per_copy = [
            min(entry.max_bands, bands - first) for first in range(0, bands, entry.max_bands)
        ]
        """Number of bands that each copy sees."""
        self.backbones = nn.ModuleList()
        features = 0
        for copy_bands in self.bands_per_copy:
            network = entry.build(copy_bands)
            if state:
                network.load_state_dict(entry.rename_weights(state, network))
            features += remove_last_layer(network, entry)
            keep_bands(network, entry, copy_bands)
            self.backbones.append(network)
        self.head = nn.Linear(features, classes)
        self._blocked_layout = False
        # The layout for fast convolutions; torch's stubs lack this argument.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def from_config(cls, config: TrainingConfig, imagenet: Path | None = None) -> Self:
        """Return the configured network with its initial weights."""
        return cls(config.backbone, len(config.bands), config.classes, imagenet)

    @classmethod
    def uninitialised(cls, config: TrainingConfig, device: torch.device) -> Self:
        """Return the configured network with undefined weights; draws no random numbers.

        The initial weights of two VGG19-BN would take seconds.
        """
        with torch.device("meta"):
            network = cls.from_config(config)
        return network.to_empty(device=device)

    def features(self, x_BCHW: Tensor) -> Tensor:
        """Return the features (B, F) of all copies, side by side."""
        # (B, C, H, W) -> (B, 3, H, W), (B, 2, H, W)
        parts = torch.split(x_BCHW, self.bands_per_copy, dim=1)
        blocked = self._blocked_layout and self.training
        run_backbone = _run_in_blocked_layout if blocked else _run_channels_last
        return torch.cat(list(map(run_backbone, self.backbones, parts)), dim=1)

    def use_blocked_layout(self) -> None:
        """Train in bfloat16 and in oneDNN's blocked memory layout, on a CPU.

        This saves a reordering before and after each convolution.
        """
        self._blocked_layout = True
        self.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]

    def logits(self, z_BF: Tensor) -> Tensor:
        """Return logits (B, K) in float32; bfloat16 would change probabilities by a percent."""
        with torch.autocast(z_BF.device.type, enabled=False):
            return cast(Tensor, self.head(z_BF.float()))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return logits (B, K)."""
        return self.logits(self.features(x_BCHW))


def _run_channels_last(backbone: nn.Module, x_BCHW: Tensor) -> Tensor:
    # The layout for fast convolutions; on Apple's GPU the default layout, as a safe choice.
    layout = torch.contiguous_format if x_BCHW.device.type == "mps" else torch.channels_last
    return cast(Tensor, backbone(x_BCHW.contiguous(memory_format=layout)))


def _run_in_blocked_layout(backbone: nn.Module, x_BCHW: Tensor) -> Tensor:
    # autocast does not support the operators of this layout.
    with torch.autocast("cpu", enabled=False):
        return cast(Tensor, backbone(x_BCHW.contiguous().to_mkldnn(torch.bfloat16)).to_dense())
