"""Uncertainty of class probabilities, of one network or of the members of an ensemble.

Shapes   M members, N candidates, K classes; what is measured over the last axis takes any before.
Units    entropy and mutual information in nats.
Sources  entropy: Shannon 1948, to choose labels by Gal et al. 2017 (arXiv:1703.02910); margin:
         Scheffer, Decomain & Wrobel 2001; mutual information (BALD): Houlsby et al. 2011
         (arXiv:1112.5745).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr


def entropy(p_NK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Shannon entropy (N,) of probabilities (N, K): 0 is certain, ln K a guess."""
    return np.asarray(entr(p_NK).sum(axis=-1))


def margin(p_NK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - (p1 - p2) of the two highest probabilities (N, K): 0 is certain, 1 a tie."""
    ranked_NK = np.sort(p_NK, axis=-1)
    return np.asarray(1 - (ranked_NK[..., -1] - ranked_NK[..., -2]))


def mutual_information(p_MNK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mutual information (N,) of class and member: 0 to ln M or ln K.

    The entropy of the mean less the mean entropy of the members: high where they are certain of
    different classes, zero where all give the same probabilities, however even.
    """
    return np.asarray(np.maximum(entropy(p_MNK.mean(axis=0)) - entropy(p_MNK).mean(axis=0), 0))
