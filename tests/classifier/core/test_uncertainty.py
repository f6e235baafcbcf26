"""classifier.core.uncertainty, where the truth is known."""

from math import log

import numpy as np

from classifier.core.uncertainty import entropy, margin, mutual_information

CERTAIN, EVEN, OTHER = [1.0, 0, 0, 0], [0.25] * 4, [0, 1.0, 0, 0]
HALVES = [0.5, 0.5, 0, 0]


def members(*by_member):
    """Probabilities (M, N, K) from the rows of each member."""
    return np.array(by_member, dtype=float)


def test_the_entropy_of_a_uniform_guess_is_the_logarithm_of_the_number_of_classes():
    np.testing.assert_allclose(entropy(np.array([CERTAIN, EVEN, HALVES])), [0, log(4), log(2)])


def test_one_candidate_has_the_entropy_that_it_has_among_many():
    p_NK = np.random.default_rng(0).dirichlet([1] * 4, 1000)
    assert [float(entropy(p_K)) for p_K in p_NK] == entropy(p_NK).tolist()


def test_the_margin_is_one_less_the_lead():
    p_NK = np.array([[0.6, 0.3, 0.1, 0], CERTAIN, HALVES, [0.4, 0.3, 0.2, 0.1]])
    np.testing.assert_allclose(margin(p_NK), [0.7, 0, 1, 0.9])


def test_margin_and_entropy_rank_differently():
    # Two classes tie, against a lead with doubt about everything else.
    p_NK = np.array([[0.5, 0.5, 0, 0], [0.4, 0.2, 0.2, 0.2]])
    assert margin(p_NK).argmax() == 0
    assert entropy(p_NK).argmax() == 1


def test_mutual_information_is_high_where_members_are_certain_of_different_classes():
    p_MNK = members([CERTAIN, EVEN, HALVES], [OTHER, EVEN, HALVES])
    np.testing.assert_allclose(mutual_information(p_MNK), [log(2), 0, 0], atol=1e-12)


def test_mutual_information_is_between_zero_and_the_entropy_of_the_mean():
    p_MNK = np.random.default_rng(0).dirichlet([0.01] * 4, size=(3, 500))
    assert mutual_information(p_MNK).min() >= 0
    assert (mutual_information(p_MNK) <= entropy(p_MNK.mean(axis=0)) + 1e-12).all()
