"""Predict the classes of candidates with an ensemble.

Shapes   M members, N candidates, K classes numbered from 1, F features.
Units    entropy and mutual information in nats: an entropy of 0 is certain, ln 4 = 1.386 a uniform
         guess of four classes.
Sources  Wei et al. 2020 (arXiv:1909.02024), section 4.2 (entropy); Houlsby et al. 2011
         (arXiv:1112.5745; mutual information, BALD).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError

from classifier.core.atomic_files import write_atomically
from classifier.core.classes import CLASSES
from classifier.core.config import TrainingConfig
from classifier.core.training_set import Manifest
from classifier.core.uncertainty import entropy, mutual_information
from classifier.data.stamps import CHUNK, Stamps, StampWindow, join_chunks, read_chunks
from classifier.inference import embeddings as embedding_store
from classifier.inference.batches import predict_batches
from classifier.inference.members import MemberNetworks
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import (
    choose_device,
    cudnn_benchmark,
    explain_full_device,
    widest_float,
)
from classifier.runtime.memory import keep_freed_memory
from classifier.runtime.progress import Progress, ProgressMeter, Report
from classifier.training import checkpoints
from classifier.training.checkpoints import RunError
from classifier.training.provenance import Provenance

AT_A_TIME = 4096
"""Candidates in memory: 0.2 GB of stamps of 50 px, whatever the size of the field."""


@dataclass(frozen=True)
class Predictions:
    """Predictions by M members for the N candidates that could be read."""

    candidate: NDArray[np.int64]
    """(N,) ids, in the order of the manifest."""
    member_probability: NDArray[np.float64]
    """(M, N, K)."""
    missing_bands: NDArray[np.int64]
    """(N,) number of bands without data."""
    unreadable: list[tuple[int, str]]
    """(candidate, reason) of those without a prediction."""
    parts: int = 1
    """Most parts in which a batch was computed; above 1 if memory was too small."""

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
        """(N,) share of the members with the same most probable class as the mean."""
        label_MN = self.member_probability.argmax(axis=2) + CLASSES[0]
        return np.asarray((label_MN == self.label).mean(axis=0))

    @cached_property
    def mutual_information(self) -> NDArray[np.float64]:
        """(N,) of class and member, in nats."""
        return mutual_information(self.member_probability)

    def write(self, path: Path) -> None:
        """Write all fields to one safetensors file."""
        tensors = {
            "candidate": self.candidate,
            "member_probability": self.member_probability,
            "missing_bands": self.missing_bands,
            "unreadable": np.array([candidate for candidate, _ in self.unreadable], dtype=np.int64),
            "parts": np.array([self.parts], dtype=np.int64),
        }
        # safetensors writes the bytes in memory, and selected rows may be in another axis order.
        tensors = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
        reasons = {str(candidate): reason for candidate, reason in self.unreadable}
        write_atomically(path, safetensors.numpy.save(tensors, reasons))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file written by `write`. Raises ValueError for another file."""
        try:
            with safetensors.safe_open(path, "numpy") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                reasons = file.metadata() or {}
            return cls(
                candidate=tensors["candidate"],
                member_probability=tensors["member_probability"],
                missing_bands=tensors["missing_bands"],
                unreadable=[(int(i), reasons[str(i)]) for i in tensors["unreadable"]],
                # Missing in files of earlier versions.
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
    zeroed: tuple[str, ...] = (),
) -> Predictions:
    """Predict every candidate of a manifest with the finished run in `directory`.

    Bands in `zeroed` are replaced by zeros, to see what the networks make of them. About
    `at_a_time` candidates are in memory at once. Candidates whose stamps cannot be read are listed
    with the reason. `embeddings` is the path of a Zarr group to write (see
    `classifier.inference.embeddings`). Raises RunError if the folder holds no finished run, or if a
    member's probabilities are not finite.
    """
    config = read_config(directory)
    run = checkpoints.read_json(directory / checkpoints.CONFIG)
    config = replace(config, blanked=tuple(dict.fromkeys((*config.blanked, *zeroed))))
    for member in range(config.members):
        checkpoints.check_member(directory, Provenance.of(run, member))
    meter = ProgressMeter(len(manifest) * config.members)
    p_MNK = np.full((config.members, len(manifest), config.classes), np.nan)
    readable_N = np.zeros(len(manifest), dtype=bool)
    missing_N = np.zeros(len(manifest), dtype=np.int64)
    unreadable: list[tuple[int, str]] = []
    parts = 1
    chosen = choose_device(device)
    with keep_freed_memory(), cudnn_benchmark(chosen), explain_full_device(chosen):
        networks = MemberNetworks(directory, config, chosen)
        features_MNF = embeddings and embedding_store.create(
            embeddings, config.members, manifest, networks.features
        )
        for stamps in _rounds(manifest, config, at_a_time):
            for member in range(config.members):
                progress = _StampProgress(config, member, len(stamps.pixels), meter, report)
                z_nF, p_nK = _predict_stamps(networks[member], stamps, config, progress)
                _check_finite(p_nK, checkpoints.member_path(directory, member))
                p_MNK[member, stamps.positions] = p_nK
                parts = max(parts, progress.parts)
                if features_MNF:
                    features_MNF.oindex[member, stamps.positions] = z_nF
            readable_N[stamps.positions] = True
            missing_N[stamps.positions] = stamps.missing
            unreadable += stamps.unusable
    if embeddings:
        embedding_store.finish(embeddings, missing_N)
    return Predictions(
        candidate=manifest.candidate[readable_N],
        member_probability=p_MNK[:, readable_N],
        missing_bands=missing_N[readable_N],
        unreadable=[(int(manifest.candidate[position]), reason) for position, reason in unreadable],
        parts=parts,
    )


