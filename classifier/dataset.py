"""The labelled stamps of a training run, in memory as one tensor."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from classifier.config import CLASSES, TrainingConfig
from classifier.manifest import Manifest, check_classes
from classifier.packs import CHUNK, PackError, joined, read_chunks
from classifier.progress import Progress, Report


@dataclass(frozen=True)
class TrainingSet:
    """What a network learns from."""

    stamps: Tensor
    """(n, C, H, W) float32 in [0, 1], with room around the network's view to rotate it."""
    labels: Tensor
    """(n,) index into the classes, from 0."""
    left_out: int
    """Labelled candidates with too many bands missing."""

    @property
    def counts(self) -> dict[str, int]:
        """Number of stamps of each class, by the class's number."""
        tally = torch.bincount(self.labels, minlength=len(CLASSES)).tolist()
        return {str(label): count for label, count in zip(CLASSES, tally, strict=True)}

    def to(self, device: torch.device) -> "TrainingSet":
        """The same set in a device's memory."""
        return TrainingSet(self.stamps.to(device), self.labels.to(device), self.left_out)


def load(manifest: Manifest, config: TrainingConfig, report: Report) -> TrainingSet:
    """Read the labelled candidates of the training split.

    Raises NotTrainable where they hold fewer than two classes, PackError where a stamp cannot be
    read: a run must have seen what its manifest says.
    """
    positions = manifest.to_train_on()
    batches = -(-len(positions) // CHUNK)
    chunks = []
    for chunk in read_chunks(manifest, positions, config, rotated=config.augment):
        if chunk.unreadable:
            position, reason = chunk.unreadable[0]
            raise PackError(f"Candidate {manifest.candidate[position]} has no stamps. {reason}")
        chunks.append(chunk)
        done = min(len(chunks), batches)
        report(Progress("prepare", 0, config.members, done, batches, fraction=done / batches))
    stamps = joined(chunks)
    enough = stamps.missing <= config.max_missing_bands
    labels = manifest.label[stamps.positions[enough]]
    check_classes(labels)
    return TrainingSet(
        stamps=torch.from_numpy(stamps.pixels[enough]),
        labels=torch.from_numpy(labels - np.int64(CLASSES[0])),
        left_out=int((~enough).sum()),
    )
