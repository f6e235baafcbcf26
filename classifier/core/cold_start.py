"""A sample of every kind, with which labelling may begin before there is any network."""

import numpy as np
import scipy
from numpy.typing import NDArray

SPREAD_SIZE = 300
"""Candidates in the sample: a first training has about as many labels."""


def spread_sample(columns_NC: NDArray[np.float64], seed: int = 0) -> list[int]:
    """Return the positions of at most SPREAD_SIZE rows that lie far from one another, in order.

    The beginning of k-means++ on the quantiles of each column (N, C): none is odd, since the
    quantile of an outlier is next to its neighbour's. NaN is the column's median. The same rows
    and seed give the same positions.

    Source: Arthur & Vassilvitskii 2007.
    """
    # Imported where it is used: it takes a second, which every command would spend.
    from sklearn.cluster import kmeans_plusplus  # noqa: PLC0415

    quantiles_NC = np.column_stack([_quantiles(column_N) for column_N in columns_NC.T])
    count = min(SPREAD_SIZE, len(np.unique(quantiles_NC, axis=0)))
    if not count:
        return []
    _, positions = kmeans_plusplus(quantiles_NC, count, random_state=seed)
    return list(dict.fromkeys(positions.tolist()))


def _quantiles(column_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantile (N,) of each finite value, 0 to 1; a half where it is not finite."""
    finite_N = np.isfinite(column_N)
    quantiles_N = np.full(len(column_N), 0.5)
    # scipy loads its parts when they are first used.
    ranks = scipy.stats.rankdata(column_N[finite_N])
    quantiles_N[finite_N] = (ranks - 0.5) / max(1, finite_N.sum())
    return quantiles_N
