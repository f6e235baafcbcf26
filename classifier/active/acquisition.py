"""Which candidate to ask people about next: a score for each, higher first.

Shapes   M members, N candidates, K classes, F features, C columns; scores are (N,).
Units    entropy and mutual information in nats.
Order    by falling score; candidates of equal score keep theirs.
Sources  entropy: Shannon 1948, to choose labels by Gal et al. 2017 (arXiv:1703.02910); margin:
         Scheffer, Decomain & Wrobel 2001; mutual information (BALD): Houlsby et al. 2011
         (arXiv:1112.5745); relevance less what earlier picks show: Carbonell & Goldstein 1998;
         a spread start: k-means++, Arthur & Vassilvitskii 2007.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr
from scipy.stats import rankdata
from sklearn.cluster import kmeans_plusplus

GREEDY = 1000
"""Picks that take all earlier ones into account: more than people label between two trainings."""

PROJECTED = 64
"""Dimensions in which similarity is measured; their product is wrong by (1 - cos^2) / 8, so that
near duplicates are told best (Johnson & Lindenstrauss 1984)."""

FIRST = 300
"""Candidates of every kind with which labelling may begin."""


@dataclass(frozen=True)
class Pool:
    """What is known of the candidates that have no label yet."""

    member_probability: NDArray[np.float64]
    """(M, N, K)."""
    embeddings: NDArray[np.float32]
    """(N, F), what a network sees in them."""
    columns: NDArray[np.float64]
    """(N, C) magnitude, colour, concentration index; NaN where one is missing."""


def entropy(member_probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shannon entropy in nats of the mean over the members (M, N, K): 0 to ln K."""
    return np.asarray(entr(member_probability.mean(axis=0)).sum(axis=1))


def margin(member_probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 - (p1 - p2) of the two most probable classes by the mean over the members (M, N, K)."""
    ranked = np.sort(member_probability.mean(axis=0), axis=1)
    return np.asarray(1 - (ranked[:, -1] - ranked[:, -2]))


def bald(member_probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mutual information in nats of class and member (M, N, K): 0 to ln M or ln K.

    The entropy of the mean less the mean entropy of the members: high where they are sure of
    different classes, zero where all give the same probabilities, however even.
    """
    of_members = entr(member_probability).sum(axis=2).mean(axis=0)
    return np.asarray(np.maximum(entropy(member_probability) - of_members, 0))


def diverse(
    member_probability: NDArray[np.float64],
    embeddings: NDArray[np.float32] | Iterable[NDArray[np.float32]],
    greedy: int = GREEDY,
) -> NDArray[np.float64]:
    """Entropy, less the share of it that earlier picks already show.

    Each pick has the highest entropy (M, N, K) times 1 - s, where s is the cosine of its embedding
    (N, F), about the mean of all, with the most similar earlier pick, or 0 where that is negative.
    After `greedy` picks the rest follow by what those have left them.

    Embeddings may come in parts (n, F); how they are parted changes s by less than 1e-5. One part
    and three times PROJECTED float32 for each candidate are in memory at once: 0.6 GB for 800 000
    candidates, whatever F is.
    """
    unsure = entropy(member_probability).astype(np.float32)
    parts = [embeddings] if isinstance(embeddings, np.ndarray) else embeddings
    direction = _directions(np.concatenate([_projected(part) for part in parts]))

    def left_by(pick: int) -> NDArray[np.float32]:
        similar = (direction @ direction[pick]).clip(0, 1)
        return np.asarray(unsure * (1 - similar))

    return _greedily(unsure, left_by, greedy)


def random(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform in [0, 1): the order that any other has to beat."""
    return rng.random(count)


def spread(columns: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A sample of every kind before there is any network, over columns (N, C); the rest at random.

    The first FIRST are those with which k-means++ would begin on the quantiles of each column: far
    from one another, and none odd, since the quantiles of an outlier are those of its neighbour.
    NaN is the column's median.
    """
    scores = rng.random(len(columns))
    place = np.column_stack([_quantiles(column) for column in columns.T])
    count = min(FIRST, len(np.unique(place, axis=0)))
    if count:
        _, picks = kmeans_plusplus(place, count, random_state=int(rng.integers(2**31)))
        scores[picks] = 1 + np.arange(count, 0, -1)
    return scores


STRATEGIES: Mapping[str, Callable[[Pool, np.random.Generator], NDArray[np.float64]]] = (
    MappingProxyType(
        {
            "random": lambda pool, rng: random(len(pool.columns), rng),
            "spread": lambda pool, rng: spread(pool.columns, rng),
            "entropy": lambda pool, rng: entropy(pool.member_probability),
            "margin": lambda pool, rng: margin(pool.member_probability),
            "bald": lambda pool, rng: bald(pool.member_probability),
            "diverse": lambda pool, rng: diverse(pool.member_probability, pool.embeddings),
        }
    )
)
"""All of them by name."""

WITHOUT_NETWORK = ("random", "spread")
"""Those that rank the whole pool once, before anything is labelled."""


def ranked(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions (N,) by falling score; equal ones keep their order."""
    return np.argsort(-scores, kind="stable")


def _greedily(
    scores: NDArray[np.floating],
    left_by: Callable[[int], NDArray[np.floating]],
    greedy: int,
) -> NDArray[np.float64]:
    """Each candidate's score (N,) when it was the highest, or after so many picks.

    `left_by` says what a pick leaves of every score (N,). No score ever rises, so each pick is at
    most as high as the one before, and these scores rank in the order of the picks.
    """
    left = scores.copy()
    found = np.full(len(left), np.nan)
    for _ in range(min(greedy, len(left))):
        pick = int(left.argmax())
        found[pick] = left[pick]
        np.minimum(left, left_by(pick), out=left)
        left[pick] = -np.inf
    return np.where(np.isnan(found), left, found)


def _projected(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embeddings (n, F) in f dimensions, at most PROJECTED."""
    features = embeddings.shape[1]
    if features <= PROJECTED:
        return embeddings
    # The same projection each time: a ranking is a function of its arguments.
    axes = np.random.default_rng(0).standard_normal((features, PROJECTED), dtype=np.float32)
    return embeddings @ axes


def _directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors (N, f) of vectors about their mean, in place of them."""
    vectors -= vectors.sum(axis=0, dtype=np.float64) / max(1, len(vectors))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(length > 0, length, 1)
    return vectors


def _quantiles(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each value (N,) lies among the known ones, 0 to 1; a half where it is missing."""
    known = np.isfinite(column)
    place = np.full(len(column), 0.5)
    place[known] = (rankdata(column[known]) - 0.5) / max(1, known.sum())
    return place
