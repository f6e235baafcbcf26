"""labeling.rules.consensus: the rule, as a pure function of the live votes."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.classes import Label
from labeling.rules.consensus import (
    RULE_VERSION,
    Ballot,
    ConsensusProvenance,
    ConsensusStatus,
    verdict_of,
)

ballots = st.lists(st.builds(Ballot, st.sampled_from(list(Label)), st.booleans()), max_size=9)
votes_needed = st.integers(1, 5)
rulings = st.none() | st.integers(1, 4)
U = Label.UNSURE


def consensus_of(labels, votes_needed=3, **options):
    return verdict_of([Ballot(label) for label in labels], votes_needed, **options)


@pytest.mark.parametrize(
    ("labels", "votes_needed", "label", "status"),
    [
        ([], 1, None, ConsensusStatus.INSUFFICIENT),
        ([1, 1], 3, None, ConsensusStatus.INSUFFICIENT),
        ([1], 1, 1, ConsensusStatus.AGREED),
        ([U], 1, None, ConsensusStatus.TIE),
        ([2, 2], 2, 2, ConsensusStatus.AGREED),
        ([2, 3], 2, None, ConsensusStatus.TIE),
        ([2, U], 2, None, ConsensusStatus.TIE),
        ([4, 4, 4], 3, 4, ConsensusStatus.AGREED),
        ([4, 4, 1], 3, 4, ConsensusStatus.MAJORITY),
        ([4, 4, U], 3, 4, ConsensusStatus.MAJORITY),
        ([1, 2, 3], 3, None, ConsensusStatus.TIE),
        ([1, 1, 2, 2], 3, None, ConsensusStatus.TIE),
        ([1, U, U], 3, None, ConsensusStatus.TIE),
        ([U, U, U], 3, None, ConsensusStatus.TIE),
        ([1, 1, 2, 3, 4], 5, 1, ConsensusStatus.MAJORITY),
        ([1, 1, 2, 2, 4], 5, None, ConsensusStatus.TIE),
        ([1, 2, U, U, U], 5, None, ConsensusStatus.TIE),
        ([3, 3, 3, 3], 3, 3, ConsensusStatus.AGREED),
    ],
)
def test_the_label_is_the_single_most_frequent_class_of_enough_votes(
    labels, votes_needed, label, status
):
    result = consensus_of(labels, votes_needed)
    assert (result.label, result.status) == (label, status)


def test_it_counts_every_answer_and_measures_agreement():
    result = consensus_of([1, 1, 2, U])
    assert result.counts == (2, 1, 0, 0)
    assert (result.n_unsure, result.n_votes) == (1, 4)
    assert result.agreement == pytest.approx(2 / 3)
    assert result.class_mean == pytest.approx(4 / 3)
    assert result.vote_entropy == pytest.approx(math.log(3) - 2 / 3 * math.log(2))
    assert result.rule_version == RULE_VERSION


def test_the_entropy_ranges_from_0_to_ln_4():
    assert consensus_of([3, 3, 3]).vote_entropy == 0
    assert consensus_of([1, 2, 3, 4]).vote_entropy == pytest.approx(math.log(4))


def test_without_class_votes_the_measures_are_none():
    result = consensus_of([U, U, U])
    assert (result.agreement, result.class_mean, result.vote_entropy) == (None, None, None)


@pytest.mark.parametrize("labels", [[], [1], [1, 2, 3], [4, 4, 4]])
def test_a_curators_ruling_overrides_the_votes(labels):
    result = consensus_of(labels, ruling=2)
    assert (result.label, result.status) == (2, ConsensusStatus.ADJUDICATED)
    assert result.counts == consensus_of(labels).counts


@pytest.mark.parametrize(
    ("visible", "provenance"),
    [
        ([], ConsensusProvenance.NETWORK),
        ([True], ConsensusProvenance.NETWORK_AND_ONE),
        ([False], ConsensusProvenance.ONE),
        ([False, False], ConsensusProvenance.SEVERAL),
        ([False, True, False], ConsensusProvenance.SEVERAL_AFTER_NETWORK),
    ],
)
def test_the_provenance_says_who_classified(visible, provenance):
    ballots = [Ballot(1, suggestion_visible) for suggestion_visible in visible]
    assert verdict_of(ballots, 3).provenance == provenance


def test_provenance_keeps_the_numbers_of_legus():
    numbers = {p.name: p.value for p in ConsensusProvenance}
    assert numbers["NETWORK"] == 0
    assert numbers["NETWORK_AND_ONE"] == 1
    assert numbers["SEVERAL"] == 3
    assert numbers["SEVERAL_AFTER_NETWORK"] == 4


@given(ballots, votes_needed, rulings, st.randoms(use_true_random=False))
def test_the_order_of_the_votes_does_not_matter(example, n_needed, ruling, rng: random.Random):
    shuffled = rng.sample(example, len(example))
    assert verdict_of(shuffled, n_needed, ruling) == verdict_of(example, n_needed, ruling)


@given(ballots, votes_needed)
def test_the_label_is_the_mode_or_none(example, n_needed):
    result = verdict_of(example, n_needed)
    assert result.n_votes == len(example)
    if result.label is None:
        assert result.status in {ConsensusStatus.INSUFFICIENT, ConsensusStatus.TIE}
    else:
        other_counts = [n for label, n in enumerate(result.counts, 1) if label != result.label]
        assert result.counts[result.label - 1] > max(other_counts)
        assert result.n_votes >= n_needed
