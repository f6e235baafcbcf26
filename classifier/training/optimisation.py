"""The loop that teaches one network: batches, loss, steps.

Source: Wei et al. 2020, section 3.4: cross-entropy, Adam, a fixed number of batches. What the paper
does not have is off by default: Clark et al. 2020 (rates by layer), Kumar et al. 2022 (the last
layer first), Izmailov et al. 2018 (averaged weights), Peterson et al. 2019 (shares of the votes).
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
from classifier.data.dataset import TrainingSet
from classifier.data.random_views import Views, network_input, random_views
from classifier.nets.backbones import BACKBONES, layers_by_depth
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import autocast, is_memory_full, sent, trains_in_blocks

SETTLED = 9
"""From this batch on the pace of batch normalisation stays as it is, 0.1."""


@dataclass(frozen=True)
class Step:
    """One batch, done."""

    loss: Tensor
    """Mean over the batch, nats."""
    accuracy: Tensor
    """Share of right answers, before the step."""
    parts: int
    """Pieces in which the batch was computed, for want of memory; 1 as a rule."""


class Optimisation:
    """A network in training, which can be put away between two batches and taken up again.

    Where the device's memory is too small for a batch it goes on in halves of it, whose gradients
    add up to the same; only batch normalisation then averages over fewer stamps. `parts` says so.
    With `config.average` the network holds the averaged weights once the last batch is done.
    """

    def __init__(
        self,
        network: DualBackbone,
        config: TrainingConfig,
        data: TrainingSet,
        generator: torch.Generator,
    ) -> None:
        """Begin at batch 0."""
        self.network, self.config, self.data = network, config, data
        self.batch = 0
        """Batches that are done."""
        self.parts = 1
        """Pieces in which a batch is computed."""
        self._mode: int | None = None
        self._device = data.stamps.device
        self._generator = generator
        if trains_in_blocks(config, self._device):
            network.train_in_blocks()
        self._loss_of = nn.CrossEntropyLoss(
            weight=class_weights(config, data.labels),
            label_smoothing=config.label_smoothing,
            reduction="sum",
        )
        # Without decay, the default, this is Adam.
        self._optimiser = AdamW(
            parameter_groups(network, config), weight_decay=config.weight_decay, fused=True
        )
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._rate_at = rate_schedule(config)
        self._averaged = _averaged(network, config)
        self._batches = EndlessBatches(len(data.labels), config.batch_size, generator)

    def step(self) -> Step:
        """Learn from the next batch. Raises what torch does where two stamps are too many."""
        self._set_mode()
        index = sent(next(self._batches), self._device)
        views = random_views(len(index), self.config, self._generator)
        while True:
            try:
                loss, logits = self._descend(index, views)
                break
            except (RuntimeError, MemoryError) as error:
                # One stamp alone has no statistics for batch normalisation.
                if not is_memory_full(error) or len(index) < 4 * self.parts:
                    raise
                self.parts *= 2
        factor = self._rate_at(self.batch)
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._optimiser.step()
        self.batch += 1
        if self._averaged is not None:
            self._averaged.update_parameters(self.network)
            if self.batch == self.config.batches:
                self.network.load_state_dict(self._averaged.module.state_dict())
        right = logits.argmax(1) == self.data.labels[index]
        return Step(loss, right.float().mean(), self.parts)

    def _set_mode(self) -> None:
        """Set what learns and how, where that is another than at the batch before."""
        mode = max(-1, min(self.batch - self.config.head_batches, SETTLED))
        if mode != self._mode:
            set_mode(self.network, mode)
            self._mode = mode

    def _descend(self, index: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        """Gradients of the batch's mean loss; returns that and the logits."""
        self._optimiser.zero_grad(set_to_none=True)
        losses, answers = [], []
        total = self._weight_of(self.data.targets[index])
        for part, seen in zip(index.tensor_split(self.parts), views.split(self.parts), strict=True):
            x_BCHW = network_input(self.data.stamps[part].float(), self.config, seen)
            with autocast(self.config, self._device, gradients=True):
                logits = self.network(x_BCHW)
            loss = self._loss_of(logits.float(), self.data.targets[part]) / total
            loss.backward()
            losses.append(loss.detach())
            answers.append(logits.detach())
        return torch.stack(losses).sum(), torch.cat(answers)

    def _weight_of(self, targets: Tensor) -> Tensor | int:
        """What the mean loss of a batch is over: its stamps, or the weights of their classes."""
        weights = self._loss_of.weight
        if weights is None or targets.is_floating_point():
            return len(targets)
        return weights[targets].sum()

    def state(self) -> dict[str, Tensor]:
        """All that the next batch depends on, besides the configuration and the training set."""
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
        """Go on from a `state()`. Raises KeyError or RuntimeError for that of another network."""
        self.network.load_state_dict(_part(state, "network."))
        moments: dict[int, dict[str, Tensor]] = {}
        learning = [p for group in self._optimiser.param_groups for p in group["params"]]
        for name, value in _part(state, "optimiser.").items():
            number, _, which = name.partition(".")
            parameter = learning[int(number)]
            # Fused steps walk through memory: moments must lie there in the parameter's order.
            if value.shape == parameter.shape:
                value = torch.empty_like(parameter).copy_(value)
            moments.setdefault(int(number), {})[which] = value
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": moments, "param_groups": groups})
        if self._averaged is not None:
            self._averaged.load_state_dict(_part(state, "averaged."))
        self.batch, self.parts = state["done"].tolist()
        self._batches.pool = state["pool"]
        self._generator.set_state(state["random.own"])
        torch.set_rng_state(state["random.cpu"])
        if self._device.type == "cuda" and "random.cuda" in state:
            torch.cuda.set_rng_state(state["random.cuda"], self._device)


