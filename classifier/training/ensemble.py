"""Train an ensemble from a manifest, member by member, so that it resumes after any interruption.

Source: Wei et al. 2020, section 4.1: independent networks that differ only in their random numbers.
"""

import math
import time
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from classifier.core.atomic_files import write_if_absent
from classifier.core.config import TrainingConfig
from classifier.core.training_set import Manifest
from classifier.data import dataset
from classifier.data.dataset import TrainingSet
from classifier.nets import imagenet_weights
from classifier.nets.backbones import BACKBONES
from classifier.nets.dual_backbone import DualBackbone
from classifier.nets.imagenet_weights import Weights
from classifier.nets.torchvision_import import torchvision
from classifier.runtime.device import (
    choose_device,
    describe,
    memory_for_stamps,
    memory_of,
    quick_convolutions,
)
from classifier.runtime.memory import freed_memory_kept
from classifier.runtime.progress import Clock, Progress, Report
from classifier.training import checkpoints
from classifier.training.checkpoints import RunError
from classifier.training.optimisation import Optimisation
from classifier.training.provenance import Provenance, without_device

HISTORY_POINTS = 100
"""A member's loss curve is averaged down to so many points."""


CHECKPOINT_BATCHES = 300
"""A member in training is kept so often."""

SHARE = 20
"""At most one in so many seconds goes into keeping it."""


class DivergedError(ArithmeticError):
    """The loss stopped being a number; the message says what to change."""


