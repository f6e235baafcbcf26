"""Calibration: a temperature with which an ensemble's probabilities equal its accuracy.

Method   temperature scaling of the mean probability, p_T ~ p^(1/T): T > 1 lowers the confidence,
         T < 1 raises it; the most probable class stays.
Shapes   N candidates, K classes; labels are 1 to K.
Units    negative log-likelihood in nats per candidate; calibration error is a difference of
         probabilities, 0 to 1.
Chance   where candidates are few, a calibration error is above 0 even for perfect probabilities.
         How much is simulated: of labels that are drawn by the probabilities themselves.
Sources  Guo et al. 2017 (arXiv:1706.04599); after, not before, the members are averaged: Rahaman
         and Thiery 2021 (arXiv:2007.08792).
"""

import warnings
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedKFold

from classifier.core.statistics import percentile_interval
from classifier.core.temperature import FLOOR, apply_temperature
from classifier.core.training_set import Manifest
from classifier.evaluation.metrics import evaluation_sample
from classifier.inference.prediction import Predictions

BINS = 15
"""Number of bins of equal width, of the probability of the most probable class."""

MIN_CANDIDATES = 20
"""Number of candidates below which no temperature is fitted."""

CHANCE_DRAWS = 1000
"""Draws of labels from which the calibration error by chance is computed."""

TEMPERATURES = (0.05, 20.0)
"""Limits of the search. A likelihood that rises up to a limit determines no temperature: without a
wrong answer the best one would be 0, without a right one infinite."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Candidates whose most probable class has a probability in one bin."""

    low: float
    """Lower edge, exclusive; the upper edge is inclusive."""
    count: int
    confidence: float | None
    """Mean probability of the most probable class."""
    accuracy: float | None


@dataclass(frozen=True)
class ChanceError:
    """The expected calibration error that perfectly calibrated probabilities have by chance."""

    mean: float
    low: float
    """Of the middle 95 % of the draws."""
    high: float
    p_value: float
    """Probability of an error at least as large as the measured one."""


@dataclass(frozen=True)
class Reliability:
    """Agreement of the probabilities with the accuracy."""

    expected_calibration_error: float
    """Mean over the candidates of |confidence - accuracy| of their bin."""
    negative_log_likelihood: float
    bins: list[ReliabilityBin]
    chance: ChanceError

    @classmethod
    def measure(cls, probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]) -> Self:
        """Measure probabilities (N, K) above zero against labels (N,)."""
        confidence_N = probability_NK.max(axis=1)
        right_N = probability_NK.argmax(axis=1) + 1 == truth_N
        edges = np.linspace(0, 1, BINS + 1)
        bin_N = np.digitize(confidence_N, edges[1:-1], right=True)
        bins = [
            _bin(low, confidence_N[bin_N == i], right_N[bin_N == i])
            for i, low in enumerate(edges[:-1].tolist())
        ]
        gaps = [
            group.count * abs(group.confidence - group.accuracy)
            for group in bins
            if group.confidence is not None and group.accuracy is not None
        ]
        error = sum(gaps) / len(truth_N)
        return cls(
            error,
            negative_log_likelihood(probability_NK, truth_N),
            bins,
            _chance_error(confidence_N, bin_N, error),
        )


@dataclass(frozen=True)
class Calibration:
    """A temperature for a run's probabilities, and its effect on candidates not fitted to."""

    split: str
    count: int
    """Candidates in the sample."""
    left_out: int
    """Labelled candidates of the split with too many bands missing."""
    unreadable: int
    before: Reliability | None
    """Of the run's own probabilities; None without candidates."""
    temperature: float | None = None
    """Fitted to all candidates: the one to use. None if they are too few or determine none."""
    fold_temperatures: list[float | None] = field(default_factory=list)
    """Fitted to all folds but one; None where these determine none."""
    after: Reliability | None = None
    """Cross-fitted: each candidate has the temperature of the folds without it. None if one of
    these is missing."""
    note: str = ""
    """Why there is no temperature, or no `after`, in a sentence."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; figures without candidates are null."""
        return asdict(self)


def calibrate(
    predictions: Predictions,
    manifest: Manifest,
    split: str = "control",
    *,
    max_missing_bands: int = 1,
    folds: int = 5,
    seed: int = 0,
) -> Calibration:
    """Fit a temperature to the labels of a split, and measure its effect by cross-fitting.

    There are at most `folds` folds, as many as the rarest class has candidates, never below two;
    `seed` shuffles them.
    """
    sample = evaluation_sample(predictions, manifest, split, max_missing_bands)
    truth_N = sample.truth
    probability_NK = apply_temperature(predictions.probability[sample.position], 1)
    count = len(truth_N)
    calibration = Calibration(
        split=split,
        count=count,
        left_out=sample.left_out,
        unreadable=sample.unreadable,
        before=Reliability.measure(probability_NK, truth_N) if count else None,
    )
    if count < MIN_CANDIDATES:
        return replace(
            calibration,
            note=f"A temperature needs at least {MIN_CANDIDATES} labelled candidates of the "
            f"{split} split, and there are {count}.",
        )
    temperature = fit_temperature(probability_NK, truth_N)
    if temperature is None:
        return replace(calibration, note=_reason_for_no_temperature(probability_NK, truth_N))
    temperatures, cross_NK = _cross_fitted(probability_NK, truth_N, folds, seed)
    missing = temperatures.count(None)
    return replace(
        calibration,
        temperature=temperature,
        fold_temperatures=temperatures,
        after=None if missing else Reliability.measure(cross_NK, truth_N),
        note=f"The error after calibration is unknown: without one of the folds, the labels "
        f"determine no temperature in {missing} of {len(temperatures)} cases."
        if missing
        else "",
    )


