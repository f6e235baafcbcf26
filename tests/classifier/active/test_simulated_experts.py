"""Simulated experts agree as often as the people of the paper; majority labels."""

import numpy as np
import pytest

from classifier.active import simulated_experts
from classifier.active.simulated_experts import (
    AGREEMENT,
    agreement_by_class,
    cast_votes,
    expert_confusion,
    majority_labels,
)


@pytest.mark.parametrize("classes", AGREEMENT)
def test_a_confusion_makes_pairs_agree_as_people_do(classes):
    result = expert_confusion(classes)
    np.testing.assert_allclose(result.sum(axis=1), 1)
    assert (result >= 0).all()
    wanted = AGREEMENT[classes].between_people
    np.testing.assert_allclose(
        agreement_by_class(result, AGREEMENT[classes].class_sizes), wanted, atol=1e-6
    )


def test_two_classes_have_a_solution_on_paper():
    # (1 - e)^2 + e^2 = 0.775
    error = (1 - np.sqrt(2 * 0.775 - 1)) / 2
    np.testing.assert_allclose(np.diag(expert_confusion(2)), 1 - error, atol=1e-6)


def test_the_figures_are_the_papers():
    assert AGREEMENT[4].between_people == pytest.approx((0.75, 0.45, 0.45, 0.65))
    assert AGREEMENT[2].between_people == pytest.approx((0.775, 0.775))


def test_other_numbers_of_classes_are_refused():
    with pytest.raises(ValueError, match="2 or 4 classes, not for 3"):
        expert_confusion(3)


def test_votes_reproduce_the_confusion():
    matrix = expert_confusion(4)
    truth = np.repeat([1, 2, 3, 4], 5000)
    votes = cast_votes(truth, matrix, 4, np.random.default_rng(0))
    for true in (1, 2, 3, 4):
        shares = np.bincount(votes[truth == true].ravel(), minlength=5)[1:] / 20_000
        # Four standard deviations of a share of 20 000 votes.
        np.testing.assert_allclose(shares, matrix[true - 1], atol=0.014)


def test_pairs_of_votes_agree_as_people_do():
    shares = np.array(AGREEMENT[4].class_sizes) / sum(AGREEMENT[4].class_sizes)
    rng = np.random.default_rng(0)
    truth = rng.choice([1, 2, 3, 4], size=40_000, p=shares)
    first, second = cast_votes(truth, expert_confusion(4), 2, rng).T
    result = [(second[first == label] == label).mean() for label in (1, 2, 3, 4)]
    np.testing.assert_allclose(result, AGREEMENT[4].between_people, atol=0.025)


def test_experts_without_errors_vote_the_true_class():
    truth = np.array([1, 2, 3])
    votes = cast_votes(truth, np.eye(3), 5, np.random.default_rng(0))
    np.testing.assert_array_equal(votes, np.tile(truth[:, None], 5))


def test_a_majority_is_the_class_with_the_most_votes():
    votes = np.array([[1, 1, 2], [1, 2, 3], [4, 4, 4], [2, 3, 3]])
    np.testing.assert_array_equal(majority_labels(votes, 4), [1, 0, 4, 3])


def test_a_majority_of_two_against_one_and_one_is_settled():
    votes = np.array([[1, 1, 2, 3], [1, 1, 2, 2]])
    np.testing.assert_array_equal(majority_labels(votes, 4), [1, 0])


def test_several_people_are_right_more_often_than_one():
    truth = np.repeat([1, 2], 5000)
    votes = cast_votes(truth, simulated_experts.expert_confusion(2), 3, np.random.default_rng(0))
    right = 0.871
    expected = right**3 + 3 * right**2 * (1 - right)
    assert (majority_labels(votes, 2) == truth).mean() == pytest.approx(expected, abs=0.01)
