"""Refit the heads of a run on its stored embeddings, in seconds, as new labels arrive.

The backbones stay; only the heads, which read their features, move. The weights of a head are

    argmin_W  L_new(W) + D_old(W, W0) + |W - W0|^2 / (2 SPREAD^2)

where W0 are the weights of the run, L_new is the negative log-likelihood of the new labels, which
the run was not trained on, and D_old(W, W0) = L(W) - L(W0) - <grad L(W0), W - W0> the Bregman
divergence of the same for the labels it was trained on. D is zero at W0 and rises as W changes
their probabilities: nothing is learnt twice, and nothing is forgotten. Without new labels the
result is W0.

Shapes   M members, N candidates, n labelled ones, F features, K classes. Features are standardised
         over the labelled candidates and divided by sqrt(F), so that rows have length 1 on average;
         a further column of ones stands for the bias.
Units    L in nats, a sum over candidates; SPREAD in units of a logit.
Sources  Gaussian prior about earlier weights: Chelba & Acero 2006 (Computer Speech & Language 20,
         382); L-BFGS: Byrd et al. 1995 (SIAM J. Sci. Comput. 16, 1190).
"""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from classifier.core.training_set import UNLABELLED
from classifier.inference.embeddings import Embeddings
from classifier.inference.prediction import read_config
from classifier.training import checkpoints
from classifier.training.provenance import Provenance

SPREAD = 2.0
"""Prior standard deviation of the change of a candidate's logits.

On the demonstration's field, after 80 labels with the quick preset and 100 more at random, the
negative log-likelihood of 188 others falls from 1.59 nats to 1.49, 1.14, 1.00 and 0.97 with
spreads of 0.3, 1, 2 and 4; after only 10 more labels to 1.57, 1.45, 1.36 and 1.38.
"""

MIN_DEVIATION = 0.1
"""Least standard deviation of a feature, in units of the mean one: a feature that hardly varies
over the labelled candidates must not decide on the others."""

MIN_CURVATURE = 0.02
"""Least mean of p (1 - p): a run that is certain of its training labels is less certain of other
candidates."""

OPTIONS = {"maxiter": 200, "maxcor": 10, "gtol": 1e-3, "ftol": 1e-9}
"""Options of L-BFGS. The objective is strictly convex, so a gradient this small is near the
minimum."""


@dataclass(frozen=True)
class Head:
    """The last layer of a member."""

    weight_KF: Tensor
    bias_K: Tensor

    def probability(self, x_BF: Tensor) -> Tensor:
        """Return probabilities (B, K) float64; NaN where features are NaN."""
        return (x_BF @ self.weight_KF.T + self.bias_K).double().softmax(dim=1)


@dataclass(frozen=True)
class RefitPredictions:
    """Predictions of refitted heads for N candidates."""

    candidate: NDArray[np.int64]
    """(N,) ids, in the order of the manifest."""
    probability: NDArray[np.float64]
    """(N, K), the mean over the members; NaN for candidates without embeddings."""


def refit(
    directory: Path,
    embeddings: Path,
    labels: Mapping[int, int],
    trained: Mapping[int, int],
    wanted: Collection[int],
) -> RefitPredictions:
    """Refit the heads of the run in `directory`, and predict the `wanted` candidates with them.

    `labels` are the labels of today by candidate, from 1, and `trained` those that the run was
    trained on. Candidates that were not in the run's manifest are left out. Besides the features of
    the labelled candidates each thread has at most 8192 rows in memory. Raises RunError if the run
    or its embeddings are incomplete.
    """
    config = read_config(directory)
    run = checkpoints.read_json(directory / checkpoints.CONFIG)
    stored = Embeddings.read(embeddings)
    if stored.features.shape[0] != config.members:
        raise checkpoints.RunError(f"{embeddings} is not of the run in {directory}.")
    label_N = np.array(
        [labels.get(i, UNLABELLED) for i in stored.candidate.tolist()], dtype=np.int64
    )
    complete_N = stored.missing_bands <= config.max_missing_bands
    labelled_n = np.flatnonzero((label_N != UNLABELLED) & complete_N)
    old_n = np.array(
        [trained.get(i) == labels[i] for i in stored.candidate[labelled_n].tolist()], dtype=np.bool_
    )
    wanted_n = np.flatnonzero(np.isin(stored.candidate, np.fromiter(wanted, np.int64, len(wanted))))

    def member_probability(member: int) -> NDArray[np.float64]:
        """Return the probabilities (n, K) of the wanted candidates by one refitted head."""
        start = Head(*checkpoints.load_head(directory, Provenance.of(run, member)))
        parts = [x_BF for _, x_BF in stored.of_member(member, labelled_n)]
        x_nF = torch.cat(parts) if parts else start.weight_KF[:0]
        head = refit_head(x_nF, label_N[labelled_n], old_n, start)
        p_nK = np.empty((len(wanted_n), config.classes))
        for indices, x_BF in stored.of_member(member, wanted_n):
            p_nK[indices] = head.probability(x_BF).numpy()
        return p_nK

    with _one_thread_per_member() as pool:
        total_nK = sum(pool.map(member_probability, range(config.members)), np.zeros(1))
    return RefitPredictions(stored.candidate[wanted_n], total_nK / config.members)


