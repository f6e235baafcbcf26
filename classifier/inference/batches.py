"""Evaluate one network on stamps, batch by batch.

Shapes   N stamps, B of a batch, C bands, H x W pixels, F features, K classes.
Views    each stamp once, upright, or with `dihedral` the mean over eight orientations.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.data.augmentation import dihedral_orientations, resample
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import autocast, copy_to_device, is_memory_full, widest_float

GPU_BATCH = 256
"""Least stamps of a batch on a GPU, if its memory allows: Python is then faster than the GPU, and
without gradients the memory suffices."""


def predict_batches(
    network: DualBackbone, stamps_NCHW: Tensor, config: TrainingConfig
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield features (B, F) float32 and probabilities (B, K) of the stamps, in order.

    After a batch that is too large for the device's memory, batches are half as large.
    """
    device = network.head.weight.device
    size, first = prediction_batch_size(config, device), 0
    while first < len(stamps_NCHW):
        if len(stamps_NCHW) - first < size:
            # A GPU tries convolutions for each new shape: remainders have few shapes this way.
            size = min(size, config.batch_size)
        batch_BCHW = stamps_NCHW[first : first + size]
        try:
            prediction = _predict_batch(network, copy_to_device(batch_BCHW, device), config)
        except (RuntimeError, MemoryError) as error:
            if not is_memory_full(error) or len(batch_BCHW) == 1:
                raise
            # The retry is outside of this block, in which the error still holds the memory.
            size = len(batch_BCHW) // 2
            continue
        yield prediction
        first += len(batch_BCHW)


def prediction_batch_size(config: TrainingConfig, device: torch.device) -> int:
    """Return the number of stamps in a batch without gradients, if the memory allows."""
    return max(config.batch_size, GPU_BATCH) if device.type == "cuda" else config.batch_size


def _predict_batch(
    network: DualBackbone, stamps_BCHW: Tensor, config: TrainingConfig
) -> tuple[Tensor, Tensor]:
    """Return features (B, F) and probabilities (B, K), means over the orientations."""
    features, probabilities = [], []
    for turn_22 in dihedral_orientations() if config.dihedral else torch.eye(2)[None]:
        turn_B22 = turn_22.expand(len(stamps_BCHW), 2, 2)
        x_BCSS = resample(stamps_BCHW, config.stamp_px, config.input_px, turn_B22)
        with autocast(config, stamps_BCHW.device, gradients=False):
            z_BF = network.features(x_BCSS)
        features.append(z_BF.float())
        probabilities.append(network.logits(z_BF).softmax(dim=1, dtype=widest_float(z_BF.device)))
    # (orientations, B, F) -> (B, F), and (orientations, B, K) -> (B, K)
    return torch.stack(features).mean(dim=0), torch.stack(probabilities).mean(dim=0)
