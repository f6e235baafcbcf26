"""Simulated experts, who disagree with one another as often as people do.

Axes     a confusion (K, K) is (truth, answer), its rows sum to 1; labels are 1 to K, 0 is none.
Model    experts err independently of one another, given the true class. Two of them then agree on
         an answer less often than one is right: the paper's figures are of agreement between
         people, so the confusion with the truth is what makes pairs agree that often.
Source   Wei et al. 2020 (arXiv:1909.02024), section 2.1 and tables 1, 2 and 4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from classifier.core.published import CLASS_AGREEMENT, COMPACT_AGREEMENT


@dataclass(frozen=True)
class Agreement:
    """What the paper says of people, for so many classes."""

    between_people: tuple[float, ...]
    """(K,) share of the candidates that one person puts in a class where another does, too."""
    shares: tuple[float, ...]
    """(K,) of the classes among the candidates; only their ratios matter."""
    misses: tuple[tuple[float, ...], ...]
    """(K, K) where wrong answers go; only the ratios in a row matter, the diagonal does not."""


AGREEMENT: Mapping[int, Agreement] = MappingProxyType(
    {
        4: Agreement(
            # The middle of each range.
            between_people=tuple(sum(limits) / 2 for limits in CLASS_AGREEMENT.values()),
            # Mode of three people, table 2.
            shares=(1795, 2315, 2265, 4841),
            # The paper has no confusion between people; its networks' (table 4), which learnt from
            # people, says which classes look alike.
            misses=(
                (0, 17.9, 1.7, 4.4),
                (19.4, 0, 7.9, 14.6),
                (0.3, 16.3, 0, 23.4),
                (7, 6.9, 15.2, 0),
            ),
        ),
        2: Agreement(
            # Cluster (1 and 2) or not: 88 % (NGC 3351) and 67 % (NGC 4656). The other side has no
            # figure, so both are taken to be alike.
            between_people=(sum(COMPACT_AGREEMENT) / 2,) * 2,
            shares=(1, 1),
            misses=((0, 1), (1, 0)),
        ),
    }
)
"""By the number of classes."""


def confusion(classes: int) -> NDArray[np.float64]:
    """One expert's confusion (K, K) with the truth.

    Raises ValueError for a number of classes of which the paper says nothing.
    """
    if classes not in AGREEMENT:
        raise ValueError(f"How often people agree is known for 2 or 4 classes, not for {classes}.")
    of_people = AGREEMENT[classes]
    wanted = np.array(of_people.between_people)
    # Were the errors of two people rare and never the same, each would be right that often.
    found = least_squares(
        lambda right: agreement(_with_diagonal(right, of_people), of_people.shares) - wanted,
        np.sqrt(wanted),
        bounds=(0, 1),
        xtol=1e-12,
    )
    return _with_diagonal(found.x, of_people)


def agreement(confusion_KK: NDArray[np.float64], shares: Sequence[float]) -> NDArray[np.float64]:
    """(K,) how often a second expert gives a class to what a first one gave it to."""
    weighted = np.asarray(shares)[:, None] * confusion_KK
    return np.asarray((weighted * confusion_KK).sum(axis=0) / weighted.sum(axis=0))


def cast(
    truth: NDArray[np.int64],
    confusion_KK: NDArray[np.float64],
    experts: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Votes (N, experts) on candidates whose true classes are `truth` (N,)."""
    steps = confusion_KK.cumsum(axis=1)[truth - 1]
    drawn = rng.random((len(truth), experts))
    # Rounding may leave the last step below 1, so it is not one.
    return np.asarray((drawn[:, :, None] >= steps[:, None, :-1]).sum(axis=2) + 1)


def majority(votes: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The class (N,) that most of the votes (N, experts) name; 0 where two are first."""
    counts = (votes[:, :, None] == np.arange(1, classes + 1)).sum(axis=1)
    first = counts.max(axis=1, keepdims=True)
    settled = (counts == first).sum(axis=1) == 1
    return np.where(settled, counts.argmax(axis=1) + 1, 0)


def _with_diagonal(right: NDArray[np.float64], of_people: Agreement) -> NDArray[np.float64]:
    """Confusion (K, K) of an expert who is right so often (K,)."""
    misses = np.array(of_people.misses)
    np.fill_diagonal(misses, 0)
    wrong = misses / misses.sum(axis=1, keepdims=True)
    return np.asarray(np.diag(right) + (1 - right)[:, None] * wrong)
