"""Temperature scaling of probabilities, p_T ~ p^(1/T): T > 1 lowers the confidence.

Shapes   N candidates, K classes.
Source   Guo et al. 2017 (arXiv:1706.04599).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

FLOOR = 1e-12
"""Lowest probability: one candidate with a certain, wrong answer must not decide a fit."""


def apply_temperature(
    probability_NK: NDArray[np.float64], temperature: float
) -> NDArray[np.float64]:
    """Return p^(1/T) of probabilities (N, K), each row normalised to 1."""
    log_NK = np.log(np.maximum(probability_NK, FLOOR))
    return np.asarray(softmax(log_NK / temperature, axis=1))
