"""The posterior of labeling.rules.strategies: a network's probabilities after votes."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.core.uncertainty import entropy
from labeling.rules import strategies
from labeling.rules.strategies import RELIABILITY

NO_VOTES = (0, 0, 0, 0)
EVEN = (0.25, 0.25, 0.25, 0.25)
weights = st.lists(st.floats(0.001, 1), min_size=4, max_size=4)
priors = weights.map(lambda w: [x / sum(w) for x in w])
counts = st.lists(st.integers(0, 30), min_size=4, max_size=4)
classes = st.integers(0, 3)


def posterior(prior, votes):
    """Probabilities of one candidate."""
    return strategies.posterior(np.array([prior], dtype=float), np.array([votes]))[0].tolist()


def posterior_entropy(prior, votes):
    """Entropy of one candidate."""
    return entropy(strategies.posterior(np.array([prior], dtype=float), np.array([votes])))[0]


def with_votes(before, *labels):
    """Return the counts after further votes for these classes, counted from 0."""
    return [n + labels.count(k) for k, n in enumerate(before)]


def test_one_vote_on_a_uniform_prior_is_as_certain_as_an_expert():
    wrong = (1 - RELIABILITY) / 3
    assert posterior(EVEN, (0, 1, 0, 0)) == pytest.approx([wrong, RELIABILITY, wrong, wrong])
    expected = -RELIABILITY * log(RELIABILITY) - 3 * wrong * log(wrong)
    assert posterior_entropy(EVEN, (0, 1, 0, 0)) == pytest.approx(expected)


def test_two_votes_that_contradict_each_other_leave_two_classes_equal():
    assert posterior(EVEN, (1, 0, 0, 1)) == pytest.approx([9 / 22, 2 / 22, 2 / 22, 9 / 22])


def test_a_class_that_the_network_rules_out_stays_ruled_out():
    assert posterior_entropy((1, 0, 0, 0), (0, 0, 0, 3)) == 0
    assert posterior_entropy((1, 0, 0, 0), (0, 0, 0, 10_000)) == 0


def test_a_prior_of_zeros_has_no_entropy():
    assert posterior((0, 0, 0, 0), (0, 1, 0, 0)) == [0, 0, 0, 0]


def test_a_vote_against_a_network_that_is_certain_raises_the_entropy():
    certain = (0.97, 0.01, 0.01, 0.01)
    contradicted, confirmed = (0, 0, 0, 1), (1, 0, 0, 0)
    assert (
        posterior_entropy(certain, contradicted)
        > posterior_entropy(certain, NO_VOTES)
        > posterior_entropy(certain, confirmed)
    )


def test_many_candidates_have_the_values_that_each_has_alone():
    rng = np.random.default_rng(0)
    prior_NK, counts_NK = rng.dirichlet([0.5] * 4, 500), rng.integers(0, 5, (500, 4))
    together = entropy(strategies.posterior(prior_NK, counts_NK))
    alone = [posterior_entropy(p, n) for p, n in zip(prior_NK, counts_NK, strict=True)]
    assert together.tolist() == alone


@given(priors)
def test_without_votes_the_entropy_is_that_of_the_prior(prior):
    assert posterior_entropy(prior, NO_VOTES) == pytest.approx(-sum(p * log(p) for p in prior))


@given(priors, counts)
def test_the_entropy_is_between_0_and_ln_4(prior, votes):
    assert 0 <= posterior_entropy(prior, votes) <= log(4) + 1e-12


@given(priors, st.lists(classes, max_size=12), st.randoms(use_true_random=False))
def test_the_posterior_equals_bayes_rule_vote_by_vote_in_any_order(prior, labels, rng):
    belief = prior
    for label in rng.sample(labels, len(labels)):
        belief = posterior(belief, with_votes(NO_VOTES, label))
    assert belief == pytest.approx(posterior(prior, with_votes(NO_VOTES, *labels)), abs=1e-9)


@given(priors, counts)
def test_another_vote_for_the_most_probable_class_lowers_the_entropy(prior, votes):
    belief = posterior(prior, votes)
    again = with_votes(votes, belief.index(max(belief)))
    assert posterior_entropy(prior, again) <= posterior_entropy(prior, votes) + 1e-12


@given(counts, classes, classes)
def test_votes_that_agree_leave_a_lower_entropy_than_votes_that_do_not(votes, first, second):
    even = [max(votes)] * 4
    agree, differ = with_votes(even, first, first), with_votes(even, first, second)
    assert posterior_entropy(EVEN, agree) <= posterior_entropy(EVEN, differ) + 1e-12
