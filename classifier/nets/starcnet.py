"""StarcNet, the network that classified LEGUS: three paths see three views of one candidate.

Shapes   B candidates, C bands, (B, C, 32, 32) in, (B, 4) out; the last layer reads 3 x 128
         features.
Rate     1e-4 or below. The first matrix adds 32 768 features of similar brightness, and Adam moves
         each weight by the rate: at 1e-3 its outputs move by 6 in a step, for all candidates alike.
         They differ by 0.1 between candidates, and normalisation hides that difference.
Source   Perez et al. 2021, ApJ 907, 100 (arXiv:2012.09327), section 4 and figure 5.
"""

from typing import cast

import torch
from torch import Tensor, nn

from classifier.core.classes import CLASSES
from classifier.core.config import STARCNET_PX

VIEWS_PX = (32, 20, 11)
"""Sides of the central squares that the three paths see, each enlarged to the input's size."""

WIDTH = 128
"""Channels of each convolution, and features of each path."""

GROUPS = 8
"""Groups of channels that are normalised together."""


class StarcNet(nn.Module):
    """Seven convolutions and one matrix for each view, and a last matrix for all three."""

    def __init__(self, bands: int):
        """Initialise at random."""
        super().__init__()
        self.paths = nn.ModuleList(_path(bands) for _ in VIEWS_PX)
        self.last = nn.Linear(len(VIEWS_PX) * WIDTH, len(CLASSES))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return logits (B, 4), or the 384 features if the last layer was removed."""
        views = (enlarge_centre(x_BCHW, side) for side in VIEWS_PX)
        # three of (B, 128) -> (B, 384)
        z_BF = torch.cat([path(view) for path, view in zip(self.paths, views, strict=True)], dim=1)
        return cast(Tensor, self.last(z_BF))


def enlarge_centre(x_BCHW: Tensor, side: int) -> Tensor:
    """Enlarge the central `side` px to the full size by repeating pixels.

    The square of an odd side is off the centre by half a pixel, to the upper right.
    """
    first = (STARCNET_PX - side + side % 2) // 2
    # (B, C, 32, 32) -> (B, C, side, side) -> (B, C, 32, 32)
    centre = x_BCHW[:, :, first : first + side, first : first + side]
    return nn.functional.interpolate(centre, size=(STARCNET_PX, STARCNET_PX))


def _path(bands: int) -> nn.Sequential:
    """Return four convolutions, a pooling by two, three convolutions, and a matrix."""
    inner_px = STARCNET_PX // 2
    return nn.Sequential(
        *_convolution(bands),
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
    """Return a convolution over 3 x 3 px, its normalisation and its activation."""
    convolution = nn.Conv2d(channels, WIDTH, kernel_size=3, padding=1)
    return convolution, nn.GroupNorm(GROUPS, WIDTH), nn.LeakyReLU()
