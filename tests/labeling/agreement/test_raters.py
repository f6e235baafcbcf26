"""labeling.agreement.raters: which raters are compared, and on which labels."""

from uuid import uuid4

import pytest

from labeling.agreement.raters import (
    CONSENSUS_OF_OTHERS,
    OWN_REPEATS,
    PROMOTED_NETWORK,
    pairs_visible_to,
    read_raters,
)
from labeling.classes import Label
from labeling.models import Candidate, ReferenceLabel, Vote
from tests.labeling.conftest import person
from tests.labeling.world import make_field, promote, settle, vote


@pytest.fixture
def three(field, ada, bea, cy):
    """Four candidates with votes of all three experts; ada differs from both on the third."""
    labels_by_candidate = [(1, 1, 1), (2, 2, 2), (3, 4, 4), (1, 2, 4)]
    for candidate, labels in zip(field.candidates.all(), labels_by_candidate, strict=False):
        for expert, label in zip((ada, bea, cy), labels, strict=True):
            vote(candidate, expert, label)
    return list(field.candidates.all())


def named(pairs):
    """Pairs by the names of their raters."""
    return {(pair.first, pair.second): pair.agreement for pair in pairs}


def test_an_expert_is_compared_with_the_consensus_of_the_others(three):
    raters = read_raters()
    first, second, third, _ = [candidate.pk for candidate in three[:4]]
    assert raters.consensus_of_others["ada"] == {first: 1, second: 2, third: 4}
    # Without bea, or without cy, the third and the fourth have no single leading class.
    assert raters.consensus_of_others["bea"] == {first: 1, second: 2}
    agreement = named(raters.pairs())["ada", CONSENSUS_OF_OTHERS]
    assert (agreement.n, agreement.share) == (3, pytest.approx(2 / 3))


def test_a_curators_ruling_is_no_vote_of_the_others(three, cur):
    three[3].adjudicate(cur, 2, "judged by the radial profile")
    assert read_raters().consensus[three[3].pk] == 2
    assert three[3].pk not in read_raters().consensus_of_others["ada"]


@pytest.mark.parametrize("votes_needed", [1, 2])
def test_one_vote_is_no_consensus_of_the_others(ada, bea, votes_needed):
    field = make_field("small", votes_needed=votes_needed)
    settle(field.candidates.first(), (ada, bea), 3)
    assert read_raters(field).consensus_of_others == {"ada": {}, "bea": {}}


def test_two_others_are_enough_with_early_retirement(ada, bea, cy):
    field = make_field("early", votes_needed=5, early_retirement=True)
    candidate = field.candidates.first()
    settle(candidate, (ada, bea), 3)
    vote(candidate, cy, 4)
    assert read_raters(field).consensus_of_others == {"ada": {}, "bea": {}, "cy": {candidate.pk: 3}}


def test_unsure_is_no_class_but_counts_as_a_vote(three, ada, bea, cy):
    candidate = three[4]
    vote(candidate, ada, Label.UNSURE)
    settle(candidate, (bea, cy), 1)
    raters = read_raters()
    assert candidate.pk not in raters.experts["ada"]
    # The rule needs two votes for the leading class.
    assert candidate.pk not in raters.consensus_of_others["bea"]


def repeat(vote, label):
    """Record the same expert's answer when the candidate is served repeat."""
    return Vote.objects.create(
        id=uuid4(), candidate=vote.candidate, voter=vote.voter, label=label, repeat_of=vote
    )


def test_an_expert_is_compared_with_their_own_repeats(three, ada):
    votes = list(Vote.objects.live().by(ada).order_by("candidate"))
    for first, label in zip(votes, (1, 3, 3, Label.UNSURE), strict=True):
        repeat(first, label)
    agreement = named(pairs_visible_to(ada))["ada", OWN_REPEATS]
    assert (agreement.n, agreement.share) == (3, pytest.approx(2 / 3))
    assert agreement.confusion[1] == (0, 0, 1, 0)


def test_repeats_of_a_retracted_vote_are_left_out(three, ada):
    retracted, valid = Vote.objects.live().by(ada).order_by("candidate")[:2]
    repeat(retracted, 4)
    repeat(valid, 2)
    retracted.retract()
    assert read_raters().repeats["ada"] == ({0: 2}, {0: 2})


def test_a_changed_vote_is_compared_with_its_own_repeat(three, ada):
    first_vote = Vote.objects.live().by(ada).order_by("candidate").first()
    repeat(first_vote, 4)
    repeat(vote(first_vote.candidate, ada, 4), 3)
    assert read_raters().repeats["ada"] == ({0: 4}, {0: 3})


