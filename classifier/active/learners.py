"""Learners of a replay: train on the labels so far, and predict every candidate.

Shapes   M members, N candidates of a manifest, F features, P components of them, K classes; labels
         (N,) are 1 to K, or 0 without a label.
NaN      rows of candidates that cannot be read.
"""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import zarr
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.decomposition import PCA

from classifier.core.config import TrainingConfig
from classifier.core.training_set import Manifest
from classifier.inference.prediction import predict
from classifier.runtime.progress import Report
from classifier.training.ensemble import train

COMPONENTS = 256
"""Principal components that a head reads: more take time and add no accuracy."""

PENALTY = 0.001
"""Factor of half the squared weights, per label, for features of mean squared length 1."""

HEADS = 10
"""Members of an ensemble of heads, as many as the paper's networks."""


@dataclass(frozen=True)
class LearnerPredictions:
    """Predictions for all N candidates."""

    member_probability: NDArray[np.float64]
    """(M, N, K)."""
    embeddings: NDArray[np.float32]
    """(N, F)."""


class Learner(Protocol):
    """A model that learns from labels."""

    @property
    def identity(self) -> dict[str, Any]:
        """JSON values that identify it: a replay continues only with the same learner."""

    def learn(self, label_N: NDArray[np.int64], seed: int) -> LearnerPredictions:
        """Train from the start. Raises NotTrainable for fewer than two classes."""


@dataclass
class HeadLearner:
    """An ensemble of linear layers on fixed embeddings, which takes a second a round.

    Each member is trained on another bootstrap sample of the labels (Breiman 1996): the loss is
    convex, so other initial weights would give the same member.
    """

    embeddings: NDArray[np.float32]
    """(N, F)."""
    classes: int
    members: int = HEADS
    penalty: float = PENALTY
    source: dict[str, Any] = field(default_factory=dict)
    """JSON values that identify the embeddings."""

    def __post_init__(self) -> None:
        """Compute the principal components."""
        self._components_NP = _principal_components(self.embeddings)

    @property
    def identity(self) -> dict[str, Any]:
        """The settings."""
        settings = {"learner": "head", "members": self.members, "penalty": self.penalty}
        return settings | {"classes": self.classes} | self.source

    def learn(self, label_N: NDArray[np.int64], seed: int) -> LearnerPredictions:
        """Fit each member to a bootstrap sample."""
        labelled_n = np.flatnonzero(label_N)
        rng = np.random.default_rng(seed)
        share_n = np.full(len(labelled_n), 1 / max(1, len(labelled_n)))
        times_Mn = rng.multinomial(len(labelled_n), share_n, size=self.members)
        weights_MPK = fit_heads(
            self._components_NP[labelled_n],
            label_N[labelled_n] - 1,
            times_Mn,
            self.classes,
            self.penalty,
        )
        # (N, P) @ (M, P, K) -> (M, N, K)
        p_MNK = softmax(self._components_NP @ weights_MPK, axis=2)
        return LearnerPredictions(p_MNK, self.embeddings)


def fit_heads(
    features_nP: NDArray[np.float64],
    label_n: NDArray[np.int64],
    times_Mn: NDArray[np.int64],
    classes: int,
    penalty: float,
) -> NDArray[np.float64]:
    """Return weights (M, P, K) of multinomial logistic regressions, one a member.

    Labels (n,) count from 0; `times_Mn` is how often each candidate is in each member's sample.
    """
    members, count = times_Mn.shape
    shape = (features_nP.shape[1], members, classes)
    weight_nM1 = times_Mn.T[:, :, None] / count
    truth_n1K = np.eye(classes)[label_n][:, None, :]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        # (P M K,) -> (P, M, K)
        w_PMK = flat.reshape(shape)
        logp_nMK = log_softmax(np.tensordot(features_nP, w_PMK, 1), axis=2)
        error_nMK = weight_nM1 * (np.exp(logp_nMK) - truth_n1K)
        value = -(weight_nM1 * truth_n1K * logp_nMK).sum() + penalty / 2 * (w_PMK**2).sum()
        slope_PMK = np.tensordot(features_nP.T, error_nMK, 1) + penalty * w_PMK
        return float(value), slope_PMK.ravel()

    # The losses of the members share no weight, so one search finds all their minima.
    best = minimize(loss, np.zeros(np.prod(shape)), jac=True, method="L-BFGS-B")
    # (P, M, K) -> (M, P, K)
    return np.asarray(best.x.reshape(shape).transpose(1, 0, 2))


@dataclass
class NetworkLearner:
    """A whole ensemble of networks, trained in every round."""

    config: TrainingConfig
    manifest: Manifest
    folder: Path
    """Folder of the current training, which is removed after it."""
    report: Report = lambda _: None

    @property
    def identity(self) -> dict[str, Any]:
        """The settings."""
        return {"learner": "network", "config": self.config.to_dict()}

    def learn(self, label_N: NDArray[np.int64], seed: int) -> LearnerPredictions:
        """Train and predict; the embeddings are those of the first member."""
        manifest = self.manifest.changed(label=label_N)
        config = replace(self.config, seed=seed)
        # By the labels, so that an interrupted training of the same labels continues.
        run = self.folder / f"run-{manifest.sha256[:16]}-{seed}"
        train(config, manifest, run, self.report)
        store = run / "embeddings.zarr"
        predictions = predict(run, manifest, self.report, device=config.device, embeddings=store)
        p_MNK = np.full((config.members, len(manifest), config.classes), np.nan)
        p_MNK[:, np.isin(manifest.candidate, predictions.candidate)] = (
            predictions.member_probability
        )
        features: Any = zarr.open_group(store, mode="r")["features"]
        embeddings_NF = np.asarray(features[0], dtype=np.float32)
        shutil.rmtree(run)
        return LearnerPredictions(p_MNK, embeddings_NF)


def _principal_components(embeddings_NF: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return principal components of standardised features, and a one, (N, P); NaN becomes 0."""
    readable_N = np.isfinite(embeddings_NF).all(axis=1)
    readable_nF = embeddings_NF[readable_N].astype(float)
    deviation_F = readable_nF.std(axis=0)
    unit_nF = (readable_nF - readable_nF.mean(axis=0)) / np.where(deviation_F > 0, deviation_F, 1)
    count = min(COMPONENTS, *unit_nF.shape)
    components = PCA(count, svd_solver="randomized", random_state=0).fit_transform(unit_nF)
    length = np.sqrt((components**2).sum(axis=1).mean())
    # The last column is for the bias, which the penalty hardly affects.
    components_NP = np.zeros((len(embeddings_NF), count + 1))
    components_NP[readable_N] = np.c_[components / max(length, 1e-12), np.ones(len(components))]
    return components_NP
