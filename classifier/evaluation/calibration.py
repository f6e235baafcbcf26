"""Make an ensemble's probabilities mean what they say: of those at 0.8, four in five are right.

Method   temperature scaling of the mean probability, p_T ~ p^(1/T): T > 1 takes back confidence,
         T < 1 adds some; the most probable class stays.
Shapes   N candidates, K classes; labels are 1 to K.
Units    negative log-likelihood in nats per candidate; calibration error is a difference of
         probabilities, 0 to 1, and above 0 by chance alone where candidates are few.
Sources  Guo et al. 2017 (arXiv:1706.04599); after, not before, the members are averaged: Rahaman
         and Thiery 2021 (arXiv:2007.08792).
"""

import warnings
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.model_selection import StratifiedKFold

from classifier.core.manifest import Manifest
from classifier.evaluation.metrics import measured
from classifier.inference.prediction import Predictions

BINS = 15
"""Of equal width, of the probability of the most probable class; Guo et al. 2017."""

FEWEST = 20
"""Candidates below which a temperature would be noise."""

TEMPERATURES = (0.05, 20.0)
"""The search ends here: without a wrong answer the best temperature would be 0."""

FLOOR = 1e-12
"""Least probability: one member that is sure and wrong does not decide the temperature."""


@dataclass(frozen=True)
class ReliabilityBin:
    """The candidates whose most probable class has about one probability."""

    low: float
    """Lower edge, itself outside; the upper one is inside."""
    count: int
    confidence: float | None
    """Mean probability of the most probable class."""
    accuracy: float | None


@dataclass(frozen=True)
class Reliability:
    """How far probabilities can be taken at their word."""

    expected_calibration_error: float
    """Mean over the candidates of |confidence - accuracy| of their bin."""
    negative_log_likelihood: float
    bins: list[ReliabilityBin]

    @classmethod
    def measure(cls, probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]) -> Self:
        """Of probabilities (N, K) above zero, against labels (N,)."""
        confidence_N = probability_NK.max(axis=1)
        right_N = probability_NK.argmax(axis=1) + 1 == truth_N
        edges = np.linspace(0, 1, BINS + 1)
        place_N = np.digitize(confidence_N, edges[1:-1], right=True)
        bins = [
            _bin(low, confidence_N[place_N == i], right_N[place_N == i])
            for i, low in enumerate(edges[:-1].tolist())
        ]
        gaps = [
            one.count * abs(one.confidence - one.accuracy)
            for one in bins
            if one.confidence is not None and one.accuracy is not None
        ]
        return cls(sum(gaps) / len(truth_N), negative_log_likelihood(probability_NK, truth_N), bins)


@dataclass(frozen=True)
class Calibration:
    """A temperature for a run's probabilities, and what it is worth on candidates it never saw."""

    split: str
    count: int
    """Candidates measured on."""
    left_out: int
    """Labelled candidates of the split that were not: too many bands missing."""
    unreadable: int
    before: Reliability | None
    """As the run says it; None of no candidate."""
    temperature: float | None = None
    """Fitted to all candidates: the one to use. None where they are too few."""
    fold_temperatures: list[float] = field(default_factory=list)
    """Fitted to all folds but one."""
    after: Reliability | None = None
    """Cross-fitted: each candidate by the temperature of the folds without it."""
    note: str = ""
    """Why there is no temperature, in a sentence."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values; what cannot be said is null."""
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
    """Fit a temperature to the labels of a split, and measure it by cross-fitting.

    There are at most `folds` folds, as many as the rarest class has candidates, never below two;
    `seed` shuffles them.
    """
    sample = measured(predictions, manifest, split, max_missing_bands)
    truth_N = sample.truth
    probability_NK = tempered(predictions.probability[sample.position], 1)
    count = len(truth_N)
    found = Calibration(
        split=split,
        count=count,
        left_out=sample.left_out,
        unreadable=sample.unreadable,
        before=Reliability.measure(probability_NK, truth_N) if count else None,
    )
    if count < FEWEST:
        return replace(
            found,
            note=f"A temperature needs at least {FEWEST} labelled candidates of the {split} split, "
            f"and there are {count}.",
        )
    temperatures, cross_NK = _cross_fitted(probability_NK, truth_N, folds, seed)
    return replace(
        found,
        temperature=fit_temperature(probability_NK, truth_N),
        fold_temperatures=temperatures,
        after=Reliability.measure(cross_NK, truth_N),
    )


def tempered(probability_NK: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """p^(1/T) of probabilities (N, K), each row summing to 1."""
    log_NK = np.log(np.maximum(probability_NK, FLOOR))
    return np.asarray(softmax(log_NK / temperature, axis=1))


def fit_temperature(probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]) -> float:
    """The temperature at which labels (N,) are the most likely."""
    # Convex in 1/T, so there is one minimum in log T.
    best = minimize_scalar(
        lambda log_t: negative_log_likelihood(tempered(probability_NK, np.exp(log_t)), truth_N),
        bounds=np.log(TEMPERATURES),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(best.x))


def negative_log_likelihood(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64]
) -> float:
    """Mean over the candidates, in nats; probabilities (N, K) are above zero."""
    return float(-np.log(probability_NK[np.arange(len(truth_N)), truth_N - 1]).mean())


def _cross_fitted(
    probability_NK: NDArray[np.float64], truth_N: NDArray[np.int64], folds: int, seed: int
) -> tuple[list[float], NDArray[np.float64]]:
    """Temperatures of the folds' complements, and probabilities (N, K) by them."""
    rarest = int(np.unique(truth_N, return_counts=True)[1].min())
    splitter = StratifiedKFold(max(2, min(folds, rarest)), shuffle=True, random_state=seed)
    temperatures, cross_NK = [], np.empty_like(probability_NK)
    with warnings.catch_warnings():
        # A class of one candidate cannot be in both of two folds; the temperature is of all.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = list(splitter.split(truth_N, truth_N))
    for others, fold in parts:
        temperatures.append(fit_temperature(probability_NK[others], truth_N[others]))
        cross_NK[fold] = tempered(probability_NK[fold], temperatures[-1])
    return temperatures, cross_NK


def _bin(low: float, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> ReliabilityBin:
    if len(right) == 0:
        return ReliabilityBin(low, 0, None, None)
    return ReliabilityBin(low, len(right), float(confidence.mean()), float(right.mean()))
