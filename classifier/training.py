"""Train an ensemble from a manifest, member by member, so that it resumes after any of them.

Source: Wei et al. 2020, section 4.1: independent networks that differ only in their random numbers.
"""

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from classifier import dataset, files, weights
from classifier.backbones import BACKBONES
from classifier.config import TrainingConfig
from classifier.dataset import TrainingSet
from classifier.device import choose_device, describe
from classifier.files import RunError
from classifier.manifest import Manifest
from classifier.memory import freed_memory_kept
from classifier.network import DualBackbone
from classifier.optimisation import optimise
from classifier.progress import Clock, Progress, Report
from classifier.torchvision_import import torchvision
from classifier.weights import Weights

HISTORY_POINTS = 100
"""A member's loss curve is averaged down to so many points."""


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
    """One entry a member: `batch`, `loss` (nats) and `accuracy` on its batches; `seconds`; `parts`,
    above 1 where the device's memory was too small for a batch."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)


def train(
    config: TrainingConfig,
    manifest: Manifest,
    directory: Path,
    report: Report = lambda _: None,
    *,
    members: Collection[int] | None = None,
) -> TrainingResult:
    """Train what is missing of a run's members, or of `members` among them, into `directory`.

    Members that are finished there are kept, so a call after an interruption goes on where it was,
    and one after the end only reads. Calls for different members of one run may go on side by
    side, on several devices. The result covers all that are finished.

    Raises NotTrainable for too few labels, RunError if the folder holds another run, PackError for
    stamps that cannot be read.
    """
    device = choose_device(config.device)
    data = dataset.load(manifest, config, report)
    start = _begin(config, manifest, directory, data)
    wanted = range(config.members) if members is None else sorted(members)
    if wanted and not 0 <= wanted[0] <= wanted[-1] < config.members:
        raise ValueError(f"members must be 0 to {config.members - 1}, not {list(wanted)}.")
    finished = files.finished_members(directory, config.members)
    missing = [member for member in wanted if member not in finished]
    clock = Clock(len(missing) * config.batches * config.batch_size)
    on_device = data.to(device)
    with freed_memory_kept():
        for member in missing:
            network, history = _train_member(config, on_device, start, member, clock, report)
            files.save_member(directory, member, network, history)
    return _result(config, directory, data, start, device)


def _begin(
    config: TrainingConfig, manifest: Manifest, directory: Path, data: TrainingSet
) -> Weights:
    """Write the run's config.json, or check that the one that is there says the same."""
    path = directory / files.CONFIG
    identity = {
        "format": files.FORMAT,
        "config": config.to_dict(),
        "manifest_sha256": manifest.sha256,
    }
    if path.exists():
        return _resumed(identity, files.read_json(path), directory, config)
    start = _weights(config)
    directory.mkdir(parents=True, exist_ok=True)
    facts = {
        "weights": start.origin,
        "weights_note": start.note,
        "labelled": data.counts(config.classes),
        "left_out": data.left_out,
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    files.write_json(path, identity | facts)
    return start


def _weights(config: TrainingConfig) -> Weights:
    if not config.pretrained:
        return Weights("random", "The network starts from random weights, as configured.")
    entry = BACKBONES[config.backbone]
    return weights.find(entry.url, package=entry.package)


def _resumed(
    identity: dict[str, Any], found: dict[str, Any], directory: Path, config: TrainingConfig
) -> Weights:
    """The weights that the run started from: all members must start from the same."""
    if any(found.get(key) != value for key, value in identity.items()):
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


def _result(
    config: TrainingConfig,
    directory: Path,
    data: TrainingSet,
    start: Weights,
    device: torch.device,
) -> TrainingResult:
    history = [
        files.read_json(files.member_path(directory, member).with_suffix(".json"))
        for member in files.finished_members(directory, config.members)
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
    )


def _train_member(
    config: TrainingConfig,
    data: TrainingSet,
    start: Weights,
    member: int,
    clock: Clock,
    report: Report,
) -> tuple[nn.Module, dict[str, Any]]:
    """One network, trained, and its history."""
    seed = member_seed(config.seed, member)
    began = clock.seconds
    device = data.stamps.device
    # Initial weights and dropout draw from torch's global generator: leave the caller's as it was.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        network = DualBackbone.of(config, start.path)
        steps = optimise(network.to(device), config, data, torch.Generator().manual_seed(seed))
        curve = torch.empty(config.batches, 2, device=device)
        for batch, step in enumerate(steps):
            curve[batch, 0], curve[batch, 1] = step.loss, step.accuracy
            if clock.count(config.batch_size):
                report(
                    Progress(
                        stage="train",
                        member=member,
                        members=config.members,
                        batch=batch + 1,
                        batches=config.batches,
                        loss=finite(step.loss, member),
                        images_per_second=clock.rate,
                        seconds_left=clock.seconds_left,
                        fraction=clock.fraction,
                    )
                )
        finite(step.loss, member)
    facts = {"seed": seed, "seconds": clock.seconds - began, "parts": step.parts}
    return network, _averaged(curve) | facts


def member_seed(seed: int, member: int) -> int:
    """The seed of one member: independent between members, and between runs."""
    return int(np.random.SeedSequence([seed, member]).generate_state(1, np.uint64)[0] >> 1)


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
