"""Random views: how a network in training sees stamps, rotated, flipped and cropped at random.

Shapes   B stamps, C bands, H x W pixels of the stored stamp, S x S pixels of the network's input.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.data.augmentation import minmax_scaled, random_orientations, random_sides, resample


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
    return minmax_scaled(crops_BCSS)