def test_a_retracted_repeat_is_left_out(three, ada):
    first_vote = Vote.objects.live().by(ada).order_by("candidate").first()
    repeat(first_vote, 4).retract()
    repeat(first_vote, 1)
    assert read_raters().repeats["ada"] == ({0: 1}, {0: 1})


def test_repeats_do_not_change_other_labels(three, ada, cur):
    before = read_raters()
    repeat(Vote.objects.live().by(ada).first(), 4)
    after = read_raters()
    assert (after.experts, after.consensus_of_others, after.consensus) == (
        before.experts,
        before.consensus_of_others,
        before.consensus,
    )


def test_the_network_is_compared_on_the_control_sample(three, cur):
    Candidate.objects.update(control=False)
    Candidate.objects.filter(pk__in=[c.pk for c in three[1:3]]).update(control=True)
    Vote.objects.filter(candidate__in=three[1:3]).update(sample="control")
    promote(three[0].field, cur, dict.fromkeys((c.pk for c in three), 0.5))
    ReferenceLabel.objects.create(candidate=three[1], source="LEGUS", label=1)
    agreement = named(pairs_visible_to(cur))
    assert agreement["consensus", PROMOTED_NETWORK].n == agreement["ada", PROMOTED_NETWORK].n == 2
    assert agreement["LEGUS", PROMOTED_NETWORK].confusion[0] == (0, 1, 0, 0)


def test_only_a_promoted_run_is_compared(three, cur):
    Candidate.objects.update(control=True)
    assert not any(PROMOTED_NETWORK in pair for pair in named(pairs_visible_to(cur)))


def test_an_expert_is_the_first_rater_of_their_pairs(three, bea):
    assert list(named(pairs_visible_to(bea))) == [
        ("bea", "ada"),
        ("bea", "cy"),
        ("bea", CONSENSUS_OF_OTHERS),
    ]


def test_experts_without_votes_are_in_no_pair(three):
    assert list(pairs_visible_to(person("dee", "expert"))) == []


@pytest.mark.parametrize("candidates", [6, 60])
def test_the_number_of_queries_does_not_grow_with_the_votes(
    django_assert_num_queries, ada, bea, cy, candidates
):
    field = make_field("large", candidates=candidates)
    for candidate in field.candidates.all():
        settle(candidate, (ada, bea, cy))
    with django_assert_num_queries(8):
        assert len(list(read_raters(field).pairs())) == 6


def test_a_vote_changed_after_a_disclosure_is_compared_by_the_blind_one(three, ada):
    third = three[2]
    Candidate.objects.disclose(ada, [third.pk])
    informed_vote = vote(third, ada, 4)
    assert (informed_vote.votes_visible, third.consensus.n_class4) == (2, 3)
    raters = read_raters()
    assert (raters.experts["ada"][third.pk], raters.consensus[third.pk]) == (3, 4)


def test_the_last_blind_vote_is_compared(field, ada, bea, cur):
    candidate = field.candidates.first()
    for label in (1, 2):
        vote(candidate, ada, label)
    vote(candidate, bea, 3)
    Candidate.objects.disclose(ada, [candidate.pk])
    vote(candidate, ada, 3)
    assert read_raters().experts["ada"] == {candidate.pk: 2}


def test_a_retracted_vote_is_not_compared(three, ada):
    third = three[2]
    vote(third, ada, 4).retract()
    assert third.pk not in read_raters().experts["ada"]


def test_a_curator_who_never_voted_blindly_is_compared_by_the_current_vote(three, cur):
    for label in (1, 2):
        vote(three[0], cur, label)
    assert read_raters().experts["cur"] == {three[0].pk: 2}


def test_of_many_people_those_with_most_votes_are_compared_in_pairs(field, monkeypatch):
    monkeypatch.setattr("labeling.agreement.raters.MAX_COMPARED", 2)
    first, second = field.candidates.all()[:2]
    for name in ("a", "b", "c"):
        vote(first, person(name))
    for name in ("b", "c"):
        vote(second, Vote.objects.filter(voter__username=name).get().voter)
    raters = read_raters()
    assert raters.compared() == ["b", "c"]
    assert raters.compared("a") == ["a", "b"]
    experts = {p for p in named(raters.pairs()) if set(p) <= {"a", "b", "c"}}
    assert experts == {("b", "c")}
