"""labeling.rules.posterior: what another answer is worth, as a pure function."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.rules.posterior import RELIABILITY, posterior, worth

NOBODY = (0, 0, 0, 0)
weights = st.lists(st.floats(0.001, 1), min_size=4, max_size=4)
priors = weights.map(lambda w: [x / sum(w) for x in w])
counts = st.lists(st.integers(0, 30), min_size=4, max_size=4)
classes = st.integers(0, 3)


def with_votes(before, *labels):
    """The counts after further votes for these classes, counted from 0."""
    return [n + labels.count(k) for k, n in enumerate(before)]


def test_one_vote_on_a_uniform_prior_is_as_sure_as_an_expert():
    wrong = (1 - RELIABILITY) / 3
    assert posterior([0.25] * 4, (0, 1, 0, 0)) == pytest.approx([wrong, RELIABILITY, wrong, wrong])
    expected = -RELIABILITY * log(RELIABILITY) - 3 * wrong * log(wrong)
    assert worth([0.25] * 4, (0, 1, 0, 0)) == pytest.approx(expected)


def test_two_votes_that_contradict_each_other_leave_two_classes_equal():
    assert posterior([0.25] * 4, (1, 0, 0, 1)) == pytest.approx([9 / 22, 2 / 22, 2 / 22, 9 / 22])


def test_what_the_network_rules_out_stays_ruled_out():
    assert worth([1.0, 0.0, 0.0, 0.0], (0, 0, 0, 3)) == 0
    assert worth([1.0, 0.0, 0.0, 0.0], (0, 0, 0, 10_000)) == 0


def test_a_vote_against_a_network_that_is_sure_asks_for_another():
    sure = [0.97, 0.01, 0.01, 0.01]
    assert worth(sure, (0, 0, 0, 1)) > worth(sure, NOBODY) > worth(sure, (1, 0, 0, 0))


@given(priors)
def test_without_votes_it_is_the_networks_entropy(prior):
    assert worth(prior, NOBODY) == pytest.approx(-sum(p * log(p) for p in prior))


@given(priors, counts)
def test_it_runs_from_0_to_ln_4(prior, votes):
    assert 0 <= worth(prior, votes) <= log(4) + 1e-12


@given(priors, st.lists(classes, max_size=12), st.randoms(use_true_random=False))
def test_bayes_rule_vote_by_vote_in_any_order_ends_at_the_same(prior, labels, rng):
    belief = prior
    for label in rng.sample(labels, len(labels)):
        belief = posterior(belief, with_votes(NOBODY, label))
    assert belief == pytest.approx(posterior(prior, with_votes(NOBODY, *labels)), abs=1e-9)


@given(priors, counts)
def test_another_vote_for_what_is_believed_lowers_it(prior, votes):
    belief = posterior(prior, votes)
    again = with_votes(votes, belief.index(max(belief)))
    assert worth(prior, again) <= worth(prior, votes) + 1e-12


@given(counts, classes, classes)
def test_agreement_leaves_less_to_learn_than_contradiction(votes, one, other):
    even = [max(votes)] * 4
    agree, differ = with_votes(even, one, one), with_votes(even, one, other)
    assert worth([0.25] * 4, agree) <= worth([0.25] * 4, differ) + 1e-12
