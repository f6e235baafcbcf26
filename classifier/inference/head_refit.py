"""The matrices of a run, refitted on its kept embeddings in seconds, while labels come in.

What the backbones see stays; only the matrix that reads it moves. Each member's is

    argmin_W  L_new(W) + D_learnt(W, W0) + |W - W0|^2 / (2 SPREAD^2)

where W0 is the member's own matrix, L_new the negative log-likelihood of the labels that the run
has not learnt, and D_learnt(W, W0) = L(W) - L(W0) - <grad L(W0), W - W0> the Bregman divergence of
that of those it has. D is zero at W0 and rises as W says otherwise of them: nothing is learnt
twice, and nothing forgotten. Without new labels the answer is the run's own.

Shapes   M members, N candidates, n labelled, F features, K classes. Features are standardised over
         the labelled candidates and divided by sqrt(F), so that rows have the length 1; a further
         column of ones carries the bias.
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
"""How far new labels are expected to move a candidate's logits: prior standard deviation.

On the demonstration's field, 80 labels learnt by the quick preset and 100 more drawn at random, the
negative log-likelihood of 188 others falls from 1.59 nats to 1.49, 1.14, 1.00 and 0.97 with
spreads of 0.3, 1, 2 and 4; by 10 more labels alone to 1.57, 1.45, 1.36 and 1.38.
"""

LEAST_DEVIATION = 0.1
"""Of the mean standard deviation of the features: one that hardly varies over the labelled
candidates must not decide on the others."""

LEAST_CURVATURE = 0.02
"""Of p (1 - p): a run that is sure of all that it has learnt is less so of what it has not."""

OPTIONS = {"maxiter": 200, "maxcor": 10, "gtol": 1e-3, "ftol": 1e-9}
"""Of L-BFGS. The objective is strictly convex, so a gradient this small is near the minimum."""


@dataclass(frozen=True)
class Head:
    """A member's last layer."""

    weight_KF: Tensor
    bias_K: Tensor

    def probability(self, x_BF: Tensor) -> Tensor:
        """(B, K) float64; NaN where the features are."""
        return (x_BF @ self.weight_KF.T + self.bias_K).double().softmax(dim=1)


@dataclass(frozen=True)
class Refitted:
    """What refitted heads say of N candidates."""

    candidate: NDArray[np.int64]
    """(N,) ids, in the order of the manifest."""
    probability: NDArray[np.float64]
    """(N, K), the mean over the members; NaN where the run could not read the stamps."""


def refit(
    directory: Path,
    embeddings: Path,
    labels: Mapping[int, int],
    learnt: Mapping[int, int],
    wanted: Collection[int],
) -> Refitted:
    """Refit each head of the run in `directory`, and ask all of them of the `wanted` candidates.

    `labels` are those of today by candidate, from 1 up, and `learnt` those of the run's training.
    Candidates that the run has no embeddings of are left out. Each thread has at most 8192 rows of
    features in memory besides those of the labelled. Raises RunError where the run did not keep
    what it needs.
    """
    config = read_config(directory)
    run = checkpoints.read_json(directory / checkpoints.CONFIG)
    kept = Embeddings.read(embeddings)
    if kept.features.shape[0] != config.members:
        raise checkpoints.RunError(f"{embeddings} is not of the run in {directory}.")
    label_N = np.array([labels.get(i, UNLABELLED) for i in kept.candidate.tolist()], dtype=np.int64)
    seen_N = kept.missing_bands <= config.max_missing_bands
    positions_n = np.flatnonzero((label_N != UNLABELLED) & seen_N)
    learnt_n = np.array(
        [learnt.get(i) == labels[i] for i in kept.candidate[positions_n].tolist()], dtype=np.bool_
    )
    asked = np.flatnonzero(np.isin(kept.candidate, np.fromiter(wanted, np.int64, len(wanted))))

    def answers(member: int) -> NDArray[np.float64]:
        """(N, K) of one member."""
        own = Head(*checkpoints.load_head(directory, Provenance.of(run, member)))
        parts = [x for _, x in kept.of_member(member, positions_n)]
        x_nF = torch.cat(parts) if parts else own.weight_KF[:0]
        head = fit(x_nF, label_N[positions_n], learnt_n, own)
        probability = np.empty((len(asked), config.classes))
        for places, x_BF in kept.of_member(member, asked):
            probability[places] = head.probability(x_BF).numpy()
        return probability

    with _a_thread_each() as pool:
        total = sum(pool.map(answers, range(config.members)), np.zeros(1))
    return Refitted(kept.candidate[asked], total / config.members)


