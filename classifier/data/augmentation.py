"""Crop, flip, rotate and resize stamps to a network's input in one resampling.

Shapes   B stamps, C bands, H x W pixels of the stored stamp, S x S of the network's input.
Axes     images are (y, x); matrices act on (x, y).
Edges    a rotated square reaches beyond the upright one: the stored stamp is large enough for it.
         Beyond the stored stamp there is zero.
Source   Wei et al. 2020 (arXiv:1909.02024), section 3.4: random flips, rotation uniform in
         [0, 2 pi]; section 4.3 names crops of random size as future work.
"""

import math

import torch
from torch import Tensor, nn

from classifier.runtime.device import copy_to_device


def random_orientations(count: int, generator: torch.Generator) -> Tensor:
    """Return matrices (B, 2, 2): each a random rotation, after a random flip of either axis."""
    angle_B = torch.rand(count, generator=generator) * (2 * math.pi)
    flips_B2 = torch.randint(0, 2, (count, 2), generator=generator) * 2.0 - 1.0
    # (B, 2, 2) * (B, 1, 2): scales the columns
    return rotations(angle_B) * flips_B2[:, None, :]


def rotations(angle_B: Tensor) -> Tensor:
    """Return matrices (B, 2, 2) that rotate (x, y) by angles in radians."""
    cos_B, sin_B = angle_B.cos(), angle_B.sin()
    # rows (B, 2), stacked to (B, 2, 2)
    return torch.stack([torch.stack([cos_B, -sin_B], 1), torch.stack([sin_B, cos_B], 1)], 1)


def dihedral_orientations() -> Tensor:
    """Return matrices (8, 2, 2): the quarter turns of a square and of its mirror image."""
    turns = rotations(torch.arange(4) * (math.pi / 2)).round()
    return torch.cat([turns, turns * torch.tensor([-1.0, 1.0])])


def random_sides(count: int, low: int, high: int, generator: torch.Generator) -> Tensor:
    """Return sides (B, 1, 1) in px, uniform over the integers from `low` to `high`."""
    return torch.randint(low, high + 1, (count, 1, 1), generator=generator).float()


def minmax_scaled(images_BCHW: Tensor, *, joint: bool = False) -> Tensor:
    """Scale each image to [0, 1], each band by its own range or all by one; a constant becomes 0.

    The joint range is from the lowest to the highest pixel of all bands that are not constant.
    """
    # (B, C, H, W) -> (B, C, H, 1) -> (B, C, 1, 1)
    low, high = images_BCHW.aminmax(dim=-1, keepdim=True)
    low, high = low.amin(dim=-2, keepdim=True), high.amax(dim=-2, keepdim=True)
    varies = high > low
    if joint:
        low = low.where(varies, torch.inf).amin(dim=1, keepdim=True)
        high = high.where(varies, -torch.inf).amax(dim=1, keepdim=True)
    unit = (images_BCHW - low) / torch.where(high > low, high - low, 1)
    return unit.where(varies, 0)


def resample(
    stamps_BCHW: Tensor,
    stamp_px: int | Tensor,
    input_px: int,
    orientations_B22: Tensor | None = None,
) -> Tensor:
    """Return the central `stamp_px` of each stamp, oriented, as (B, C, S, S) with S = `input_px`.

    Output pixel p, relative to the centre in units of half the output, shows the stamp at
    orientation @ p, in units of half `stamp_px`: one side for all, or (B, 1, 1). Bilinear.
    """
    count, channels = stamps_BCHW.shape[:2]
    if orientations_B22 is None:
        orientations_B22 = torch.eye(2).expand(count, 2, 2)
    theta_B23 = torch.zeros(count, 2, 3)
    theta_B23[:, :, :2] = orientations_B22 * (stamp_px / stamps_BCHW.shape[-1])
    # (B, 2, 3) -> (B, S, S, 2): where in the stamp each output pixel is sampled
    grid_BSS2 = nn.functional.affine_grid(
        copy_to_device(theta_B23, stamps_BCHW.device),
        [count, channels, input_px, input_px],
        align_corners=False,
    )
    return nn.functional.grid_sample(
        stamps_BCHW, grid_BSS2, mode="bilinear", padding_mode="zeros", align_corners=False
    )
