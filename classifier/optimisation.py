"""The loop that teaches one network: batches, loss, steps.

Source: Wei et al. 2020, section 3.4: cross-entropy, Adam, a fixed number of batches.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from classifier.augmentation import random_orientations, resample
from classifier.config import CLASSES, TrainingConfig
from classifier.dataset import TrainingSet
from classifier.device import autocast


def optimise(
    network: nn.Module, config: TrainingConfig, data: TrainingSet, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Train a network in place; yields loss and share of right answers after each batch."""
    device = data.stamps.device
    network.train()
    loss_of = nn.CrossEntropyLoss(
        weight=class_weights(config, data.labels), label_smoothing=config.label_smoothing
    )
    # Without decay, the default, this is Adam.
    optimiser = AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    schedule = LambdaLR(optimiser, rate_schedule(config))
    indices = endless_batches(len(data.labels), config.batch_size, generator)
    for batch in range(config.batches):
        average_from_start(network, batch)
        index = next(indices).to(device)
        turns = random_orientations(len(index), generator) if config.augment else None
        x_BCHW = resample(data.stamps[index], config.stamp_px, config.input_px, turns)
        labels = data.labels[index]
        optimiser.zero_grad(set_to_none=True)
        with autocast(config, device):
            logits = network(x_BCHW)
        loss = loss_of(logits.float(), labels)
        loss.backward()
        optimiser.step()
        schedule.step()
        yield loss.detach(), (logits.detach().argmax(1) == labels).float().mean()


def average_from_start(network: nn.Module, batch: int) -> None:
    """Let batch normalisation average its statistics over the first ten batches, then follow.

    Left alone, variances start at 1 and are still ten times too large after 40 batches: a short
    training would be spoilt, a long one forgets them. The default pace is 0.1 a batch.
    """
    pace = max(0.1, 1 / (batch + 1))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = pace


def endless_batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices (size,) below `count`: every one once, in random order, before any comes again."""
    pool = torch.empty(0, dtype=torch.long)
    while True:
        while len(pool) < size:
            pool = torch.cat([pool, torch.randperm(count, generator=generator)])
        yield pool[:size]
        pool = pool[size:]


def rate_schedule(config: TrainingConfig) -> Callable[[int], float]:
    """The factor on the learning rate, by the number of batches done."""
    warm_up = max(1, config.batches // 20)
    rest = max(1, config.batches - warm_up)

    def cosine(done: int) -> float:
        if done < warm_up:
            return (done + 1) / warm_up
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warm_up) / rest)))

    return cosine if config.schedule == "cosine" else lambda _: 1.0


def class_weights(config: TrainingConfig, labels: Tensor) -> Tensor | None:
    """Factor (K,) of each class in the loss, 1 on average over the labels; None for all alike."""
    if config.class_weights == "none":
        return None
    counts = torch.bincount(labels, minlength=len(CLASSES)).float()
    present = counts > 0
    return torch.where(present, len(labels) / (present.sum() * counts.clamp(min=1)), 0.0)
