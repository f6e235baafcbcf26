"""Random views: how a network in training sees stamps, rotated, flipped and cropped at random.

Shapes   B stamps, C bands, H x W pixels of the stored stamp, S x S pixels of the network's input.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.data.augmentation import (
    minmax_scaled,
    random_orientations,
    random_sides,
    resample,
)
from classifier.data.stamps import StampWindow

ANGLES = 180
"""Rotations from 0 to 90 degrees over which the empty share is averaged; the rest is symmetric."""


@dataclass(frozen=True)
class RandomViews:
    """The random views of B stamps."""

    orientations: Tensor
    """(B, 2, 2) matrices."""
    sides: Tensor | None
    """(B, 1, 1) sides of the squares in px; None if all are `stamp_px`."""

    def split(self, parts: int) -> list["RandomViews"]:
        """Split the views as `Tensor.tensor_split` splits the stamps."""
        orientations = self.orientations.tensor_split(parts)
        sides = [None] * parts if self.sides is None else self.sides.tensor_split(parts)
        return [RandomViews(*pair) for pair in zip(orientations, sides, strict=True)]


def random_views(count: int, config: TrainingConfig, generator: torch.Generator) -> RandomViews:
    """Draw the views of `count` stamps, as configured."""
    upright = torch.eye(2).expand(count, 2, 2)
    orientations = random_orientations(count, generator) if config.augment else upright
    if not config.crop_px:
        return RandomViews(orientations, None)
    low, high = config.crop_px
    return RandomViews(orientations, random_sides(count, low, high, generator))


def network_input(stamps_BCHW: Tensor, config: TrainingConfig, views: RandomViews) -> Tensor:
    """Return the network's input (B, C, S, S): views of stamps (B, C, H, W)."""
    if views.sides is None:
        return resample(stamps_BCHW, config.stamp_px, config.input_px, views.orientations)
    crops_BCSS = resample(stamps_BCHW, views.sides, config.input_px, views.orientations)
    return minmax_scaled(crops_BCSS, joint=config.scaling_range == "joint")


def empty_share(config: TrainingConfig) -> float:
    """Return the mean share of the input in training that lies beyond the stored stamp.

    A stamp as large as its pack has no margin for rotation: the corners of a rotated view are
    zeros. A view of at most 1 / sqrt(2) of the pack's side has none.
    """
    if not config.augment:
        return 0.0
    low, high = config.crop_px or (config.stamp_px, config.stamp_px)
    angle_A = (np.arange(ANGLES) + 0.5) * (np.pi / 2 / ANGLES)
    cos_A, sin_A = np.cos(angle_A), np.sin(angle_A)
    view_V1 = np.arange(low, high + 1)[:, None]
    # Each corner of the view reaches so far beyond a side of the stamp, and loses a triangle.
    beyond_VA = (view_V1 * (cos_A + sin_A) - StampWindow.training(config).side).clip(min=0) / 2
    return float((2 * beyond_VA**2 / (cos_A * sin_A * view_V1**2)).mean())
