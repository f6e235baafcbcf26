"""Acquisition values: which candidates to label next, the highest first.

Shapes   M members, N candidates, K classes, F features, C columns; values are (N,).
Units    entropy and mutual information in nats.
Order    by falling value; candidates of equal value keep theirs.
Sources  of the uncertainties and the cold start: `classifier.core.uncertainty` and `cold_start`;
         relevance less what earlier picks show: Carbonell & Goldstein 1998.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from classifier.core.cold_start import spread_sample
from classifier.core.uncertainty import entropy, margin, mutual_information

GREEDY = 1000
"""Picks that take all earlier ones into account; more than are labelled between two trainings."""

PROJECTED = 64
"""Dimensions in which similarity is measured; a cosine is wrong by (1 - cos^2) / 8, least where two
are near duplicates (Johnson & Lindenstrauss 1984)."""


@dataclass(frozen=True)
class Pool:
    """Candidates that have no label yet."""

    member_probability: NDArray[np.float64]
    """(M, N, K)."""
    embeddings: NDArray[np.float32]
    """(N, F), of one network."""
    columns: NDArray[np.float64]
    """(N, C) magnitude, colour, concentration index; NaN where one is missing."""

    @property
    def probability(self) -> NDArray[np.float64]:
        """(N, K), the mean over the members."""
        return np.asarray(self.member_probability.mean(axis=0))


def diverse(
    member_probability: NDArray[np.float64],
    embeddings: NDArray[np.float32] | Iterable[NDArray[np.float32]],
    greedy: int = GREEDY,
) -> NDArray[np.float64]:
    """Return the entropy (N,) less the share of it that earlier picks already show.

    Each pick has the highest product of its entropy and 1 - s, where s is the cosine of its
    embedding (N, F), about the mean of all, with the most similar earlier pick, or 0 where that is
    negative. After `greedy` picks the rest follow by their products with those picks.

    Embeddings may come in parts (n, F); the division changes s by less than 1e-5. One part and
    three times PROJECTED float32 for each candidate are in memory at once: 0.6 GB for 800 000
    candidates, whatever F is.
    """
    entropy_N = entropy(member_probability.mean(axis=0)).astype(np.float32)
    parts = [embeddings] if isinstance(embeddings, np.ndarray) else embeddings
    direction_Nf = _directions(np.concatenate([projected(part) for part in parts]))

    def remainder(pick: int) -> NDArray[np.float32]:
        similarity_N = (direction_Nf @ direction_Nf[pick]).clip(0, 1)
        return np.asarray(entropy_N * (1 - similarity_N))

    return _greedy_values(entropy_N, remainder, greedy)


def random(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return values (N,) that are uniform in [0, 1): the baseline of all other orders."""
    return rng.random(count)


def spread(columns: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return values (N,) that put a spread sample of columns (N, C) first, the rest at random."""
    values = rng.random(len(columns))
    positions = spread_sample(columns, int(rng.integers(2**31)))
    values[positions] = 1 + np.arange(len(positions), 0, -1)
    return values


STRATEGIES: Mapping[str, Callable[[Pool, np.random.Generator], NDArray[np.float64]]] = (
    MappingProxyType(
        {
            "random": lambda pool, rng: random(len(pool.columns), rng),
            "spread": lambda pool, rng: spread(pool.columns, rng),
            "entropy": lambda pool, rng: entropy(pool.probability),
            "margin": lambda pool, rng: margin(pool.probability),
            "bald": lambda pool, rng: mutual_information(pool.member_probability),
            "diverse": lambda pool, rng: diverse(pool.member_probability, pool.embeddings),
        }
    )
)
"""Acquisition values of a pool, by name."""

WITHOUT_NETWORK = ("random", "spread")
"""Strategies that rank the whole pool once, before anything is labelled."""


def ranked(values_N: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return positions (N,) by falling value; equal ones keep their order."""
    return np.argsort(-values_N, kind="stable")


def _greedy_values(
    values_N: NDArray[np.floating],
    remainder: Callable[[int], NDArray[np.floating]],
    greedy: int,
) -> NDArray[np.float64]:
    """Return each candidate's value (N,) when it was picked, or after `greedy` picks.

    `remainder` limits all values (N,) after a pick. No value ever rises, so each pick is at most as
    high as the one before, and the values rank in the order of the picks.
    """
    remaining_N = values_N.copy()
    picked_N = np.full(len(values_N), np.nan)
    for _ in range(min(greedy, len(values_N))):
        pick = int(remaining_N.argmax())
        picked_N[pick] = remaining_N[pick]
        np.minimum(remaining_N, remainder(pick), out=remaining_N)
        remaining_N[pick] = -np.inf
    return np.where(np.isnan(picked_N), remaining_N, picked_N)


def projected(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return embeddings (n, F) in f dimensions, at most PROJECTED; twice is the same as once."""
    features = embeddings.shape[1]
    if features <= PROJECTED:
        return embeddings
    # A fixed seed: the values are a function of the arguments.
    axes = np.random.default_rng(0).standard_normal((features, PROJECTED), dtype=np.float32)
    return embeddings @ axes


def _directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors (N, f) about the mean; overwrites the vectors."""
    vectors -= vectors.sum(axis=0, dtype=np.float64) / max(1, len(vectors))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(length > 0, length, 1)
    return vectors
