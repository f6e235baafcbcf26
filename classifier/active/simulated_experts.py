"""Simulate experts who disagree with one another as often as people do.

Shapes   N candidates, E experts, K classes numbered from 1; 0 is no class.
Axes     a confusion (K, K) is (truth, answer), and its rows sum to 1.
Model    given the true class, experts err independently of one another. Two then agree on a class
         less often than one is right. The published figures are of agreement between people, so the
         confusion is the one with which pairs agree that often.
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
class HumanAgreement:
    """Published agreement between people, for K classes."""

    between_people: tuple[float, ...]
    """(K,) share of the candidates in a class by one person that another puts there, too."""
    class_sizes: tuple[float, ...]
    """(K,) of the candidates; only their ratios matter."""
    misses: tuple[tuple[float, ...], ...]
    """(K, K) wrong answers; only the ratios in a row matter, and the diagonal is ignored."""


AGREEMENT: Mapping[int, HumanAgreement] = MappingProxyType(
    {
        4: HumanAgreement(
            # The middle of each range.
            between_people=tuple(sum(limits) / 2 for limits in CLASS_AGREEMENT.values()),
            # Mode of three people, table 2.
            class_sizes=(1795, 2315, 2265, 4841),
            # The paper has no confusion between people. That of its networks (table 4), which were
            # trained on people's labels, shows which classes look alike.
            misses=(
                (0, 17.9, 1.7, 4.4),
                (19.4, 0, 7.9, 14.6),
                (0.3, 16.3, 0, 23.4),
                (7, 6.9, 15.2, 0),
            ),
        ),
        2: HumanAgreement(
            # Cluster (1 and 2) or not: 88 % (NGC 3351) and 67 % (NGC 4656). No figure is published
            # for the other side, so both are taken to be alike.
            between_people=(sum(COMPACT_AGREEMENT) / 2,) * 2,
            class_sizes=(1, 1),
            misses=((0, 1), (1, 0)),
        ),
    }
)
"""By the number of classes."""


def expert_confusion(classes: int) -> NDArray[np.float64]:
    """Return the confusion (K, K) of one expert with the truth.

    Raises ValueError for a number of classes without published agreement.
    """
    if classes not in AGREEMENT:
        raise ValueError(
            f"The agreement between people is published for 2 or 4 classes, not for {classes}."
        )
    published = AGREEMENT[classes]
    target_K = np.array(published.between_people)
    # The start is the solution for errors that are rare and never the same.
    solution = least_squares(
        lambda right_K: (
            agreement_by_class(_confusion(right_K, published), published.class_sizes) - target_K
        ),
        np.sqrt(target_K),
        bounds=(0, 1),
        xtol=1e-12,
    )
    return _confusion(solution.x, published)


def agreement_by_class(
    confusion_KK: NDArray[np.float64], class_sizes: Sequence[float]
) -> NDArray[np.float64]:
    """Return the share (K,) of a first expert's answers that a second expert gives, too."""
    weighted_KK = np.asarray(class_sizes)[:, None] * confusion_KK
    return np.asarray((weighted_KK * confusion_KK).sum(axis=0) / weighted_KK.sum(axis=0))


def cast_votes(
    truth_N: NDArray[np.int64],
    confusion_KK: NDArray[np.float64],
    experts: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return votes (N, E) on candidates whose true classes are `truth_N`."""
    # (N, K): upper ends of the answers' intervals in [0, 1]
    ends_NK = confusion_KK.cumsum(axis=1)[truth_N - 1]
    draws_NE = rng.random((len(truth_N), experts))
    # The last end is left out, since rounding may put it below 1. (N, E, K - 1) -> (N, E)
    return np.asarray((draws_NE[:, :, None] >= ends_NK[:, None, :-1]).sum(axis=2) + 1)


def majority_labels(votes_NE: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return the class (N,) with the most votes; 0 for a tie."""
    # (N, E, 1) == (K,) -> (N, E, K) -> (N, K)
    counts_NK = (votes_NE[:, :, None] == np.arange(1, classes + 1)).sum(axis=1)
    most_N1 = counts_NK.max(axis=1, keepdims=True)
    settled_N = (counts_NK == most_N1).sum(axis=1) == 1
    return np.where(settled_N, counts_NK.argmax(axis=1) + 1, 0)


def _confusion(right_K: NDArray[np.float64], published: HumanAgreement) -> NDArray[np.float64]:
    """Return the confusion (K, K) of an expert with the shares (K,) of right answers."""
    misses_KK = np.array(published.misses)
    np.fill_diagonal(misses_KK, 0)
    wrong_KK = misses_KK / misses_KK.sum(axis=1, keepdims=True)
    return np.asarray(np.diag(right_K) + (1 - right_K)[:, None] * wrong_KK)
