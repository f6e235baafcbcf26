"""The labelled stamps of a training run, in memory as one tensor.

Shapes   n labelled candidates, C bands, H x W pixels, K classes.
NaN      none: missing pixels and bands are 0, as `classifier.data.stamps` reads them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.core.errors import NotTrainable, PackError
from classifier.core.training_set import Manifest, check_classes
from classifier.data.stamps import CHUNK, StampWindow, read_chunks
from classifier.runtime.progress import Progress, Report


@dataclass(frozen=True)
class TrainingTensors:
    """The stamps and labels that a network is trained on."""

    stamps: Tensor
    """(n, C, H, W) in [0, 1], with a margin for rotation. float16 halves the memory; it rounds a
    pixel by at most 0.05 % of its value, less than any noise."""
    labels: Tensor
    """(n,) index of the class, from 0."""
    soft_labels: Tensor | None = None
    """(n, K) share of each class in the votes, if the run trains on them."""
    left_out: int = 0
    """Labelled candidates with too many bands missing."""

    @property
    def targets(self) -> Tensor:
        """Targets of the loss: the soft labels if there are any, else the labels."""
        return self.labels if self.soft_labels is None else self.soft_labels

    def counts(self, classes: int) -> dict[str, int]:
        """Return the number of stamps of each class, by the number of the class."""
        tally = torch.bincount(self.labels, minlength=classes).tolist()
        return {str(label): count for label, count in enumerate(tally, start=1)}

    def to(self, device: torch.device) -> "TrainingTensors":
        """Return a copy on a device."""
        soft = None if self.soft_labels is None else self.soft_labels.to(device)
        return TrainingTensors(self.stamps.to(device), self.labels.to(device), soft, self.left_out)


def training_positions(manifest: Manifest, config: TrainingConfig) -> NDArray[np.int64]:
    """Return the positions (n,) of the candidates to train on, without a look at their stamps.

    Raises NotTrainable for fewer than two classes, for a label beyond the configured classes, and
    for soft labels without votes.
    """
    positions = manifest.to_train_on(config.classes)
    if config.soft_labels and manifest.votes.shape[1] < config.classes:
        raise NotTrainable(
            f"soft_labels needs the columns n_class1 to n_class{config.classes} in the training "
            "set."
        )
    return positions


def load_tensors(manifest: Manifest, config: TrainingConfig, report: Report) -> TrainingTensors:
    """Read the labelled candidates of the training split.

    Raises what `training_positions` raises, NotTrainable if the candidates with enough bands have
    fewer than two classes, and PackError for a stamp that cannot be read: a run has to train on
    all that its manifest lists.
    """
    positions = training_positions(manifest, config)
    window = StampWindow.training(config)
    stamps = np.empty(
        (len(positions), len(config.bands), window.side, window.side), dtype=np.float16
    )
    order = np.empty(len(positions), dtype=np.int64)
    count = 0
    for number, chunk in enumerate(read_chunks(manifest, positions, config, window), start=1):
        if chunk.unreadable:
            position, reason = chunk.unreadable[0]
            raise PackError(f"Candidate {manifest.candidate[position]} has no stamps. {reason}")
        enough = chunk.missing <= config.max_missing_bands
        end = count + int(enough.sum())
        stamps[count:end], order[count:end] = chunk.pixels[enough], chunk.positions[enough]
        count = end
        chunks = max(number, -(-len(positions) // CHUNK))
        report(Progress("prepare", 0, config.members, number, chunks, fraction=number / chunks))
    order = order[:count]
    labels = manifest.label[order]
    check_classes(labels)
    return TrainingTensors(
        stamps=torch.from_numpy(stamps[:count]),
        labels=torch.from_numpy(labels - 1),
        soft_labels=_vote_shares(manifest, order, config) if config.soft_labels else None,
        left_out=len(positions) - count,
    )


def _vote_shares(
    manifest: Manifest, positions: NDArray[np.int64], config: TrainingConfig
) -> Tensor:
    """Return the share (n, K) of each class in the votes; without votes, the label has all."""
    label_nK = np.eye(config.classes)[manifest.label[positions] - 1]
    votes_nK = manifest.votes[positions][:, : config.classes].astype(float)
    total_n1 = votes_nK.sum(axis=1, keepdims=True)
    shares_nK = np.where(total_n1 > 0, votes_nK / np.maximum(total_n1, 1), label_nK)
    return torch.from_numpy(shares_nK.astype(np.float32))
