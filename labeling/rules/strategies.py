"""Strategies: the order in which the queue serves the training pool.

A strategy gives each candidate an acquisition value, and the highest is served first. A value
starts from the network's opinion, and votes can raise it: entropy and margin by the posterior,
mutual information and diversity, which only a network can state, in proportion to the entropy that
votes, and heads refitted on newer labels, leave.

As in ActiveLab (Goh & Mueller 2023, arXiv:2301.11856), one score decides between a new object and
one more vote on an old one. The posterior is Bayes' rule: the network's ensemble mean is the prior,
and each vote an observation that names the true class with probability RELIABILITY, else one of the
others with equal odds. Votes that agree lower the entropy, votes that contradict the network raise
it. A vote "unsure" is no observation.

Shapes  N candidates, K = 4 classes; counts are votes for each class.
NaN     where a network states no mutual information or diversity; the entropy takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db import models
from numpy.typing import NDArray

from classifier.core.uncertainty import entropy, margin
from labeling.rules.sampling import random_value

RELIABILITY = 0.6
"""Share of the experts' votes that name the true class: about the mean over the classes of the
agreement between two inspections (`classifier.core.published`)."""

_ODDS = 3 * RELIABILITY / (1 - RELIABILITY)


class Strategy(models.TextChoices):
    """Orders of the training pool; the control sample is always served at random."""

    ENTROPY = "entropy", "entropy: where the network is most uncertain"
    MARGIN = "margin", "margin: where its two likeliest classes are closest"
    BALD = "bald", "mutual information (BALD): where its members contradict one another"
    DIVERSE = "diverse", "diverse: uncertain, and unlike what comes before"
    RANDOM = "random", "random: to compare with"


class ColdStart(models.TextChoices):
    """Orders of the training pool as long as there is no network."""

    RANDOM = "random", "random: as they come"
    SPREAD = "spread", "spread: of every magnitude, colour and concentration"


@dataclass(frozen=True)
class Opinions:
    """A network's opinions of N candidates, before any vote."""

    candidate_N: NDArray[np.int64]
    prior_NK: NDArray[np.float64]
    """Probability of each class."""
    refitted_N: NDArray[np.bool_]
    """True where the prior is of refitted heads, not of the run itself."""
    entropy_N: NDArray[np.float64]
    """Of the run's own probabilities, in nats."""
    mutual_information_N: NDArray[np.float64]
    diversity_N: NDArray[np.float64]

    def __getitem__(self, rows: NDArray[np.bool_]) -> Opinions:
        """Return the opinions of some of the candidates."""
        return Opinions(**{name: values[rows] for name, values in vars(self).items()})


def acquisition_values(
    strategy: str, opinions: Opinions, counts_NK: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the values (N,) of another vote on candidates that have votes (N, K).

    Never less than without votes: a label teaches only when it is settled, so a candidate that was
    worth a first vote is worth the rest. Votes that contradict the network, or one another, raise
    the value.
    """
    prior_NK, refitted_N = opinions.prior_NK, opinions.refitted_N
    if strategy == Strategy.RANDOM:
        return np.array([random_value(pk) for pk in opinions.candidate_N.tolist()], dtype=float)
    before_and_after_2NK = posterior(prior_NK, np.stack([np.zeros_like(counts_NK), counts_NK]))
    if strategy == Strategy.MARGIN:
        return np.asarray(margin(before_and_after_2NK).max(axis=0))
    before_N, after_N = entropy(before_and_after_2NK)
    initial_N = np.where(refitted_N, before_N, opinions.entropy_N)
    by_entropy_N = np.where(counts_NK.any(axis=1), np.maximum(initial_N, after_N), initial_N)
    if strategy == Strategy.BALD:
        stated_N = opinions.mutual_information_N
    elif strategy == Strategy.DIVERSE:
        stated_N = opinions.diversity_N
    else:
        return by_entropy_N
    # Entropy when the network stated its value; where it had none, nothing is left to learn.
    stated_with_N = np.where(refitted_N, opinions.entropy_N, before_N)
    stated_with_N[stated_with_N == 0] = np.inf
    scaled_N = stated_N * np.maximum(before_N, after_N) / stated_with_N
    return np.where(np.isnan(stated_N), by_entropy_N, scaled_N)


def posterior(prior_NK: NDArray[np.float64], counts_NK: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability (N, K) of each class after votes (N, K).

    Counts may have further axes before, as for several histories of the same candidates.
    """
    # Only ratios matter; relative to the most frequent class nothing overflows.
    weights_NK = prior_NK * _ODDS ** (counts_NK - counts_NK.max(axis=-1, keepdims=True))
    total_N1 = weights_NK.sum(axis=-1, keepdims=True)
    # A prior of nothing but zeros stays.
    return np.asarray(weights_NK / np.where(total_N1 > 0, total_N1, 1))
