"""Crop, flip, rotate and resize in one resampling, from stamps straight to a network's input.

Shapes   B candidates, C bands, H x W pixels of the stored crop, S x S of the network's input.
Edges    rotating a 50 px square needs pixels outside it: they come from the stamp, which is larger.
         Beyond the stamp's own edge there is zero.
Source   Wei et al. 2020, section 3.4: random flips, rotation uniform in [0, 2 pi].
"""

import math

import torch
from torch import Tensor, nn


def random_orientations(count: int, generator: torch.Generator) -> Tensor:
    """Matrices (B, 2, 2): each a random rotation, after a random flip of either axis."""
    angle = torch.rand(count, generator=generator) * (2 * math.pi)
    flips = torch.randint(0, 2, (count, 2), generator=generator) * 2.0 - 1.0
    return rotations(angle) * flips[:, None, :]


def rotations(angle: Tensor) -> Tensor:
    """Matrices (B, 2, 2) that turn (x, y) by `angle` (B,) radians."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)


def resample(
    stamps_BCHW: Tensor, stamp_px: int, input_px: int, orientations: Tensor | None = None
) -> Tensor:
    """The central `stamp_px` of each stamp, oriented, as (B, C, S, S) with S = `input_px`.

    Output pixel p, counted from the centre in units of half the output, shows the stamp at
    orientation @ p, in units of half `stamp_px`. Bilinear.
    """
    count, channels = stamps_BCHW.shape[:2]
    if orientations is None:
        orientations = torch.eye(2).expand(count, 2, 2)
    theta = torch.zeros(count, 2, 3)
    theta[:, :, :2] = orientations * (stamp_px / stamps_BCHW.shape[-1])
    grid = nn.functional.affine_grid(
        theta.to(stamps_BCHW.device), [count, channels, input_px, input_px], align_corners=False
    )
    return nn.functional.grid_sample(
        stamps_BCHW, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
