"""The labelled stamps of a training run, in memory as one tensor."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.core.errors import NotTrainable, PackError
from classifier.core.training_set import Manifest, check_classes
from classifier.data.stamps import CHUNK, View, read_chunks
from classifier.runtime.progress import Progress, Report


@dataclass(frozen=True)
class TrainingSet:
    """What a network learns from."""

    stamps: Tensor
    """(n, C, H, W) in [0, 1], with room around the network's view to rotate it. float16, which
    rounds a pixel by 0.05 % of its value at most, below any noise, and halves the memory."""
    labels: Tensor
    """(n,) index into the classes, from 0."""
    shares: Tensor | None = None
    """(n, K) probability of each class, from the votes, where they are learnt."""
    left_out: int = 0
    """Labelled candidates with too many bands missing."""

    @property
    def targets(self) -> Tensor:
        """What the loss compares with: shares, or else labels."""
        return self.labels if self.shares is None else self.shares

    def counts(self, classes: int) -> dict[str, int]:
        """Number of stamps of each class, by the class's number."""
        tally = torch.bincount(self.labels, minlength=classes).tolist()
        return {str(label): count for label, count in enumerate(tally, start=1)}

    def to(self, device: torch.device) -> "TrainingSet":
        """The same set in a device's memory."""
        shares = None if self.shares is None else self.shares.to(device)
        return TrainingSet(self.stamps.to(device), self.labels.to(device), shares, self.left_out)


def to_train_on(manifest: Manifest, config: TrainingConfig) -> NDArray[np.int64]:
    """Positions (n,) of the candidates that a run learns, before their stamps are looked at.

    Raises NotTrainable where they hold fewer than two classes, a label that the run is not set up
    for, or no votes though their shares are to be learnt.
    """
    positions = manifest.to_train_on(config.classes)
    if config.soft_labels and manifest.votes.shape[1] < config.classes:
        raise NotTrainable(
            f"soft_labels needs n_class1 to n_class{config.classes} as columns of the training set."
        )
    return positions


def load(manifest: Manifest, config: TrainingConfig, report: Report) -> TrainingSet:
    """Read the labelled candidates of the training split.

    Raises what `to_train_on` raises, NotTrainable where those with enough bands hold fewer than two
    classes, and PackError where a stamp cannot be read: a run must have seen what its manifest
    says.
    """
    positions = to_train_on(manifest, config)
    view = View.training(config)
    stamps = np.empty((len(positions), len(config.bands), view.side, view.side), dtype=np.float16)
    order = np.empty(len(positions), dtype=np.int64)
    count = 0
    for done, chunk in enumerate(read_chunks(manifest, positions, config, view), start=1):
        if chunk.unreadable:
            position, reason = chunk.unreadable[0]
            raise PackError(f"Candidate {manifest.candidate[position]} has no stamps. {reason}")
        enough = chunk.missing <= config.max_missing_bands
        end = count + int(enough.sum())
        stamps[count:end], order[count:end] = chunk.pixels[enough], chunk.positions[enough]
        count = end
        batches = max(done, -(-len(positions) // CHUNK))
        report(Progress("prepare", 0, config.members, done, batches, fraction=done / batches))
    order = order[:count]
    labels = manifest.label[order]
    check_classes(labels)
    return TrainingSet(
        stamps=torch.from_numpy(stamps[:count]),
        labels=torch.from_numpy(labels - 1),
        shares=_shares(manifest, order, config) if config.soft_labels else None,
        left_out=len(positions) - count,
    )


def _shares(manifest: Manifest, positions: NDArray[np.int64], config: TrainingConfig) -> Tensor:
    """Share (n, K) of each class in the votes; where nobody voted, all of it is the label's."""
    certain = np.eye(config.classes)[manifest.label[positions] - 1]
    votes = manifest.votes[positions][:, : config.classes].astype(float)
    total = votes.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, votes / np.maximum(total, 1), certain)
    return torch.from_numpy(shares.astype(np.float32))
