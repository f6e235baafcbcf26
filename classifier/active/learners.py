"""What learns from the labels so far, and says what it thinks of every candidate.

Shapes   M members, N candidates of a manifest, F features, P of them kept, K classes; labels (N,)
         are 1 to K, or 0 where there is none.
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

KEPT = 256
"""Principal components that a head reads: more cost time, and no accuracy."""

PENALTY = 0.001
"""On half the squared weights, per label, of features of mean squared length 1."""

HEADS = 10
"""Members of an ensemble of heads, as many as the paper's networks."""


@dataclass(frozen=True)
class Answers:
    """Of all N candidates; rows that cannot be read are NaN."""

    member_probability: NDArray[np.float64]
    """(M, N, K)."""
    embeddings: NDArray[np.float32]
    """(N, F)."""


class Learner(Protocol):
    """Anything that learns from labels."""

    @property
    def identity(self) -> dict[str, Any]:
        """What it is, as JSON values: results of another one cannot be gone on with."""

    def learn(self, label: NDArray[np.int64], seed: int) -> Answers:
        """Start afresh from labels (N,). Raises NotTrainable for fewer than two classes."""


@dataclass
class Head:
    """An ensemble of linear layers on embeddings that stay as they are: a second a round.

    Its members differ by the bootstrap sample of the labels that they learn from (Breiman 1996):
    the loss is convex, so that other initial weights would end in the same place.
    """

    embeddings: NDArray[np.float32]
    """(N, F); NaN where a candidate has none."""
    classes: int
    members: int = HEADS
    penalty: float = PENALTY
    made_of: dict[str, Any] = field(default_factory=dict)
    """What the embeddings are, for the identity."""

    def __post_init__(self) -> None:
        """Rotate and scale the features once."""
        self._features = _principal(self.embeddings)

    @property
    def identity(self) -> dict[str, Any]:
        """Its settings."""
        own = {"learner": "head", "members": self.members, "penalty": self.penalty}
        return own | {"classes": self.classes} | self.made_of

    def learn(self, label: NDArray[np.int64], seed: int) -> Answers:
        """Fit each member to a bootstrap sample."""
        learnt = np.flatnonzero(label)
        rng = np.random.default_rng(seed)
        share = np.full(len(learnt), 1 / max(1, len(learnt)))
        times_MN = rng.multinomial(len(learnt), share, size=self.members)
        weights = fit(
            self._features[learnt], label[learnt] - 1, times_MN, self.classes, self.penalty
        )
        return Answers(softmax(self._features @ weights, axis=2), self.embeddings)


def fit(
    features: NDArray[np.float64],
    label: NDArray[np.int64],
    times: NDArray[np.int64],
    classes: int,
    penalty: float,
) -> NDArray[np.float64]:
    """Weights (M, P, K) of multinomial logistic regressions on features (n, P).

    `label` (n,) counts from 0; each member sees each candidate so many times (M, n).
    """
    members, count = times.shape
    shape = (features.shape[1], members, classes)
    weight_nM1 = times.T[:, :, None] / count
    wanted_n1K = np.eye(classes)[label][:, None, :]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w_PMK = flat.reshape(shape)
        logp_nMK = log_softmax(np.tensordot(features, w_PMK, 1), axis=2)
        error_nMK = weight_nM1 * (np.exp(logp_nMK) - wanted_n1K)
        value = -(weight_nM1 * wanted_n1K * logp_nMK).sum() + penalty / 2 * (w_PMK**2).sum()
        slope_PMK = np.tensordot(features.T, error_nMK, 1) + penalty * w_PMK
        return float(value), slope_PMK.ravel()

    # The members' losses have no weight in common, so one search finds all their minima.
    best = minimize(loss, np.zeros(np.prod(shape)), jac=True, method="L-BFGS-B")
    return np.asarray(best.x.reshape(shape).transpose(1, 0, 2))


@dataclass
class Network:
    """The real thing: a whole training of the ensemble in every round."""

    config: TrainingConfig
    manifest: Manifest
    folder: Path
    """For the training at hand; emptied after it."""
    report: Report = lambda _: None

    @property
    def identity(self) -> dict[str, Any]:
        """Its settings."""
        return {"learner": "network", "config": self.config.to_dict()}

    def learn(self, label: NDArray[np.int64], seed: int) -> Answers:
        """Train, predict, and forget the weights; embeddings are those of the first member."""
        manifest = self.manifest.changed(label=label)
        config = replace(self.config, seed=seed)
        # An interrupted training of the same labels goes on.
        run = self.folder / f"run-{manifest.sha256[:16]}-{seed}"
        train(config, manifest, run, self.report)
        kept = run / "embeddings.zarr"
        found = predict(run, manifest, self.report, device=config.device, embeddings=kept)
        probability = np.full((config.members, len(manifest), config.classes), np.nan)
        probability[:, np.isin(manifest.candidate, found.candidate)] = found.member_probability
        features: Any = zarr.open_group(kept, mode="r")["features"]
        embeddings = np.asarray(features[0], dtype=np.float32)
        shutil.rmtree(run)
        return Answers(probability, embeddings)


def _principal(embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first principal components and a one (N, P) of standardised features; NaN becomes 0."""
    known = np.isfinite(embeddings).all(axis=1)
    of_known = embeddings[known].astype(float)
    deviation = of_known.std(axis=0)
    unit = (of_known - of_known.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    kept = min(KEPT, *unit.shape)
    components = PCA(kept, svd_solver="randomized", random_state=0).fit_transform(unit)
    length = np.sqrt((components**2).sum(axis=1).mean())
    # The one is for the bias, which the penalty hardly reaches.
    features = np.zeros((len(embeddings), kept + 1))
    features[known] = np.c_[components / max(length, 1e-12), np.ones(len(components))]
    return features
