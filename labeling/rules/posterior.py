"""What another answer on a candidate is worth: a pure function of the network and of the votes.

As in ActiveLab (Goh & Mueller 2023, arXiv:2301.11856), one score decides between a new object and
one more vote on an old one. Here it is the Shannon entropy, in nats, of the posterior over the four
classes: the network's ensemble mean is the prior, and each vote an observation that names the true
class with probability RELIABILITY, else one of the others with equal odds. Without votes it is the
network's own entropy; votes that agree lower it, votes that contradict what was believed raise it.
What the queue makes of it is said in `labeling.rules.strategies`.
"Unsure" tells nothing of the class and is no observation.
"""

from collections.abc import Sequence
from math import log

RELIABILITY = 0.6
"""Experts name the class that others named in 70-80, 40-50, 40-50 and 60-70 % of the cases, for
the classes 1 to 4 (Wei et al. 2020, section 2.1): 60 % on average."""

_ODDS = 3 * RELIABILITY / (1 - RELIABILITY)


def posterior(prior: Sequence[float], counts: Sequence[int]) -> list[float]:
    """Probability of each class after so many votes for each, in the order of the classes."""
    if not any(counts):
        total = sum(prior)
        return [p / total for p in prior] if total else list(prior)
    most = max(counts)
    # Only the ratios matter; relative to the most frequent class nothing overflows.
    weights = [p * _ODDS ** (n - most) for p, n in zip(prior, counts, strict=True)]
    total = sum(weights)
    return [weight / total for weight in weights] if total else list(prior)


def worth(prior: Sequence[float], counts: Sequence[int]) -> float:
    """Entropy of the posterior in nats: 0 (nothing left to learn) to ln 4."""
    return sum(-p * log(p) for p in posterior(prior, counts) if p > 0)