def optimise(
    network: DualBackbone, config: TrainingConfig, data: TrainingSet, generator: torch.Generator
) -> Iterator[Step]:
    """Train a network in place, batch by batch, from the first to the last."""
    training = Optimisation(network, config, data, generator)
    while training.batch < config.batches:
        yield training.step()


def _part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }


def parameter_groups(network: DualBackbone, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameters with their learning rates: the matrix at the full one, each layer below at less.

    Layers side by side, as on StarcNet's three paths, have the same rate.
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


def _averaged(network: DualBackbone, config: TrainingConfig) -> AveragedModel | None:
    if not config.average:
        return None
    return AveragedModel(network, multi_avg_fn=follower(config.average), use_buffers=True)


Tensors = tuple[Tensor, ...] | list[Tensor]


def follower(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Lets averages follow values: by (1 + t) / (10 + t) of themselves after batch t, then `decay`.

    From the first batch on with `decay` alone, half of an average of 0.999 were still the initial
    weights after 700 batches.
    """

    @torch.no_grad()
    def follow(averages: Tensors, values: Tensors, batch: Tensor | int) -> None:
        done = int(batch)
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - min(decay, (1 + done) / (10 + done)))
        else:
            torch._foreach_copy_(averages, values)

    return follow


def set_mode(network: DualBackbone, batch: int) -> None:
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
    pace = 1 / (1 + min(batch, SETTLED))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = pace


class EndlessBatches(Iterator[Tensor]):
    """Indices (size,) below `count`: every one once, in random order, before any comes again."""

    def __init__(self, count: int, size: int, generator: torch.Generator) -> None:
        """Shuffle by this generator."""
        self._count, self._size, self._generator = count, size, generator
        self.pool = torch.empty(0, dtype=torch.long)
        """Shuffled already, and not yet given."""

    def __next__(self) -> Tensor:
        """The next batch."""
        while len(self.pool) < self._size:
            shuffled = torch.randperm(self._count, generator=self._generator)
            self.pool = torch.cat([self.pool, shuffled])
        batch, self.pool = self.pool[: self._size], self.pool[self._size :]
        return batch


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
