"""Train one member of an ensemble, from its latest checkpoint to its finished weights."""

import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.data.dataset import TrainingTensors
from classifier.nets.dual_backbone import DualBackbone
from classifier.nets.imagenet_weights import InitialWeights
from classifier.training import checkpoints
from classifier.training.checkpoints import RunError
from classifier.training.optimisation import Optimisation
from classifier.training.provenance import Provenance

HISTORY_POINTS = 100
"""Most points of a member's loss curve, each the mean of several batches."""

CHECKPOINT_RATIO = 20
"""Training takes at least so many times as long as the writing of checkpoints."""


class DivergedError(ArithmeticError):
    """The loss is not a finite number; the message says what to change."""


class MemberTraining:
    """The training of one member, which continues from its checkpoint if there is one."""

    def __init__(
        self,
        config: TrainingConfig,
        data: TrainingTensors,
        initial: InitialWeights,
        directory: Path,
        number: int,
    ) -> None:
        """Build the network of member `number` of the run in `directory`.

        Raises RunError for a checkpoint of another network.
        """
        self._directory, self._number = directory, number
        run = checkpoints.read_json(directory / checkpoints.CONFIG)
        self._provenance = Provenance.of(run, number)
        self._started = self._saved = time.perf_counter()
        self._save_seconds = 0.0
        torch.manual_seed(self._provenance.seed)
        network = DualBackbone.from_config(config, initial.path).to(data.stamps.device)
        generator = torch.Generator().manual_seed(self._provenance.seed)
        self._optimisation = Optimisation(network, config, data, generator)
        # loss and accuracy of each batch
        self._curve_N2 = torch.empty(config.batches, 2, device=data.stamps.device)
        if checkpoint := checkpoints.load_checkpoint(directory, self._provenance):
            self._restore(*checkpoint)
        self._saved_batch = self.batch

    @property
    def batch(self) -> int:
        """Completed batches."""
        return self._optimisation.batch

    @property
    def parts(self) -> int:
        """Parts in which a batch is computed."""
        return self._optimisation.parts

    @property
    def loss(self) -> float:
        """Loss of the last batch. Raises DivergedError if it is not finite."""
        return finite_loss(self._curve_N2[self.batch - 1, 0], self._number)

    def step(self, checkpoint_batches: int) -> None:
        """Train on the next batch, and write a checkpoint if `checkpoint_batches` are complete.

        The checkpoint is delayed while those before it took too much of the time.
        """
        result = self._optimisation.step()
        self._curve_N2[self.batch - 1] = torch.stack([result.loss, result.accuracy])
        now = time.perf_counter()
        due = self.batch - self._saved_batch >= checkpoint_batches
        if due and now - self._saved >= CHECKPOINT_RATIO * self._save_seconds:
            state = {**self._optimisation.state(), "curve": self._curve_N2[: self.batch]}
            checkpoints.save_checkpoint(
                self._directory, self._provenance, state, now - self._started
            )
            self._saved_batch, self._saved = self.batch, time.perf_counter()
            self._save_seconds = self._saved - now

    def finish(self) -> None:
        """Write the trained weights and the history. Raises DivergedError like `loss`."""
        finite_loss(self._curve_N2[self.batch - 1, 0], self._number)
        history = {
            **mean_curve(self._curve_N2),
            "seed": self._provenance.seed,
            "seconds": time.perf_counter() - self._started,
            "parts": self._optimisation.parts,
        }
        checkpoints.save_member(
            self._directory, self._provenance, self._optimisation.network, history
        )

    def _restore(self, state: dict[str, Tensor], seconds: float) -> None:
        try:
            curve_N2 = state.pop("curve")
            self._optimisation.restore(state)
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(
                f"The checkpoint of member {self._number} in {self._directory} is not of this "
                f"network ({checkpoints.reason(error)}): delete it to train this member from "
                "the start."
            ) from error
        self._curve_N2[: len(curve_N2)] = curve_N2
        self._started -= seconds


def finite_loss(loss: Tensor, member: int) -> float:
    """Return the loss as a number. Raises DivergedError if it is not finite."""
    value = loss.item()
    if not math.isfinite(value):
        raise DivergedError(f"The loss of member {member} is not finite: lower learning_rate.")
    return value


def mean_curve(curve_N2: Tensor) -> dict[str, list[float]]:
    """Return loss and accuracy (N batches, 2) as means over at most HISTORY_POINTS spans.

    `batch` is the last batch of each span.
    """
    spans = np.array_split(curve_N2.cpu().double().numpy(), min(HISTORY_POINTS, len(curve_N2)))
    means = np.array([span.mean(axis=0) for span in spans])
    last_batches = np.cumsum([len(span) for span in spans])
    return {
        "batch": last_batches.tolist(),
        "loss": means[:, 0].tolist(),
        "accuracy": means[:, 1].tolist(),
    }
