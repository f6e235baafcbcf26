"""Tests of a network against others on the same labelled candidates.

Shapes   N candidates, K classes numbered from 1, J other networks.
NaN      no prediction of another network: the candidate is no evidence for or against it.
Sources  sign flips of paired losses: Fisher 1935, The Design of Experiments, section 21; for the
         largest of several: Westfall and Young 1993, Resampling-Based Multiple Testing, single
         step; mid-p values: Lancaster 1961, J. Am. Stat. Assoc. 56, 223. Quadratic score: Brier
         1950, Mon. Weather Rev. 78, 1.
"""

from __future__ import annotations

from math import log, sqrt
from statistics import NormalDist

import numpy as np
import scipy
from numpy.typing import NDArray

from classifier.core.statistics import paired_difference_interval
from classifier.core.temperature import FLOOR, apply_temperature

FLIPS = 9999

_CHUNK = 2**22
"""Signs that are drawn at once; more would take memory and no less time."""

SCORE_TEMPERATURES = (0.1, 10.0)
"""Limits of the search for a temperature."""

PRIOR_WIDTH = 0.5
"""Standard deviation of ln T that is expected: a few labels alone would allow any T."""


def largest_loss_p_values(loss_NJ: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Return the p-value (J,) of a loss against each of J networks, adjusted for their number.

    `loss_NJ` is above 0 where the other network does better. The probability that the largest of
    the J studentised losses is as large, if each candidate's losses could as well have the opposite
    sign; half of the probability of an equal one counts.
    """
    used_NJ = loss_NJ[(loss_NJ != 0).any(axis=1)]
    norm_J = np.sqrt((used_NJ**2).sum(axis=0))
    scaled_NJ = used_NJ / np.where(norm_J > 0, norm_J, 1)
    observed_J = scaled_NJ.sum(axis=0)
    if not len(used_NJ):
        return np.ones(loss_NJ.shape[1])
    rng = np.random.default_rng(seed)
    larger_J = np.full(len(observed_J), 0.5)
    for rows in _chunks(FLIPS, len(used_NJ)):
        sign_BN = rng.integers(0, 2, (rows, len(used_NJ)), dtype=np.int8) * 2.0 - 1
        largest_B1 = (sign_BN @ scaled_NJ).max(axis=1, keepdims=True)
        equal_BJ = np.isclose(largest_B1, observed_J, rtol=0, atol=1e-9)
        larger_J += ((largest_B1 > observed_J) & ~equal_BJ).sum(axis=0) + equal_BJ.sum(axis=0) / 2
    # The observed signs are one of the possible ones, and equal to themselves.
    return np.asarray(np.where(norm_J > 0, larger_J / (FLIPS + 1), 1.0))


def _chunks(total: int, width: int) -> list[int]:
    """Divide so many rows of this width into parts of at most `_CHUNK` values."""
    rows = max(1, _CHUNK // max(1, width))
    return [min(rows, total - start) for start in range(0, total, rows)]


def quadratic_scores(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the quadratic score (N,) of probabilities: 0 for certainty of the true class, up to 2.

    The probabilities p are first changed to p^(1/T), with the temperature T that fits these labels
    best: a network that is only too sure, or too unsure, is not scored as worse for it.
    """
    logp_NK = np.log(np.maximum(probability_NK, FLOOR))
    position_N = np.arange(len(truth_N)), truth_N - 1

    def misfit(log_temperature: float) -> float:
        scaled_NK = logp_NK / np.exp(log_temperature)
        likelihood = (scaled_NK[position_N] - scipy.special.logsumexp(scaled_NK, axis=1)).sum()
        return float((log_temperature / PRIOR_WIDTH) ** 2 / 2 - likelihood)

    low, high = map(log, SCORE_TEMPERATURES)
    fit = scipy.optimize.minimize_scalar(misfit, bounds=(low, high), options={"xatol": 0.01})
    p_NK = apply_temperature(probability_NK, float(np.exp(fit.x)))
    score_N = (p_NK**2).sum(axis=1) - 2 * p_NK[position_N] + 1
    return np.asarray(score_N)


def highest_accuracy_loss(losses: int, gains: int, pairs: int, level: float) -> float:
    """Return the upper limit of the loss in accuracy, one-sided at `1 - level`; 1 without pairs.

    `losses` and `gains` count the candidates that only the other network, or only the new one, has
    right. The limit is Bonett and Price's.
    """
    if not pairs:
        return 1.0
    return paired_difference_interval(losses, gains, pairs, 1 - 2 * level)[1]


def highest_mean(loss_N: NDArray[np.float64], level: float) -> float:
    """Return Student's upper limit of the mean of losses (N,), one-sided at `1 - level`."""
    if len(loss_N) < 2:
        return 2.0
    quantile = float(scipy.stats.t.isf(level, len(loss_N) - 1))
    return float(loss_N.mean() + quantile * loss_N.std(ddof=1) / sqrt(len(loss_N)))


def smallest_visible_loss(
    loss_N: NDArray[np.float64],
    score_loss_N: NDArray[np.float64],
    *,
    levels: tuple[float, float, float],
    tolerance: float,
    power: float = 0.8,
) -> float:
    """Return the smallest loss in accuracy that would be refused with this probability.

    For networks that differ in as many answers as these two, and whose score gets worse by as much
    as their accuracy. `loss_N` is 1, 0 or -1. Refused is what a test at `levels[0]` shows of the
    accuracy, or one at `levels[1]` of the score beyond `tolerance` and one at `levels[2]` of the
    accuracy. By normal approximation; 1 without candidates.
    """
    if not len(loss_N):
        return 1.0
    count = len(loss_N) + 2
    # One candidate of each kind is added: without any, every loss would be visible.
    discordant = (np.abs(loss_N).sum() + 2) / count
    ratio = (score_loss_N**2).sum() / max(1, np.abs(loss_N).sum())
    spread = np.sqrt((loss_N**2).sum() * (score_loss_N**2).sum())
    correlation = (loss_N * score_loss_N).sum() / spread if spread > 0 else 0.0

    def excess(loss: float) -> float:
        # Networks that differ in accuracy by so much differ in at least as many answers.
        variance = max(discordant, loss)
        error = sqrt(max(variance - loss**2, 1e-9) / count)
        score_error = sqrt(max(variance * ratio - loss**2, 1e-9) / count)
        shifts = (loss / error, (loss - tolerance) / score_error)
        return _refusal_probability(shifts, float(correlation), levels) - power

    if excess(1.0) < 0:
        return 1.0
    return float(scipy.optimize.brentq(excess, 1e-6, 1.0, xtol=1e-4))


def _refusal_probability(
    shifts: tuple[float, float], correlation: float, levels: tuple[float, float, float]
) -> float:
    """Return the probability of a refusal, of two normal statistics with these means."""
    alone, score, support = (NormalDist().inv_cdf(1 - level) for level in levels)
    # Of the score's statistic, given the accuracy's: integrated between the two thresholds.
    z = np.linspace(support, alone, 201)
    rest = sqrt(max(1 - correlation**2, 1e-6))
    conditional = (score - shifts[1] - correlation * (z - shifts[0])) / rest
    density = scipy.stats.norm.pdf(z - shifts[0]) * scipy.stats.norm.sf(conditional)
    return float(scipy.stats.norm.sf(alone - shifts[0]) + np.trapezoid(density, z))
