"""Crop, flip, rotate and resize in one resampling, from stamps straight to a network's input.

Shapes   B candidates, C bands, H x W pixels of the stored crop, S x S of the network's input.
Edges    rotating a 50 px square needs pixels outside it: they come from the stamp, which is larger.
         Beyond the stamp's own edge there is zero.
Source   Wei et al. 2020, section 3.4: random flips, rotation uniform in [0, 2 pi]; crops of random
         size are its section 5.
"""

import math

import torch
from torch import Tensor, nn

from classifier.runtime.device import sent


def random_orientations(count: int, generator: torch.Generator) -> Tensor:
    """Matrices (B, 2, 2): each a random rotation, after a random flip of either axis."""
    angle = torch.rand(count, generator=generator) * (2 * math.pi)
    flips = torch.randint(0, 2, (count, 2), generator=generator) * 2.0 - 1.0
    return rotations(angle) * flips[:, None, :]


def rotations(angle: Tensor) -> Tensor:
    """Matrices (B, 2, 2) that turn (x, y) by `angle` (B,) radians."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)


def dihedral() -> Tensor:
    """Matrices (8, 2, 2): the four quarter turns of a square, and of its mirror image."""
    turns = rotations(torch.arange(4) * (math.pi / 2)).round()
    return torch.cat([turns, turns * torch.tensor([-1.0, 1.0])])


def random_sides(count: int, low: int, high: int, generator: torch.Generator) -> Tensor:
    """Sides (B, 1, 1) in pixels, each whole number from `low` to `high` as often as any other."""
    return torch.randint(low, high + 1, (count, 1, 1), generator=generator).float()


def stretched(images_BCHW: Tensor) -> Tensor:
    """Each image scaled to [0, 1] by its own darkest and brightest pixel; a flat one becomes 0."""
    low, high = images_BCHW.aminmax(dim=-1, keepdim=True)
    low, high = low.amin(dim=-2, keepdim=True), high.amax(dim=-2, keepdim=True)
    return (images_BCHW - low) / torch.where(high > low, high - low, 1)


def resample(
    stamps_BCHW: Tensor,
    stamp_px: int | Tensor,
    input_px: int,
    orientations: Tensor | None = None,
) -> Tensor:
    """The central `stamp_px` of each stamp, oriented, as (B, C, S, S) with S = `input_px`.

    Output pixel p, counted from the centre in units of half the output, shows the stamp at
    orientation @ p, in units of half `stamp_px`: one side for all, or (B, 1, 1). Bilinear.
    """
    count, channels = stamps_BCHW.shape[:2]
    if orientations is None:
        orientations = torch.eye(2).expand(count, 2, 2)
    theta = torch.zeros(count, 2, 3)
    theta[:, :, :2] = orientations * (stamp_px / stamps_BCHW.shape[-1])
    grid = nn.functional.affine_grid(
        sent(theta, stamps_BCHW.device), [count, channels, input_px, input_px], align_corners=False
    )
    return nn.functional.grid_sample(
        stamps_BCHW, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
