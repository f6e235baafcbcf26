"""labeling.agreement.label_accuracy, against simulated experts whose truth is known."""

import numpy as np
import pytest

from classifier.active.simulated_experts import (
    AGREEMENT,
    cast_votes,
    expert_confusion,
    majority_labels,
)
from labeling.agreement.label_accuracy import MIN_CANDIDATES, label_accuracy

CONFUSION = expert_confusion(4)
SHARES = np.array(AGREEMENT[4].class_sizes) / sum(AGREEMENT[4].class_sizes)


def control_sample(count, rng, experts=3):
    """Votes and labels by candidate, and the share of the labels that are right."""
    truth_N = rng.choice(4, count, p=SHARES) + 1
    votes_NE = cast_votes(truth_N, CONFUSION, experts, rng)
    label_N = majority_labels(votes_NE, 4)
    votes = {pk: tuple(np.bincount(row, minlength=5)[1:]) for pk, row in enumerate(votes_NE)}
    labels = {pk: int(label) for pk, label in enumerate(label_N) if label}
    return votes, labels, (label_N == truth_N)[label_N > 0].mean()


def test_it_estimates_the_share_of_right_labels():
    errors = []
    for seed in range(5):
        votes, labels, right = control_sample(20_000, np.random.default_rng(seed))
        assert (len(labels) / len(votes), right) == pytest.approx((0.898, 0.892), abs=0.006)
        errors.append(label_accuracy(votes, labels).value - right)
    # They scatter by 0.4 points.
    assert abs(np.mean(errors)) < 3 * 0.004 / np.sqrt(len(errors))


def test_the_interval_holds_the_share_of_the_sample():
    rng = np.random.default_rng(1)
    hits, errors = [], []
    for _ in range(60):
        votes, labels, right = control_sample(216, rng)
        estimate = label_accuracy(votes, labels)
        hits.append(estimate.low <= right <= estimate.high)
        errors.append(estimate.value - right)
    # 95 % less three binomial errors; the errors scatter by three points.
    assert np.mean(hits) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)
    assert abs(np.mean(errors)) < 3 * 0.03 / np.sqrt(60)


def test_voters_who_agree_always_have_right_labels():
    votes = {
        pk: tuple(3 * (label == k) for k in range(4)) for pk, label in enumerate([0, 1, 2, 3] * 50)
    }
    labels = {pk: counts.index(3) + 1 for pk, counts in votes.items()}
    assert label_accuracy(votes, labels).value > 0.99


def test_voters_who_guess_have_labels_that_may_be_all_wrong():
    rng = np.random.default_rng(2)
    votes_NE = rng.integers(1, 5, (2000, 3))
    label_N = majority_labels(votes_NE, 4)
    votes = {pk: tuple(np.bincount(row, minlength=5)[1:]) for pk, row in enumerate(votes_NE)}
    labels = {pk: int(label) for pk, label in enumerate(label_N) if label}
    assert label_accuracy(votes, labels).value < 0.75


@pytest.mark.parametrize(("count", "experts"), [(MIN_CANDIDATES - 1, 3), (400, 2)])
def test_too_few_votes_give_no_estimate(count, experts):
    votes, labels, _ = control_sample(count, np.random.default_rng(3), experts)
    assert label_accuracy(votes, labels) is None


def test_the_same_votes_give_the_same_interval():
    votes, labels, _ = control_sample(300, np.random.default_rng(4))
    assert label_accuracy(votes, labels) == label_accuracy(dict(reversed(votes.items())), labels)