def read_config(directory: Path) -> TrainingConfig:
    """Return the configuration of the run in a folder. Raises RunError if there is no run."""
    content = checkpoints.read_json(directory / checkpoints.CONFIG)
    if (stored := content.get("format")) != checkpoints.FORMAT:
        raise RunError(f"{directory} holds a run in another format ({stored!r}).")
    try:
        return TrainingConfig.from_json(content["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{directory / checkpoints.CONFIG} is not a run's ({error}).") from error


def _rounds(manifest: Manifest, config: TrainingConfig, at_a_time: int) -> Iterator[Stamps]:
    """Yield all stamps, about `at_a_time` at once: each round may load every member again."""
    positions = np.arange(len(manifest))
    chunks = read_chunks(manifest, positions, config, StampWindow.prediction(config))
    while round_chunks := list(islice(chunks, -(-at_a_time // CHUNK))):
        yield join_chunks(round_chunks)


def _check_finite(p_nK: NDArray[np.float64], path: Path) -> None:
    if not np.isfinite(p_nK).all():
        raise RunError(
            f"{path} gives probabilities that are not finite: delete it to train this member "
            f"from the start."
        )


class _StampProgress:
    """Report the progress of one member through the stamps of a round."""

    def __init__(
        self, config: TrainingConfig, member: int, stamps: int, meter: ProgressMeter, report: Report
    ) -> None:
        self._config, self._member, self._stamps = config, member, stamps
        self._meter, self._report = meter, report
        self._completed = 0
        self.parts = 1
        """Parts in which a batch was computed."""

    def add(self, stamps: int) -> None:
        """Count a batch, or the part of one that fitted into the device's memory."""
        size = self._config.batch_size
        batch = min(size, self._stamps - self._completed)
        self.parts = max(self.parts, -(-batch // stamps))
        self._completed += stamps
        if self._meter.add(stamps):
            self._report(
                Progress(
                    stage="predict",
                    member=self._member,
                    members=self._config.members,
                    batch=-(-self._completed // size),
                    batches=-(-self._stamps // size),
                    images_per_second=self._meter.rate,
                    seconds_left=self._meter.seconds_left,
                    fraction=self._meter.fraction,
                    parts=self.parts,
                )
            )


@torch.inference_mode()
def _predict_stamps(
    network: DualBackbone, stamps: Stamps, config: TrainingConfig, progress: _StampProgress
) -> tuple[NDArray[np.float16], NDArray[np.float64]]:
    """Return one member's features (n, F) and probabilities (n, K) of stamps."""
    device = network.head.weight.device
    features = [torch.empty(0, network.head.in_features, dtype=torch.half, device=device)]
    probabilities = [torch.empty(0, config.classes, dtype=widest_float(device), device=device)]
    for z_BF, p_BK in predict_batches(network, torch.from_numpy(stamps.pixels), config):
        features.append(z_BF.half())
        probabilities.append(p_BK)
        progress.add(len(p_BK))
    # Copied once at the end: a GPU need not wait for the host between batches.
    return torch.cat(features).cpu().numpy(), torch.cat(probabilities).cpu().double().numpy()
