"""Class probabilities of a candidate after votes: a network's, corrected by Bayes' rule.

As in ActiveLab (Goh & Mueller 2023, arXiv:2301.11856), one score decides between a new object and
one more vote on an old one: here the Shannon entropy of this posterior. The network's ensemble mean
is the prior, and each vote an observation that names the true class with probability RELIABILITY,
else one of the others with equal odds. Without votes it is the network's own entropy; votes that
agree lower it, votes that contradict the network raise it. A vote "unsure" is no observation.

Shapes  N candidates, K = 4 classes; counts are votes for each class.
"""

import numpy as np
from numpy.typing import NDArray

from classifier.core.uncertainty import entropy

RELIABILITY = 0.6
"""Share of the experts' votes that name the true class: about the mean over the classes of the
agreement between two inspections (`classifier.core.published`)."""

_ODDS = 3 * RELIABILITY / (1 - RELIABILITY)


def posterior(prior_NK: NDArray[np.float64], counts_NK: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability (N, K) of each class after votes (N, K).

    Counts may have further axes before, as for several histories of the same candidates.
    """
    # Only ratios matter; relative to the most frequent class nothing overflows.
    weights_NK = prior_NK * _ODDS ** (counts_NK - counts_NK.max(axis=-1, keepdims=True))
    total_N1 = weights_NK.sum(axis=-1, keepdims=True)
    # A prior of nothing but zeros stays.
    return np.asarray(weights_NK / np.where(total_N1 > 0, total_N1, 1))


def posterior_entropy(
    prior_NK: NDArray[np.float64], counts_NK: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the entropy (N,) of the posterior in nats: 0 (nothing left to learn) to ln K."""
    return entropy(posterior(prior_NK, counts_NK))