@contextmanager
def _one_thread_per_member() -> Iterator[ThreadPoolExecutor]:
    """Run as many members at once as torch has threads, with one thread each.

    Matrices of four rows gain nothing from a second thread.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def refit_head(
    x_nF: Tensor,
    label_n: NDArray[np.int64],
    old_n: NDArray[np.bool_],
    start: Head,
    spread: float = SPREAD,
) -> Head:
    """Return a head refitted to labels (n,), from 1; `old_n` marks those it was trained on.

    Rows of features (n, F) with NaN are ignored. Without new labels the result is `start`.
    """
    readable_n = x_nF.sum(dim=1).isfinite()
    if old_n[readable_n.numpy()].all():
        return start
    x_nF = x_nF[readable_n]
    mean_F, scale_F = _standardisation(x_nF)
    # (n, F) -> (n, F + 1): the last column is the bias's
    z_nF = torch.cat([(x_nF - mean_F) / scale_F, torch.ones(len(x_nF), 1)], dim=1)
    start_KF = torch.cat(
        [start.weight_KF * scale_F, (start.bias_K + start.weight_KF @ mean_F)[:, None]], dim=1
    )
    # (n,) -> (n, K), one-hot
    truth_nK = torch.zeros(len(x_nF), len(start.bias_K), dtype=torch.float64)
    truth_nK[torch.arange(len(x_nF)), torch.from_numpy(label_n)[readable_n] - 1] = 1
    old_n1 = torch.from_numpy(old_n)[readable_n, None]
    move_KF = _best_move(z_nF, truth_nK, old_n1, start_KF, spread)
    # (K, F + 1) -> (K, F) and (K,), in units of the features
    weight_KF = start.weight_KF + move_KF[:, :-1] / scale_F
    return Head(weight_KF, start.bias_K + move_KF[:, -1] - (move_KF[:, :-1] / scale_F) @ mean_F)


def _standardisation(x_nF: Tensor) -> tuple[Tensor, Tensor]:
    """Return means (F,) and divisors (F,) that give rows the length 1 on average."""
    mean_F = x_nF.mean(dim=0)
    deviation_F = (x_nF - mean_F).square_().mean(dim=0).sqrt()
    least = max(float(deviation_F.mean()) * MIN_DEVIATION, 1e-6)
    return mean_F, deviation_F.clamp_min(least) * sqrt(x_nF.shape[1])


def _best_move(
    z_nF: Tensor, truth_nK: Tensor, old_n1: Tensor, start_KF: Tensor, spread: float
) -> Tensor:
    """Return the move (K, F + 1) of the weights that minimises the objective."""
    start_nK = z_nF @ start_KF.T
    p_nK = start_nK.double().softmax(dim=1)
    # The gradient at the start for the old labels, which their divergence subtracts.
    old_gradient_KF = ((p_nK - truth_nK) * old_n1).float().T @ z_nF
    lower_FF = _preconditioner(z_nF, float((p_nK - p_nK.square()).mean()), spread)

    def move(flat: NDArray[np.float64]) -> Tensor:
        # (K (F + 1),) -> (F + 1, K)
        u_FK = torch.from_numpy(flat).float().reshape(start_KF.shape).T
        move_FK: Tensor = torch.linalg.solve_triangular(lower_FF.T, u_FK, upper=True)
        return move_FK.T

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        move_KF = move(flat)
        logp_nK = (start_nK + z_nF @ move_KF.T).double().log_softmax(dim=1)
        gradient_KF = (logp_nK.exp() - truth_nK).float().T @ z_nF
        gradient_KF = gradient_KF - old_gradient_KF + move_KF / spread**2
        exact_KF = move_KF.double()
        loss = exact_KF.square().sum() / (2 * spread**2) - (old_gradient_KF * exact_KF).sum()
        loss -= (logp_nK * truth_nK).sum()
        gradient_FK = torch.linalg.solve_triangular(lower_FF, gradient_KF.T, upper=False)
        return loss.item(), gradient_FK.T.double().flatten().numpy()

    initial: Any = np.zeros(start_KF.numel())
    return move(minimize(objective, initial, jac=True, method="L-BFGS-B", options=OPTIONS).x)


def _preconditioner(z_nF: Tensor, curvature: float, spread: float) -> Tensor:
    """Return the lower triangle L (F + 1, F + 1) of the substitution W^T = L^-T U.

    L L^T is the Hessian of a single class with the mean curvature for all candidates. In U the
    objective is about as steep in all directions: the search takes a quarter of the steps.
    """
    hessian_FF = (z_nF.T @ z_nF) * max(curvature, MIN_CURVATURE)
    hessian_FF.diagonal().add_(1 / spread**2)
    lower_FF: Tensor = torch.linalg.cholesky(hessian_FF)
    return lower_FF