@dataclass(frozen=True)
class TrainingResult:
    """What a finished run is, for reports; the weights are in its folder."""

    members: int
    weights: Literal["imagenet", "random"]
    weights_note: str
    device: str
    """Of this call; members that were there already may have been trained elsewhere."""
    seconds: float
    """Spent on all members, whenever they were trained."""
    images_per_second: float
    labelled: dict[str, int]
    """Stamps of each class that were trained on, by the class's number."""
    left_out: int
    """Labelled candidates that were not, because too many bands are missing."""
    history: list[dict[str, Any]]
    """One entry a member: `batch`, `loss` (nats) and `accuracy` on its batches; `seconds`;
    `parts`."""
    parts: int = 1
    """Pieces in which some member's batches were computed, for want of the device's memory."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)


def train(
    config: TrainingConfig,
    manifest: Manifest,
    directory: Path,
    report: Report = lambda _: None,
    *,
    members: Iterable[int] | None = None,
    checkpoint_batches: int = CHECKPOINT_BATCHES,
) -> TrainingResult:
    """Train what is missing of a run's members, or of `members` among them, into `directory`.

    Members that are finished there are kept, and one in training is every `checkpoint_batches`
    batches, so a call after an interruption goes on where it was, with the same random numbers, and
    one after the end only reads. Calls for different members of one run may go on side by side, on
    several devices; `members` is asked for the next one when one is done, so that they can share a
    run between them, and what one device began another may go on with. The result covers all that
    are finished by now. A device without memory for a batch computes it in parts, and says so.

    Raises NotTrainable for too few labels, RunError if the folder holds another run or no memory is
    large enough, PackError for stamps that cannot be read, ValueError for members that the run does
    not have.
    """
    wanted = range(config.members) if members is None else members
    known = wanted if isinstance(wanted, Collection) else range(config.members)
    for number in known:
        _check_number(number, config)
    device = choose_device(config.device)
    with memory_for_stamps():
        data = dataset.load(manifest, config, report)
    start = _begin(config, manifest, directory, data)
    finished = checkpoints.finished_members(directory, config.members)
    clock = Clock(len(set(known).difference(finished)) * config.batches * config.batch_size)
    # Initial weights and dropout draw from torch's global generator: leave the caller's as it was.
    with (
        freed_memory_kept(),
        quick_convolutions(device),
        memory_of(device),
        torch.random.fork_rng(devices=[device] * (device.type == "cuda")),
    ):
        on_device = data.to(device)
        for number in wanted:
            _check_number(number, config)
            if number in finished:
                continue
            member = _Member(config, on_device, start, directory, number)
            clock.leave_out(member.batch * config.batch_size)
            while member.batch < config.batches:
                member.step(checkpoint_batches)
                if clock.count(config.batch_size):
                    report(_progress(config, number, member, clock))
            member.finish()
    return _result(config, directory, data, start, device)


def _check_number(member: int, config: TrainingConfig) -> None:
    if not 0 <= member < config.members:
        raise ValueError(f"members must be 0 to {config.members - 1}, not {member}.")


def _progress(config: TrainingConfig, number: int, member: "_Member", clock: Clock) -> Progress:
    return Progress(
        stage="train",
        member=number,
        members=config.members,
        batch=member.batch,
        batches=config.batches,
        loss=member.loss,
        images_per_second=clock.rate,
        seconds_left=clock.seconds_left,
        fraction=clock.fraction,
        parts=member.parts,
    )


def _begin(
    config: TrainingConfig, manifest: Manifest, directory: Path, data: TrainingSet
) -> Weights:
    """Write the run's config.json, or check that the one that is there says the same."""
    path = directory / checkpoints.CONFIG
    identity = {
        "format": checkpoints.FORMAT,
        "config": config.to_dict(),
        "manifest_sha256": manifest.sha256,
    }
    if path.exists():
        return _resumed(identity, checkpoints.read_json(path), directory, config)
    start = _weights(config)
    directory.mkdir(parents=True, exist_ok=True)
    facts = {
        "weights": start.origin,
        "weights_note": start.note,
        "labelled": data.counts(config.classes),
        "left_out": data.left_out,
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    write_if_absent(path, checkpoints.as_json(identity | facts))
    # Another call may have been first, and found other weights to start from.
    if (found := checkpoints.read_json(path)) == identity | facts:
        return start
    return _resumed(identity, found, directory, config)


def _weights(config: TrainingConfig) -> Weights:
    if not config.pretrained:
        return Weights("random", "The network starts from random weights, as configured.")
    entry = BACKBONES[config.backbone]
    return imagenet_weights.find(entry.url, package=entry.package)


def _resumed(
    identity: dict[str, Any], found: dict[str, Any], directory: Path, config: TrainingConfig
) -> Weights:
    """The weights that the run started from: all members must start from the same."""
    if not _same_run(identity, found):
        raise RunError(
            f"{directory} holds a run of another configuration or manifest: "
            f"train into an empty folder."
        )
    if found["weights"] == "random":
        return Weights("random", found["weights_note"])
    start = _weights(config)
    if start.origin != "imagenet":
        raise RunError(f"The run in {directory} began with ImageNet weights. {start.note}")
    return Weights("imagenet", found["weights_note"], start.path)


def _same_run(identity: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether config.json is of the run that is asked for, on whichever device."""
    there = found.get("config")
    if not isinstance(there, dict) or without_device(there) != without_device(identity["config"]):
        return False
    return all(found.get(key) == value for key, value in identity.items() if key != "config")


def _result(
    config: TrainingConfig,
    directory: Path,
    data: TrainingSet,
    start: Weights,
    device: torch.device,
) -> TrainingResult:
    history = [
        checkpoints.read_json(checkpoints.member_path(directory, member).with_suffix(".json"))
        for member in checkpoints.finished_members(directory, config.members)
    ]
    seconds = sum(entry["seconds"] for entry in history)
    return TrainingResult(
        members=len(history),
        weights=start.origin,
        weights_note=start.note,
        device=describe(device),
        seconds=seconds,
        images_per_second=len(history) * config.batches * config.batch_size / max(seconds, 1e-9),
        labelled=data.counts(config.classes),
        left_out=data.left_out,
        history=history,
        # Earlier versions did not count them.
        parts=max((entry.get("parts", 1) for entry in history), default=1),
    )


class _Member:
    """One network in training, from the start or from where it was put away."""

    def __init__(
        self,
        config: TrainingConfig,
        data: TrainingSet,
        start: Weights,
        directory: Path,
        number: int,
    ) -> None:
        self._directory, self._number = directory, number
        self._provenance = Provenance.of(
            checkpoints.read_json(directory / checkpoints.CONFIG), number
        )
        self._began = self._written = time.perf_counter()
        self._cost = 0.0
        torch.manual_seed(self._provenance.seed)
        network = DualBackbone.of(config, start.path).to(data.stamps.device)
        generator = torch.Generator().manual_seed(self._provenance.seed)
        self._training = Optimisation(network, config, data, generator)
        self._curve = torch.empty(config.batches, 2, device=data.stamps.device)
        if found := checkpoints.load_checkpoint(directory, self._provenance):
            self._take_up(*found)
        self._kept = self.batch

    @property
    def batch(self) -> int:
        """Batches that are done."""
        return self._training.batch

    @property
    def parts(self) -> int:
        """Pieces in which a batch is computed."""
        return self._training.parts

    @property
    def loss(self) -> float:
        """Of the last batch. Raises DivergedError if it is no number."""
        return finite(self._curve[self.batch - 1, 0], self._number)

    def step(self, every: int) -> None:
        """Learn from the next batch; every so many, keep a checkpoint if that costs little."""
        step = self._training.step()
        self._curve[self.batch - 1] = torch.stack([step.loss, step.accuracy])
        start = time.perf_counter()
        if self.batch - self._kept >= every and start - self._written >= SHARE * self._cost:
            state = {**self._training.state(), "curve": self._curve[: self.batch]}
            checkpoints.save_checkpoint(
                self._directory, self._provenance, state, start - self._began
            )
            self._kept, self._written = self.batch, time.perf_counter()
            self._cost = self._written - start

    def finish(self) -> None:
        """Keep the trained network and its history."""
        _ = self.loss
        facts = {
            "seed": self._provenance.seed,
            "seconds": time.perf_counter() - self._began,
            "parts": self._training.parts,
        }
        history = _averaged(self._curve) | facts
        checkpoints.save_member(self._directory, self._provenance, self._training.network, history)

    def _take_up(self, state: dict[str, Tensor], seconds: float) -> None:
        try:
            curve = state.pop("curve")
            self._training.restore(state)
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(
                f"The checkpoint of member {self._number} in {self._directory} is not of this "
                f"network ({checkpoints.reason(error)}): delete it to begin anew."
            ) from error
        self._curve[: len(curve)] = curve
        self._began -= seconds


def finite(loss: Tensor, member: int) -> float:
    """The loss as a number. Raises DivergedError if it is none."""
    value = loss.item()
    if not math.isfinite(value):
        raise DivergedError(f"The loss of member {member} grew without limit: lower learning_rate.")
    return value


def _averaged(curve: Tensor) -> dict[str, list[float]]:
    """Loss and accuracy (batches, 2) as means over at most HISTORY_POINTS spans of batches."""
    spans = np.array_split(curve.cpu().double().numpy(), min(HISTORY_POINTS, len(curve)))
    means = np.array([span.mean(axis=0) for span in spans])
    ends = np.cumsum([len(span) for span in spans])
    return {
        "batch": ends.tolist(),
        "loss": means[:, 0].tolist(),
        "accuracy": means[:, 1].tolist(),
    }
