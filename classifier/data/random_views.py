"""How a network in training sees stamps: turned, cut and enlarged at random, as configured.

Shapes   B stamps, C bands, S x S pixels of the network's input.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.data.augmentation import random_orientations, random_sides, resample, stretched


@dataclass(frozen=True)
class Views:
    """How a network in training sees each of B stamps."""

    turns: Tensor
    """(B, 2, 2) orientations."""
    sides: Tensor | None
    """(B, 1, 1) of the squares that are seen, where they are not all `stamp_px`."""

    def split(self, parts: int) -> list["Views"]:
        """The same, as `Tensor.tensor_split` divides the stamps."""
        turns = self.turns.tensor_split(parts)
        sides = [None] * parts if self.sides is None else self.sides.tensor_split(parts)
        return [Views(*pair) for pair in zip(turns, sides, strict=True)]


def random_views(count: int, config: TrainingConfig, generator: torch.Generator) -> Views:
    """Drawn for so many stamps, as configured."""
    upright = torch.eye(2).expand(count, 2, 2)
    turns = random_orientations(count, generator) if config.augment else upright
    if not config.crop_px:
        return Views(turns, None)
    low, high = config.crop_px
    return Views(turns, random_sides(count, low, high, generator))


def network_input(stamps_BCHW: Tensor, config: TrainingConfig, views: Views) -> Tensor:
    """Stamps as a network in training sees them (B, C, S, S): turned, cut and enlarged."""
    if views.sides is None:
        return resample(stamps_BCHW, config.stamp_px, config.input_px, views.turns)
    return stretched(resample(stamps_BCHW, views.sides, config.input_px, views.turns))
