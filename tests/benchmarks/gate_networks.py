"""Networks whose accuracy is known, to judge the gate by.

Shapes   N candidates, K = 4 classes, numbered from 1, J networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax

CLASSES = 4

SHARES = np.array([0.25, 0.2, 0.15, 0.4])
"""Of the classes."""


@dataclass(frozen=True)
class Sample:
    """Labelled control candidates, and the answers of networks."""

    truth_N: NDArray[np.int64]
    networks: list[NDArray[np.float64]]
    """Probabilities (N, K) of each."""


class World(Protocol):
    """A population of candidates, and networks that lose a stated accuracy there."""

    title: str

    def draw(self, count: int, losses: Sequence[float], rng: np.random.Generator) -> Sample:
        """Return candidates with a network for each loss in accuracy, the first being the best."""


@dataclass(frozen=True)
class SignalWorld:
    """Networks that see the class as a signal in noise, of which they share a part.

    The probabilities are those of Bayes' rule, so that they are calibrated.
    """

    title: str
    accuracy: float
    """Of a network without loss."""
    shared: float
    """Share of the noise's variance that all networks see alike."""

    @cached_property
    def _accuracies(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Strengths of the signal, and the accuracy with each."""
        rng = np.random.default_rng(0)
        truth_N = _classes(50_000, rng)
        noise_NK = rng.standard_normal((len(truth_N), CLASSES))
        strengths = np.linspace(0, 4, 41)
        right = [(_answers(truth_N, noise_NK, s).argmax(axis=1) + 1 == truth_N) for s in strengths]
        return strengths, np.array([part.mean() for part in right])

    def draw(self, count: int, losses: Sequence[float], rng: np.random.Generator) -> Sample:
        """Return candidates with a network for each loss in accuracy."""
        truth_N = _classes(count, rng)
        common_NK = rng.standard_normal((count, CLASSES))
        strengths, accuracies = self._accuracies
        networks = []
        for loss in losses:
            own_NK = rng.standard_normal((count, CLASSES))
            noise_NK = self.shared**0.5 * common_NK + (1 - self.shared) ** 0.5 * own_NK
            strength = float(np.interp(self.accuracy - loss, accuracies, strengths))
            networks.append(_answers(truth_N, noise_NK, strength))
        return Sample(truth_N, networks)


SIGNAL = SignalWorld("networks that see a signal in noise", accuracy=0.65, shared=0.6)
"""They differ in a third of their answers."""


def _classes(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.choice(CLASSES, count, p=SHARES) + 1


def _answers(
    truth_N: NDArray[np.int64], noise_NK: NDArray[np.float64], strength: float
) -> NDArray[np.float64]:
    """Return the probabilities (N, K) by a signal of this strength in noise of variance 1."""
    signal_NK = strength * np.eye(CLASSES)[truth_N - 1] + noise_NK
    return np.asarray(softmax(strength * signal_NK + np.log(SHARES), axis=1))


@dataclass(frozen=True)
class HeadWorld:
    """Real networks, judged on candidates that are drawn from those they were not trained on.

    Candidates are drawn with weights by which the networks differ in accuracy by just the loss.
    """

    title: str
    truth_N: NDArray[np.int64]
    networks: NDArray[np.float64]
    """Probabilities (J, N, K)."""

    @cached_property
    def right_JN(self) -> NDArray[np.bool_]:
        """True where a network (J, N) is right."""
        return np.asarray(self.networks.argmax(axis=2) + 1 == self.truth_N)

    def draw(self, count: int, losses: Sequence[float], rng: np.random.Generator) -> Sample:
        """Return candidates with a network for each loss in accuracy."""
        accuracy_J = self.right_JN.mean(axis=1)
        first = int(rng.choice(np.argsort(-accuracy_J)[: len(accuracy_J) // 4]))
        chosen = [first]
        for loss in losses[1:]:
            distance_J = np.abs(accuracy_J[first] - accuracy_J - loss)
            distance_J[chosen] = np.inf
            # Of the four that come nearest.
            chosen.append(int(rng.choice(np.argsort(distance_J)[:4])))
        weight_N = np.full(len(self.truth_N), 1 / len(self.truth_N))
        if len(chosen) == 2:
            difference_N = 1.0 * self.right_JN[first] - self.right_JN[chosen[1]]
            weight_N = tilted(difference_N, losses[1])
        drawn = rng.choice(len(self.truth_N), count, p=weight_N)
        return Sample(self.truth_N[drawn], [self.networks[j][drawn] for j in chosen])


def tilted(values_N: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Return the weights (N,), as equal as possible, with which values have this mean."""

    def excess(slope: float) -> float:
        weight_N = np.exp(slope * values_N)
        return float((weight_N * values_N).sum() / weight_N.sum()) - mean

    weight_N = np.exp(brentq(excess, -20, 20) * values_N)
    return np.asarray(weight_N / weight_N.sum())