@contextmanager
def _a_thread_each() -> Iterator[ThreadPoolExecutor]:
    """As many members at once as torch has threads, with one each.

    Matrices of four rows gain nothing from a second, and wait for it.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def fit(
    x_nF: Tensor,
    label_n: NDArray[np.int64],
    learnt_n: NDArray[np.bool_],
    own: Head,
    spread: float = SPREAD,
) -> Head:
    """One member's head: `own`, moved as far as the labels (n,) that are not `learnt_n` ask for.

    Rows of features (n, F) that are NaN say nothing.
    """
    readable_n = x_nF.sum(dim=1).isfinite()
    if learnt_n[readable_n.numpy()].all():
        return own
    x_nF = x_nF[readable_n]
    mean_F, scale_F = _standard(x_nF)
    z_nF = torch.cat([(x_nF - mean_F) / scale_F, torch.ones(len(x_nF), 1)], dim=1)
    start_KF = torch.cat(
        [own.weight_KF * scale_F, (own.bias_K + own.weight_KF @ mean_F)[:, None]], dim=1
    )
    truth_nK = torch.zeros(len(x_nF), len(own.bias_K), dtype=torch.float64)
    truth_nK[torch.arange(len(x_nF)), torch.from_numpy(label_n)[readable_n] - 1] = 1
    old_n1 = torch.from_numpy(learnt_n)[readable_n, None]
    move_KF = _solve(z_nF, truth_nK, old_n1, start_KF, spread)
    weight_KF = own.weight_KF + move_KF[:, :-1] / scale_F
    return Head(weight_KF, own.bias_K + move_KF[:, -1] - (move_KF[:, :-1] / scale_F) @ mean_F)


def _standard(x_nF: Tensor) -> tuple[Tensor, Tensor]:
    """Means (F,) and what to divide by (F,), so that rows have the length 1 on average."""
    mean_F = x_nF.mean(dim=0)
    deviation_F = (x_nF - mean_F).square_().mean(dim=0).sqrt()
    least = max(float(deviation_F.mean()) * LEAST_DEVIATION, 1e-6)
    return mean_F, deviation_F.clamp_min(least) * sqrt(x_nF.shape[1])


def _solve(
    z_nF: Tensor, truth_nK: Tensor, old_n1: Tensor, start_KF: Tensor, spread: float
) -> Tensor:
    """How far (K, F + 1) the matrix moves."""
    start_nK = z_nF @ start_KF.T
    p_nK = start_nK.double().softmax(dim=1)
    # The gradient at the start of what was learnt, which its divergence leaves out.
    pull_KF = ((p_nK - truth_nK) * old_n1).float().T @ z_nF
    lower_FF = _preconditioner(z_nF, float((p_nK - p_nK.square()).mean()), spread)

    def moved(flat: NDArray[np.float64]) -> Tensor:
        u_FK = torch.from_numpy(flat).float().reshape(start_KF.shape).T
        move_FK: Tensor = torch.linalg.solve_triangular(lower_FF.T, u_FK, upper=True)
        return move_FK.T

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        move_KF = moved(flat)
        logp_nK = (start_nK + z_nF @ move_KF.T).double().log_softmax(dim=1)
        slope_KF = (logp_nK.exp() - truth_nK).float().T @ z_nF - pull_KF + move_KF / spread**2
        far = move_KF.double()
        loss = far.square().sum() / (2 * spread**2) - (pull_KF * far).sum()
        loss -= (logp_nK * truth_nK).sum()
        slope_FK = torch.linalg.solve_triangular(lower_FF, slope_KF.T, upper=False)
        return loss.item(), slope_FK.T.double().flatten().numpy()

    first: Any = np.zeros(start_KF.numel())
    return moved(minimize(objective, first, jac=True, method="L-BFGS-B", options=OPTIONS).x)


def _preconditioner(z_nF: Tensor, curvature: float, spread: float) -> Tensor:
    """Lower triangle L (F + 1, F + 1), in whose terms, W^T = L^-T U, all is about as steep.

    L L^T is the Hessian that each class had alone, were all probabilities as uncertain as the mean
    one. With it the search takes a quarter of the steps.
    """
    hessian_FF = (z_nF.T @ z_nF) * max(curvature, LEAST_CURVATURE)
    hessian_FF.diagonal().add_(1 / spread**2)
    lower_FF: Tensor = torch.linalg.cholesky(hessian_FF)
    return lower_FF
