"""Train an ensemble from a manifest, member by member, and resume after any interruption.

Source: Wei et al. 2020 (arXiv:1909.02024), section 4.1: independent networks that differ only in
their random numbers.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from classifier.core.atomic_files import write_if_absent
from classifier.core.config import TrainingConfig
from classifier.core.training_set import Manifest
from classifier.data import dataset
from classifier.data.dataset import TrainingTensors
from classifier.nets import imagenet_weights
from classifier.nets.backbones import BACKBONES
from classifier.nets.imagenet_weights import InitialWeights
from classifier.nets.torchvision_import import torchvision
from classifier.runtime.device import (
    choose_device,
    cudnn_benchmark,
    device_name,
    explain_full_device,
    explain_full_host,
)
from classifier.runtime.memory import keep_freed_memory
from classifier.runtime.progress import Progress, ProgressMeter, Report
from classifier.training import checkpoints
from classifier.training.checkpoints import RunError
from classifier.training.member import MemberTraining
from classifier.training.provenance import without_device

CHECKPOINT_BATCHES = 300
"""Batches between two checkpoints of a member."""


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training, for reports; the weights are in its folder."""

    members: int
    """Finished members."""
    weights: Literal["imagenet", "random"]
    """The initial weights."""
    weights_note: str
    device: str
    """Device of this call; members of earlier calls may have had another."""
    seconds: float
    """Time of all members, whenever they were trained."""
    images_per_second: float
    labelled: dict[str, int]
    """Stamps of each class that were trained on, by the number of the class."""
    left_out: int
    """Labelled candidates that were not, because too many bands are missing."""
    history: list[dict[str, Any]]
    """One entry a member: `batch`, `loss` (nats) and `accuracy` on its batches; `seconds`;
    `parts`."""
    parts: int = 1
    """Most parts in which a member's batches were computed; above 1 if memory was too small."""

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
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
    """Train the members of a run that are not finished, or those of them in `members`.

    Finished members in `directory` are kept, and a member in training is saved every
    `checkpoint_batches`, so a call after an interruption continues with the same random numbers,
    and a call after the end only reads. Calls for different members of one run may run at the same
    time, on several devices. `members` may be an iterator: the next number is taken when a member
    is finished, so that several workers can share a run. The result covers all finished members. A
    batch that is too large for the device's memory is computed in parts, which the progress
    reports.

    Raises NotTrainable for too few labels, RunError if the folder holds another run or no memory is
    large enough, PackError for stamps that cannot be read, ValueError for members that the run does
    not have.
    """
    numbers = range(config.members) if members is None else members
    planned = numbers if isinstance(numbers, Collection) else range(config.members)
    for number in planned:
        _check_number(number, config)
    device = choose_device(config.device)
    with explain_full_host():
        data = dataset.load_tensors(manifest, config, report)
    initial = _start_run(config, manifest, directory, data)
    finished = checkpoints.finished_members(directory, config.members)
    meter = ProgressMeter(
        len(set(planned).difference(finished)) * config.batches * config.batch_size
    )
    # Initial weights and dropout use torch's global generator: the caller's state is restored.
    with (
        keep_freed_memory(),
        cudnn_benchmark(device),
        explain_full_device(device),
        torch.random.fork_rng(devices=[device] * (device.type == "cuda")),
    ):
        device_data = data.to(device)
        for number in numbers:
            _check_number(number, config)
            if number in finished:
                continue
            member = MemberTraining(config, device_data, initial, directory, number)
            meter.skip(member.batch * config.batch_size)
            while member.batch < config.batches:
                member.step(checkpoint_batches)
                if meter.add(config.batch_size):
                    report(_progress(config, number, member, meter))
            member.finish()
    return _result(config, directory, data, initial, device)


def _check_number(member: int, config: TrainingConfig) -> None:
    if not 0 <= member < config.members:
        raise ValueError(f"members must be 0 to {config.members - 1}, not {member}.")


def _progress(
    config: TrainingConfig, number: int, member: MemberTraining, meter: ProgressMeter
) -> Progress:
    return Progress(
        stage="train",
        member=number,
        members=config.members,
        batch=member.batch,
        batches=config.batches,
        loss=member.loss,
        images_per_second=meter.rate,
        seconds_left=meter.seconds_left,
        fraction=meter.fraction,
        parts=member.parts,
    )


def _start_run(
    config: TrainingConfig, manifest: Manifest, directory: Path, data: TrainingTensors
) -> InitialWeights:
    """Write the run's config.json, or check the existing one; return the initial weights."""
    path = directory / checkpoints.CONFIG
    identity = {
        "format": checkpoints.FORMAT,
        "config": config.to_dict(),
        "manifest_sha256": manifest.sha256,
    }
    if path.exists():
        return _resume_run(identity, checkpoints.read_json(path), directory, config)
    initial = _find_weights(config)
    directory.mkdir(parents=True, exist_ok=True)
    facts = {
        "weights": initial.kind,
        "weights_note": initial.note,
        "labelled": data.counts(config.classes),
        "left_out": data.left_out,
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    write_if_absent(path, checkpoints.encode_json(identity | facts))
    # Another call may have been faster, with other initial weights.
    stored = checkpoints.read_json(path)
    if stored == identity | facts:
        return initial
    return _resume_run(identity, stored, directory, config)


def _find_weights(config: TrainingConfig) -> InitialWeights:
    if not config.pretrained:
        return InitialWeights("random", "The network starts from random weights, as configured.")
    entry = BACKBONES[config.backbone]
    return imagenet_weights.find(entry.url, package=entry.package)


def _resume_run(
    identity: dict[str, Any], stored: dict[str, Any], directory: Path, config: TrainingConfig
) -> InitialWeights:
    """Return the initial weights that the run started from, which all its members share.

    Raises RunError if `stored`, its config.json, is of another run, or the weights are not here.
    """
    if not _is_same_run(identity, stored):
        raise RunError(
            f"{directory} holds a run of another configuration or manifest: "
            f"train into an empty folder."
        )
    if stored["weights"] == "random":
        return InitialWeights("random", stored["weights_note"])
    initial = _find_weights(config)
    if initial.kind != "imagenet":
        raise RunError(f"The run in {directory} began with ImageNet weights. {initial.note}")
    return InitialWeights("imagenet", stored["weights_note"], initial.path)


def _is_same_run(identity: dict[str, Any], stored: dict[str, Any]) -> bool:
    """True if config.json is that of the requested run, on whatever device."""
    try:
        # Settings that earlier versions did not have are at their defaults.
        config = TrainingConfig.from_json(stored["config"]).to_dict()
    except (KeyError, TypeError, ValueError):
        return False
    if without_device(config) != without_device(identity["config"]):
        return False
    return all(stored.get(key) == value for key, value in identity.items() if key != "config")


def _result(
    config: TrainingConfig,
    directory: Path,
    data: TrainingTensors,
    initial: InitialWeights,
    device: torch.device,
) -> TrainingResult:
    history = [
        checkpoints.read_json(checkpoints.member_path(directory, member).with_suffix(".json"))
        for member in checkpoints.finished_members(directory, config.members)
    ]
    seconds = sum(entry["seconds"] for entry in history)
    return TrainingResult(
        members=len(history),
        weights=initial.kind,
        weights_note=initial.note,
        device=device_name(device),
        seconds=seconds,
        images_per_second=len(history) * config.batches * config.batch_size / max(seconds, 1e-9),
        labelled=data.counts(config.classes),
        left_out=data.left_out,
        history=history,
        # Earlier versions did not count them.
        parts=max((entry.get("parts", 1) for entry in history), default=1),
    )
