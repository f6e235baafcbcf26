"""StarcNet, the network that LEGUS was classified with before: three views of one candidate.

Shapes   (B, C, 32, 32) in, (B, 4) out; the last layer reads 3 x 128 features.
Rate     1e-4 and below. The first matrix adds up 32 768 features of much the same brightness, and
         Adam moves each weight by the rate: at 1e-3 its outputs move by 6 a step, for all
         candidates alike, which differ by 0.1, and the normalisation hides that difference.
Source   Perez et al. 2021, ApJ 907, 100 (arXiv:2012.09327), section 4 and figure 5.
"""

from typing import cast

import torch
from torch import Tensor, nn

from classifier.core.config import CLASSES, STARCNET_PX

VIEWS_PX = (32, 20, 11)
"""Sides of the central squares that the three paths see, each enlarged to the whole input."""

WIDTH = 128
GROUPS = 8


class StarcNet(nn.Module):
    """Each view goes through seven convolutions and one matrix; another matrix joins the three."""

    def __init__(self, channels: int):
        """Random weights, for so many bands."""
        super().__init__()
        self.paths = nn.ModuleList(_path(channels) for _ in VIEWS_PX)
        self.last = nn.Linear(len(VIEWS_PX) * WIDTH, len(CLASSES))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Logits (B, 4), or the 384 features where the last layer was taken away."""
        views = (_enlarged(x_BCHW, side) for side in VIEWS_PX)
        z_BF = torch.cat([path(view) for path, view in zip(self.paths, views, strict=True)], dim=1)
        return cast(Tensor, self.last(z_BF))


def _enlarged(x_BCHW: Tensor, side: int) -> Tensor:
    """The central `side` px, repeated to the full size; an odd square leans to the upper right."""
    first = (STARCNET_PX - side + side % 2) // 2
    view = x_BCHW[:, :, first : first + side, first : first + side]
    return nn.functional.interpolate(view, size=(STARCNET_PX, STARCNET_PX))


def _path(channels: int) -> nn.Sequential:
    """Four convolutions, a pooling by two, three convolutions, and a matrix."""
    inner_px = STARCNET_PX // 2
    return nn.Sequential(
        *_convolution(channels),
        *(layer for _ in range(3) for layer in _convolution(WIDTH)),
        nn.MaxPool2d(2),
        *(layer for _ in range(3) for layer in _convolution(WIDTH)),
        nn.Flatten(),
        nn.Linear(WIDTH * inner_px * inner_px, WIDTH),
        nn.GroupNorm(GROUPS, WIDTH),
        nn.LeakyReLU(),
        nn.Dropout(0.5),
    )


def _convolution(channels: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    """3 x 3 pixels, normalised in groups of channels."""
    convolution = nn.Conv2d(channels, WIDTH, kernel_size=3, padding=1)
    return convolution, nn.GroupNorm(GROUPS, WIDTH), nn.LeakyReLU()
