"""The loop that teaches one network: batches, loss, steps.

Source: Wei et al. 2020, section 3.4: cross-entropy, Adam, a fixed number of batches. What the paper
does not have is off by default: Clark et al. 2020 (rates by layer), Kumar et al. 2022 (the last
layer first), Izmailov et al. 2018 (averaged weights), Peterson et al. 2019 (shares of the votes).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from classifier.augmentation import random_orientations, random_sides, resample, stretched
from classifier.config import TrainingConfig
from classifier.dataset import TrainingSet
from classifier.device import autocast
from classifier.network import DualBackbone


@dataclass(frozen=True)
class Step:
    """One batch, done."""

    loss: Tensor
    """Mean over the batch, nats."""
    accuracy: Tensor
    """Share of right answers, before the step."""
    parts: int
    """Pieces in which the batch was computed, for want of memory; 1 as a rule."""


def optimise(
    network: DualBackbone, config: TrainingConfig, data: TrainingSet, generator: torch.Generator
) -> Iterator[Step]:
    """Train a network in place, batch by batch.

    Where the device's memory is too small for a batch it goes on in halves of it, whose gradients
    add up to the same; only batch normalisation then averages over fewer stamps.
    With `config.average` the network holds the averaged weights once the last batch is done.
    """
    device = data.stamps.device
    loss_of = nn.CrossEntropyLoss(
        weight=class_weights(config, data.labels), label_smoothing=config.label_smoothing
    )
    # Without decay, the default, this is Adam.
    optimiser = AdamW(
        parameter_groups(network, config), weight_decay=config.weight_decay, fused=True
    )
    schedule = LambdaLR(optimiser, rate_schedule(config))
    averaged = _averaged(network, config)
    indices = endless_batches(len(data.labels), config.batch_size, generator)

    def descend(x_BCHW: Tensor, targets: Tensor, parts: int) -> tuple[Tensor, Tensor]:
        """Gradients of the batch's mean loss; returns that and the logits."""
        optimiser.zero_grad(set_to_none=True)
        losses, answers = [], []
        for x, y in zip(x_BCHW.chunk(parts), targets.chunk(parts), strict=True):
            with autocast(config, device):
                logits = network(x)
            loss = loss_of(logits.float(), y) * (len(x) / len(x_BCHW))
            loss.backward()
            losses.append(loss.detach())
            answers.append(logits.detach())
        return torch.stack(losses).sum(), torch.cat(answers)

    parts = 1
    for batch in range(config.batches):
        _set_mode(network, batch - config.head_batches)
        index = next(indices).to(device)
        x_BCHW = network_input(data.stamps[index].float(), config, generator)
        while True:
            try:
                loss, logits = descend(x_BCHW, data.targets[index], parts)
                break
            except torch.OutOfMemoryError:
                # One stamp alone has no statistics for batch normalisation.
                if len(index) < 4 * parts:
                    raise
                parts *= 2
        optimiser.step()
        schedule.step()
        if averaged is not None:
            averaged.update_parameters(network)
            if batch + 1 == config.batches:
                network.load_state_dict(averaged.module.state_dict())
        yield Step(loss, (logits.argmax(1) == data.labels[index]).float().mean(), parts)


def network_input(
    stamps_BCHW: Tensor, config: TrainingConfig, generator: torch.Generator
) -> Tensor:
    """Stamps as a network in training sees them (B, C, S, S): turned, cut and enlarged."""
    count = len(stamps_BCHW)
    turns = random_orientations(count, generator) if config.augment else None
    if not config.crop_px:
        return resample(stamps_BCHW, config.stamp_px, config.input_px, turns)
    low, high = config.crop_px
    sides = random_sides(count, low, high, generator)
    return stretched(resample(stamps_BCHW, sides, config.input_px, turns))


def parameter_groups(network: DualBackbone, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameters with their learning rates: the matrix at the full one, each layer below at less.

    A layer is a convolution or a matrix with the normalisation that follows it.
    """
    if config.layer_decay == 1:
        return [{"params": list(network.parameters()), "lr": config.learning_rate}]
    groups = [{"params": list(network.head.parameters()), "lr": config.learning_rate}]
    for backbone in network.backbones:
        layers: list[list[nn.Parameter]] = []
        for module in backbone.modules():
            own = list(module.parameters(recurse=False))
            if isinstance(module, nn.Conv2d | nn.Linear):
                layers.append(own)
            elif own:
                layers[-1] += own
        for depth, parameters in enumerate(reversed(layers), start=1):
            rate = config.learning_rate * config.layer_decay**depth
            groups.append({"params": parameters, "lr": rate})
    return groups


def _averaged(network: DualBackbone, config: TrainingConfig) -> AveragedModel | None:
    if not config.average:
        return None
    following = get_ema_multi_avg_fn(config.average)  # type: ignore[no-untyped-call]
    return AveragedModel(network, multi_avg_fn=following, use_buffers=True)


def _set_mode(network: DualBackbone, batch: int) -> None:
    """Everything learns from batch 0 on; before it only the matrix, over backbones at rest."""
    network.train()
    learning = batch >= 0
    network.backbones.requires_grad_(learning).train(learning)
    if learning:
        average_from_start(network, batch)


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
    counts = torch.bincount(labels, minlength=config.classes).float()
    present = counts > 0
    return torch.where(present, len(labels) / (present.sum() * counts.clamp(min=1)), 0.0)
