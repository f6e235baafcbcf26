"""Optimise the weights of one network: batches, loss and steps.

Shapes   B stamps of a batch, C bands, S x S pixels of the network's input, K classes.
Source   Wei et al. 2020 (arXiv:1909.02024), section 3.4: cross-entropy, Adam, a fixed number of
         batches. Options beyond the paper are off by default: rates by layer (Clark et al. 2020),
         the last layer first (Kumar et al. 2022), averaged weights (Izmailov et al. 2018), shares
         of the votes as labels (Peterson et al. 2019).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel

from classifier.core.config import TrainingConfig
from classifier.data.dataset import TrainingTensors
from classifier.data.random_views import RandomViews, network_input, random_views
from classifier.nets.backbones import BACKBONES, layers_by_depth
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import (
    autocast,
    copy_to_device,
    is_memory_full,
    trains_in_blocked_layout,
)

BATCH_NORM_WARM_UP = 9
"""Batch from which on the momentum of batch normalisation is constant, 0.1."""

Tensors = tuple[Tensor, ...] | list[Tensor]


@dataclass(frozen=True)
class BatchResult:
    """The loss and accuracy of one batch, before its step."""

    loss: Tensor
    """Mean over the batch, nats."""
    accuracy: Tensor
    """Share of right answers."""
    parts: int
    """Parts in which the batch was computed; above 1 only if memory was too small."""


class Optimisation:
    """The optimisation of one network, which can be saved and restored between two batches.

    If the device's memory is too small for a batch, it is computed in halves whose gradients add up
    to the same; only batch normalisation then averages over fewer stamps. With `config.average` the
    network has the averaged weights after the last batch.
    """

    def __init__(
        self,
        network: DualBackbone,
        config: TrainingConfig,
        data: TrainingTensors,
        generator: torch.Generator,
    ) -> None:
        """Start at batch 0."""
        self.network, self.config, self.data = network, config, data
        self.batch = 0
        """Completed batches."""
        self.parts = 1
        """Parts in which a batch is computed."""
        self._trainable_since: int | None = None
        self._device = data.stamps.device
        self._generator = generator
        if trains_in_blocked_layout(config, self._device):
            network.use_blocked_layout()
        self._summed_loss = nn.CrossEntropyLoss(
            weight=class_weights(config, data.labels),
            label_smoothing=config.label_smoothing,
            reduction="sum",
        )
        # Without weight decay, the default, this is Adam.
        self._optimiser = AdamW(
            parameter_groups(network, config), weight_decay=config.weight_decay, fused=True
        )
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._rate_factor = rate_schedule(config)
        self._averaged = _averaged_model(network, config)
        self._batches = EndlessBatches(len(data.labels), config.batch_size, generator)

    def step(self) -> BatchResult:
        """Train on the next batch.

        Raises torch's error if two stamps are too many for the device's memory.
        """
        self._set_trainable()
        index_B = copy_to_device(next(self._batches), self._device)
        views = random_views(len(index_B), self.config, self._generator)
        loss, logits_BK = self._compute_gradients(index_B, views)
        factor = self._rate_factor(self.batch)
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._optimiser.step()
        self.batch += 1
        if self._averaged is not None:
            self._averaged.update_parameters(self.network)
            if self.batch == self.config.batches:
                self.network.load_state_dict(self._averaged.module.state_dict())
        right_B = logits_BK.argmax(1) == self.data.labels[index_B]
        return BatchResult(loss, right_B.float().mean(), self.parts)

    def _set_trainable(self) -> None:
        """Set which layers train, and the momentum of batch normalisation, if they change now."""
        trainable_since = max(-1, min(self.batch - self.config.head_batches, BATCH_NORM_WARM_UP))
        if trainable_since != self._trainable_since:
            set_trainable(self.network, trainable_since)
            self._trainable_since = trainable_since

    def _compute_gradients(self, index_B: Tensor, views: RandomViews) -> tuple[Tensor, Tensor]:
        """Compute the gradients of a batch, in as many parts as the memory needs."""
        while True:
            try:
                return self._compute_parts(index_B, views)
            except (RuntimeError, MemoryError) as error:
                # Batch normalisation needs two stamps in each part.
                if not is_memory_full(error) or len(index_B) < 4 * self.parts:
                    raise
                self.parts *= 2

    def _compute_parts(self, index_B: Tensor, views: RandomViews) -> tuple[Tensor, Tensor]:
        """Compute the gradients of the mean loss; return that loss and the logits (B, K)."""
        self._optimiser.zero_grad(set_to_none=True)
        losses, logits = [], []
        total = self._total_weight(self.data.targets[index_B])
        parts = zip(index_B.tensor_split(self.parts), views.split(self.parts), strict=True)
        for part_b, part_views in parts:
            # (b, C, H, W) -> (b, C, S, S) -> (b, K)
            x_bCSS = network_input(self.data.stamps[part_b].float(), self.config, part_views)
            with autocast(self.config, self._device, gradients=True):
                logits_bK = self.network(x_bCSS)
            loss = self._summed_loss(logits_bK.float(), self.data.targets[part_b]) / total
            loss.backward()
            losses.append(loss.detach())
            logits.append(logits_bK.detach())
        return torch.stack(losses).sum(), torch.cat(logits)

    def _total_weight(self, targets: Tensor) -> Tensor | int:
        """Return the divisor of the mean loss: the number of stamps, or their classes' weights."""
        weights_K = self._summed_loss.weight
        if weights_K is None or targets.is_floating_point():
            return len(targets)
        return weights_K[targets].sum()

    def state(self) -> dict[str, Tensor]:
        """Return all that the next batch depends on besides configuration and training set."""
        state = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for parameter, values in self._optimiser.state_dict()["state"].items():
            state |= {f"optimiser.{parameter}.{name}": value for name, value in values.items()}
        if self._averaged is not None:
            averaged = self._averaged.state_dict()
            state |= {f"averaged.{name}": value for name, value in averaged.items()}
        state |= {"done": torch.tensor([self.batch, self.parts]), "pool": self._batches.pool}
        state |= {"random.own": self._generator.get_state(), "random.cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            state["random.cuda"] = torch.cuda.get_rng_state(self._device)
        return state

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state()`.

        Raises KeyError or RuntimeError for the state of another network.
        """
        self.network.load_state_dict(_entries(state, "network."))
        self._restore_moments(_entries(state, "optimiser."))
        if self._averaged is not None:
            self._averaged.load_state_dict(_entries(state, "averaged."))
        self.batch, self.parts = state["done"].tolist()
        self._batches.pool = state["pool"]
        self._generator.set_state(state["random.own"])
        torch.set_rng_state(state["random.cpu"])
        if self._device.type == "cuda" and "random.cuda" in state:
            torch.cuda.set_rng_state(state["random.cuda"], self._device)

    def _restore_moments(self, entries: Mapping[str, Tensor]) -> None:
        """Restore the state of the optimiser, from tensors named `number.name`."""
        parameters = [p for group in self._optimiser.param_groups for p in group["params"]]
        moments: dict[int, dict[str, Tensor]] = {}
        for entry, value in entries.items():
            number, _, name = entry.partition(".")
            parameter = parameters[int(number)]
            # Fused steps need the moments in the parameter's memory layout.
            if value.shape == parameter.shape:
                value = torch.empty_like(parameter).copy_(value)
            moments.setdefault(int(number), {})[name] = value
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": moments, "param_groups": groups})


def _entries(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the entries whose names start with a prefix, without it."""
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }


def parameter_groups(network: DualBackbone, config: TrainingConfig) -> list[dict[str, Any]]:
    """Return the parameters with their learning rates: the head's is full, lower layers' are less.

    Parallel layers, such as those of StarcNet's three paths, have the same rate.
    """
    if config.layer_decay == 1:
        return [{"params": list(network.parameters()), "lr": config.learning_rate}]
    groups = [{"params": list(network.head.parameters()), "lr": config.learning_rate}]
    for backbone in network.backbones:
        layers = layers_by_depth(backbone, BACKBONES[config.backbone])
        for depth, parameters in enumerate(reversed(layers), start=1):
            rate = config.learning_rate * config.layer_decay**depth
            groups.append({"params": parameters, "lr": rate})
    return groups


def _averaged_model(network: DualBackbone, config: TrainingConfig) -> AveragedModel | None:
    if not config.average:
        return None
    return AveragedModel(network, multi_avg_fn=moving_average(config.average), use_buffers=True)


def moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Return a function that updates moving averages, with the decay (1 + t) / (10 + t) at first.

    t counts the batches, and `decay` is the upper limit. With a constant decay of 0.999, half of
    the average would still be initial weights after 700 batches.
    """

    @torch.no_grad()
    def update(averages: Tensors, values: Tensors, batch: Tensor | int) -> None:
        t = int(batch)
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - min(decay, (1 + t) / (10 + t)))
        else:
            torch._foreach_copy_(averages, values)

    return update


def set_trainable(network: DualBackbone, batch: int) -> None:
    """Let all layers train from batch 0 on, and only the head before it."""
    network.train()
    all_layers = batch >= 0
    network.backbones.requires_grad_(all_layers).train(all_layers)
    if all_layers:
        warm_up_batch_norm(network, batch)


def warm_up_batch_norm(network: nn.Module, batch: int) -> None:
    """Let batch normalisation average over the first ten batches, then with momentum 0.1.

    With a constant momentum the variances start at 1 and are ten times too large even after 40
    batches, which spoils a short training.
    """
    momentum = 1 / (1 + min(batch, BATCH_NORM_WARM_UP))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = momentum


class EndlessBatches(Iterator[Tensor]):
    """Indices (B,) below `count`, shuffled: each occurs once before any occurs again."""

    def __init__(self, count: int, size: int, generator: torch.Generator) -> None:
        """Shuffle by the generator."""
        self._count, self._size, self._generator = count, size, generator
        self.pool = torch.empty(0, dtype=torch.long)
        """Shuffled indices for the next batches."""

    def __next__(self) -> Tensor:
        """Return the next batch."""
        while len(self.pool) < self._size:
            shuffled = torch.randperm(self._count, generator=self._generator)
            self.pool = torch.cat([self.pool, shuffled])
        batch_B, self.pool = self.pool[: self._size], self.pool[self._size :]
        return batch_B


def rate_schedule(config: TrainingConfig) -> Callable[[int], float]:
    """Return the factor of the learning rate as a function of the completed batches."""
    warm_up = max(1, config.batches // 20)
    rest = max(1, config.batches - warm_up)

    def cosine(batch: int) -> float:
        if batch < warm_up:
            return (batch + 1) / warm_up
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (batch - warm_up) / rest)))

    return cosine if config.schedule == "cosine" else lambda _: 1.0


def class_weights(config: TrainingConfig, labels: Tensor) -> Tensor | None:
    """Return the weight (K,) of each class in the loss, 1 on average over the labels, or None."""
    if config.class_weights == "none":
        return None
    counts_K = torch.bincount(labels, minlength=config.classes).float()
    present_K = counts_K > 0
    return torch.where(present_K, len(labels) / (present_K.sum() * counts_K.clamp(min=1)), 0.0)