def fit_temperature(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]
) -> float | None:
    """Return the temperature at which labels (N,) are the most likely.

    None if the likelihood is highest at one of the limits of the search.
    """
    lowest, highest = (_slope(probability_NK, truth_N, limit) for limit in TEMPERATURES)
    if not highest < 0 < lowest:
        return None
    # Convex in 1/T, so there is one minimum in log T.
    best = minimize_scalar(
        lambda log_t: negative_log_likelihood(
            apply_temperature(probability_NK, np.exp(log_t)), truth_N
        ),
        bounds=np.log(TEMPERATURES),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(best.x))


def _slope(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64], temperature: float
) -> float:
    """Return the derivative of the negative log-likelihood by 1/T, which rises with 1/T."""
    log_NK = np.log(np.maximum(probability_NK, FLOOR))
    log_truth_N1 = np.take_along_axis(log_NK, truth_N[:, None] - 1, axis=1)
    p_NK = apply_temperature(probability_NK, temperature)
    return float((p_NK * (log_NK - log_truth_N1)).sum(axis=1).mean())


def _reason_for_no_temperature(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]
) -> str:
    """Return a sentence that says at which limit the likelihood is highest, and when this is so."""
    lowest, highest = TEMPERATURES
    at_lowest = _slope(probability_NK, truth_N, lowest) <= 0
    limit = f"{lowest:g} or less" if at_lowest else f"{highest:g} or more"
    case = "no answer is wrong" if at_lowest else "the probabilities tell nothing of the classes"
    return (
        "The labels determine no temperature: their likelihood rises to the end of the search, at "
        f"{limit}. This happens if {case}, or nearly so, and the probabilities are left unchanged."
    )


def negative_log_likelihood(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]
) -> float:
    """Return the mean over the candidates in nats; probabilities (N, K) are above zero."""
    return float(-np.log(probability_NK[np.arange(len(truth_N)), truth_N - 1]).mean())


def _cross_fitted(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64], folds: int, seed: int
) -> tuple[list[float | None], NDArray[np.float64]]:
    """Return the temperatures of the folds' complements, and probabilities (N, K) by them.

    Probabilities of folds without a temperature are NaN.
    """
    rarest = int(np.unique(truth_N, return_counts=True)[1].min())
    splitter = StratifiedKFold(max(2, min(folds, rarest)), shuffle=True, random_state=seed)
    temperatures: list[float | None] = []
    cross_NK = np.full_like(probability_NK, np.nan)
    with warnings.catch_warnings():
        # A class of one candidate cannot be in both of two folds; the temperature is of all.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = list(splitter.split(truth_N, truth_N))
    for complement, fold in parts:
        temperature = fit_temperature(probability_NK[complement], truth_N[complement])
        temperatures.append(temperature)
        if temperature is not None:
            cross_NK[fold] = apply_temperature(probability_NK[fold], temperature)
    return temperatures, cross_NK


def _chance_error(
    confidence_N: NDArray[np.float64], bin_N: NDArray[np.int64], measured: float
) -> ChanceError:
    """Return the error by chance of confidences (N,) in bins (N,): each is right as often."""
    # A fixed seed: the values are a function of the arguments.
    rng = np.random.default_rng(0)
    gap_D = np.zeros(CHANCE_DRAWS)
    for number in np.unique(bin_N):
        confidence_n = confidence_N[bin_N == number]
        # One draw at a time: all draws of a large field would not fit into memory.
        right_D = [np.count_nonzero(rng.random(len(confidence_n)) < confidence_n) for _ in gap_D]
        gap_D += np.abs(confidence_n.sum() - right_D)
    error_D = gap_D / len(confidence_N)
    low, high = percentile_interval(error_D)
    # The measured error counts as one of the draws, so that no probability is 0.
    share = (1 + np.count_nonzero(error_D >= measured)) / (1 + CHANCE_DRAWS)
    return ChanceError(float(error_D.mean()), low, high, float(share))


def _bin(low: float, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> ReliabilityBin:
    if len(right) == 0:
        return ReliabilityBin(low, 0, None, None)
    return ReliabilityBin(low, len(right), float(confidence.mean()), float(right.mean()))
