"""What the queue asks about first: what a vote on a candidate is worth, by the field's strategy.

Each value starts from what the network says, and votes can raise it: of entropy and margin by the
posterior (`rules.posterior`); of those that only a network can tell, mutual information and
diversity, in proportion to the entropy that votes, and heads refitted on newer labels, have left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models

from labeling.rules.posterior import posterior, worth
from labeling.rules.sampling import random_value


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


NO_VOTES = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a network says of a candidate before any vote."""

    candidate: int
    prior: Sequence[float]
    """Probability of each class."""
    own: bool
    """Whether it is the run's own opinion, and not that of refitted heads."""
    entropy: float
    """Of the run's own, in nats."""
    mutual_information: float | None
    diversity: float | None


def value(strategy: str, opinion: Opinion, counts: Sequence[int]) -> float:
    """What another answer is worth after so many votes for each class.

    Never less than before the first: a label teaches when it is settled, so what was worth a first
    answer is worth the rest. Votes that contradict the network, or one another, raise it.
    """
    before = _value(strategy, opinion, NO_VOTES)
    return max(before, _value(strategy, opinion, counts)) if any(counts) else before


def _value(strategy: str, opinion: Opinion, counts: Sequence[int]) -> float:
    if strategy == Strategy.RANDOM:
        return random_value(opinion.candidate)
    if strategy == Strategy.MARGIN:
        return margin(opinion.prior, counts)
    if strategy == Strategy.BALD and opinion.mutual_information is not None:
        return in_proportion(opinion.mutual_information, opinion, counts)
    if strategy == Strategy.DIVERSE and opinion.diversity is not None:
        return in_proportion(opinion.diversity, opinion, counts)
    if any(counts) or not opinion.own:
        return worth(opinion.prior, counts)
    return opinion.entropy


def margin(prior: Sequence[float], counts: Sequence[int]) -> float:
    """1 less the difference of the two highest probabilities after so many votes: 0 to 1."""
    *_, second, first = sorted(posterior(prior, counts))
    return 1 - (first - second)


def in_proportion(value: float, opinion: Opinion, counts: Sequence[int]) -> float:
    """A network's own value of a candidate, times the share of its entropy that is left.

    Votes leave a part of it, and so do heads that were refitted since: either can raise it as well.
    """
    before = worth(opinion.prior, NO_VOTES) if opinion.own else opinion.entropy
    return value * worth(opinion.prior, counts) / before if before else 0.0
