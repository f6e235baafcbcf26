"""What an ensemble says of candidates: probabilities, how unsure it is, how far it agrees.

Entropy is that of the mean probability (Shannon, natural logarithm): 0 is certain, ln 4 = 1.386 is
a uniform guess of four. Networks see each stamp once, upright, unless `dihedral` is configured.
Sources: Wei et al. 2020, section 4.2 (entropy); Houlsby et al. 2011 (mutual information, BALD).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from classifier.core.atomic_files import write_atomically
from classifier.core.classes import CLASSES
from classifier.core.config import TrainingConfig
from classifier.core.training_set import Manifest
from classifier.core.uncertainty import entropy, mutual_information
from classifier.data.augmentation import dihedral_orientations, resample
from classifier.data.stamps import CHUNK, Stamps, View, joined, read_chunks
from classifier.inference import embeddings as kept_embeddings
from classifier.inference.members import Members
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import (
    autocast,
    choose_device,
    cudnn_benchmark,
    explain_full_device,
    is_memory_full,
    send,
    widest_float,
)
from classifier.runtime.memory import keep_freed_memory
from classifier.runtime.progress import Progress, ProgressMeter, Report
from classifier.training import checkpoints
from classifier.training.checkpoints import RunError
from classifier.training.provenance import Provenance

AT_A_TIME = 4096
"""Candidates in memory: 0.2 GB of stamps of 50 px, whatever the size of the field."""

GPU_BATCH = 256
"""Stamps that a GPU looks at together, where it has the memory: it has work for longer than Python
takes to hand it out, and nothing needs to be kept for gradients."""


@dataclass(frozen=True)
class Predictions:
    """Of the N candidates that could be read, by M members, in K classes numbered from 1."""

    candidate: NDArray[np.int64]
    """(N,) ids, in the order of the manifest."""
    member_probability: NDArray[np.float64]
    """(M, N, K)."""
    missing_bands: NDArray[np.int64]
    """(N,) bands without data."""
    unreadable: list[tuple[int, str]]
    """(candidate, reason) of the others."""
    parts: int = 1
    """Pieces in which some batches were computed, for want of the device's memory."""

    @cached_property
    def probability(self) -> NDArray[np.float64]:
        """(N, K), the mean over the members."""
        return np.asarray(self.member_probability.mean(axis=0))

    @cached_property
    def label(self) -> NDArray[np.int64]:
        """(N,) the most probable class, from 1."""
        return np.asarray(self.probability.argmax(axis=1) + CLASSES[0])

    @cached_property
    def entropy(self) -> NDArray[np.float64]:
        """(N,) of the mean probability, in nats."""
        return entropy(self.probability)

    @cached_property
    def agreement(self) -> NDArray[np.float64]:
        """(N,) share of the members whose most probable class is that of the mean."""
        votes = self.member_probability.argmax(axis=2) + CLASSES[0]
        return np.asarray((votes == self.label).mean(axis=0))

    @cached_property
    def mutual_information(self) -> NDArray[np.float64]:
        """(N,) of class and member, in nats."""
        return mutual_information(self.member_probability)

    def write(self, path: Path) -> None:
        """Keep them as one safetensors file."""
        tensors = {
            "candidate": self.candidate,
            "member_probability": self.member_probability,
            "missing_bands": self.missing_bands,
            "unreadable": np.array([candidate for candidate, _ in self.unreadable], dtype=np.int64),
            "parts": np.array([self.parts], dtype=np.int64),
        }
        # safetensors writes memory as it lies, and rows that were selected may lie last axis first.
        tensors = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
        reasons = {str(candidate): reason for candidate, reason in self.unreadable}
        write_atomically(path, safetensors.numpy.save(tensors, reasons))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote. Raises ValueError for another file."""
        try:
            with safetensors.safe_open(path, "numpy") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                reasons = file.metadata() or {}
            return cls(
                candidate=tensors["candidate"],
                member_probability=tensors["member_probability"],
                missing_bands=tensors["missing_bands"],
                unreadable=[(int(i), reasons[str(i)]) for i in tensors["unreadable"]],
                # Earlier versions did not keep them.
                parts=int(tensors.get("parts", np.ones(1, dtype=np.int64))[0]),
            )
        except (SafetensorError, KeyError) as error:
            raise ValueError(f"{path} does not hold predictions ({error}).") from error


def predict(
    directory: Path,
    manifest: Manifest,
    report: Report = lambda _: None,
    *,
    device: str = "auto",
    at_a_time: int = AT_A_TIME,
    embeddings: Path | None = None,
) -> Predictions:
    """Classify every candidate of a manifest with the finished run in `directory`.

    About `at_a_time` candidates are in memory at once. Those whose stamps cannot be read are
    listed with the reason. `embeddings` names a Zarr group to write (see `inference.embeddings`).
    Raises RunError if the folder holds no finished run, or a member gives no finite numbers.
    """
    config = read_config(directory)
    run = checkpoints.read_json(directory / checkpoints.CONFIG)
    for member in range(config.members):
        checkpoints.check_member(directory, Provenance.of(run, member))
    meter = ProgressMeter(len(manifest) * config.members)
    probability = np.full((config.members, len(manifest), config.classes), np.nan)
    readable = np.zeros(len(manifest), dtype=bool)
    missing = np.zeros(len(manifest), dtype=np.int64)
    unreadable: list[tuple[int, str]] = []
    pieces = 1
    chunks = read_chunks(manifest, np.arange(len(manifest)), config, View.prediction(config))
    where = choose_device(device)
    with keep_freed_memory(), cudnn_benchmark(where), explain_full_device(where):
        members = Members(directory, config, where)
        kept = embeddings and kept_embeddings.create(
            embeddings, config.members, manifest, members.features
        )
        # Each round may load every member anew, so a round should be long.
        while parts := list(islice(chunks, -(-at_a_time // CHUNK))):
            stamps = joined(parts)
            for member in range(config.members):
                told = _Told(config, member, len(stamps.pixels), meter, report)
                features, answers = _of_chunk(members[member], stamps, config, told)
                _check_finite(answers, checkpoints.member_path(directory, member))
                probability[member, stamps.positions] = answers
                pieces = max(pieces, told.parts)
                if kept:
                    kept.oindex[member, stamps.positions] = features
            readable[stamps.positions] = True
            missing[stamps.positions] = stamps.missing
            unreadable += stamps.unusable
    if embeddings:
        kept_embeddings.finish(embeddings, missing)
    return Predictions(
        candidate=manifest.candidate[readable],
        member_probability=probability[:, readable],
        missing_bands=missing[readable],
        unreadable=[(int(manifest.candidate[position]), reason) for position, reason in unreadable],
        parts=pieces,
    )


def _check_finite(answers: NDArray[np.float64], member: Path) -> None:
    if not np.isfinite(answers).all():
        raise RunError(
            f"{member} gives probabilities that are not finite: delete it, and train this one anew."
        )


def read_config(directory: Path) -> TrainingConfig:
    """The configuration of the run in a folder. Raises RunError where there is none."""
    found = checkpoints.read_json(directory / checkpoints.CONFIG)
    if (written := found.get("format")) != checkpoints.FORMAT:
        raise RunError(f"{directory} holds a run in another format ({written!r}).")
    try:
        return TrainingConfig.from_json(found["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{directory / checkpoints.CONFIG} is not a run's ({error}).") from error


class _Told:
    """How far one member is with the stamps of a chunk, for who waits."""

    def __init__(
        self, config: TrainingConfig, member: int, stamps: int, meter: ProgressMeter, report: Report
    ) -> None:
        self._config, self._member, self._stamps = config, member, stamps
        self._meter, self._report = meter, report
        self._done = 0
        self.parts = 1
        """Pieces in which a batch was computed."""

    def count(self, stamps: int) -> None:
        """Add a batch, or the part of one that fitted into the device's memory."""
        size = self._config.batch_size
        whole = min(size, self._stamps - self._done)
        self.parts = max(self.parts, -(-whole // stamps))
        self._done += stamps
        if self._meter.add(stamps):
            self._report(
                Progress(
                    stage="predict",
                    member=self._member,
                    members=self._config.members,
                    batch=-(-self._done // size),
                    batches=-(-self._stamps // size),
                    images_per_second=self._meter.rate,
                    seconds_left=self._meter.seconds_left,
                    fraction=self._meter.fraction,
                    parts=self.parts,
                )
            )


@torch.inference_mode()
def _of_chunk(
    network: DualBackbone, stamps: Stamps, config: TrainingConfig, told: _Told
) -> tuple[NDArray[np.float16], NDArray[np.float64]]:
    """One member's features (n, F) and probabilities (n, K) of the stamps of a chunk."""
    device = network.head.weight.device
    features = [torch.empty(0, network.head.in_features, dtype=torch.half, device=device)]
    answers = [torch.empty(0, config.classes, dtype=widest_float(device), device=device)]
    for z_BF, p_BK in in_batches(network, torch.from_numpy(stamps.pixels), config):
        features.append(z_BF.half())
        answers.append(p_BK)
        told.count(len(p_BK))
    # Fetched in the end: a GPU need not wait for the host between batches.
    return torch.cat(features).cpu().numpy(), torch.cat(answers).cpu().double().numpy()


def in_batches(
    network: DualBackbone, stamps_NCHW: Tensor, config: TrainingConfig
) -> Iterator[tuple[Tensor, Tensor]]:
    """Features (B, F) and probabilities (B, K) of stamps (N, C, H, W), batch by batch, in order.

    A device with too little memory for a batch gets half as many from there on.
    """
    device = network.head.weight.device
    size, first = batch_size(config, device), 0
    while first < len(stamps_NCHW):
        if len(stamps_NCHW) - first < size:
            # A GPU tries convolutions for each new shape: what is left over should have few.
            size = min(size, config.batch_size)
        batch = stamps_NCHW[first : first + size]
        try:
            seen = _of_batch(network, send(batch, device), config)
        except (RuntimeError, MemoryError) as error:
            if not is_memory_full(error) or len(batch) == 1:
                raise
            # Tried again outside: in here the error still holds all that was computed.
            size = len(batch) // 2
            continue
        yield seen
        first += len(batch)


def batch_size(config: TrainingConfig, device: torch.device) -> int:
    """Stamps that a network at rest looks at together, if the device's memory allows it."""
    return max(config.batch_size, GPU_BATCH) if device.type == "cuda" else config.batch_size


def _of_batch(
    network: DualBackbone, stamps_BCHW: Tensor, config: TrainingConfig
) -> tuple[Tensor, Tensor]:
    """Features and probabilities, means over the orientations that are looked at."""
    features, answers = [], []
    for turn in dihedral_orientations() if config.dihedral else torch.eye(2)[None]:
        turned = turn.expand(len(stamps_BCHW), 2, 2)
        x_BCHW = resample(stamps_BCHW, config.stamp_px, config.input_px, turned)
        with autocast(config, stamps_BCHW.device, gradients=False):
            z_BF = network.features(x_BCHW)
        features.append(z_BF.float())
        answers.append(network.logits(z_BF).softmax(dim=1, dtype=widest_float(z_BF.device)))
    return torch.stack(features).mean(dim=0), torch.stack(answers).mean(dim=0)
