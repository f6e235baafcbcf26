"""A sample of every kind, with which a field's queue may begin before any network has seen it.

A spread sample has candidates of every magnitude, colour and concentration. The training pool's own
random order stays behind it, and the control sample is served at random in any case. The classifier
has the same in `classifier.active.acquisition`, where it is measured.
"""

import numpy as np
from numpy.typing import NDArray

FIRST = 300
"""Candidates in the spread sample: a first training has about as many labels."""


def spread(columns: NDArray[np.float64]) -> list[int]:
    """Positions of at most FIRST rows of columns (N, C) that lie far from one another, in order.

    The beginning of k-means++ on the quantiles of each column: none is odd, since the quantile of
    an outlier is next to its neighbour's. NaN is the column's median. The same rows give the same
    positions.

    Source: Arthur & Vassilvitskii 2007.
    """
    # Loaded where it is needed: it takes a second.
    from sklearn.cluster import kmeans_plusplus  # noqa: PLC0415

    place = np.column_stack([_quantiles(column) for column in columns.T])
    count = min(FIRST, len(np.unique(place, axis=0)))
    if not count:
        return []
    _, picks = kmeans_plusplus(place, count, random_state=0)
    return list(dict.fromkeys(picks.tolist()))


def _quantiles(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each value (N,) lies among the known ones, 0 to 1; a half where it is missing."""
    from scipy.stats import rankdata  # noqa: PLC0415

    known = np.isfinite(column)
    place = np.full(len(column), 0.5)
    place[known] = (rankdata(column[known]) - 0.5) / max(1, known.sum())
    return place
