"""labeling.agreement.raters: who is compared with whom, and on which labels."""

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
from labeling.models import Candidate, Opening, ReferenceLabel, Vote
from tests.labeling.conftest import person
from tests.labeling.world import make_field, promote, settle, vote


@pytest.fixture
def three(field, ada, bea, cy):
    """All three vote on four candidates; ada stands alone on the third."""
    said = [(1, 1, 1), (2, 2, 2), (3, 4, 4), (1, 2, 4)]
    for candidate, labels in zip(field.candidates.all(), said, strict=False):
        for expert, label in zip((ada, bea, cy), labels, strict=True):
            vote(candidate, expert, label)
    return list(field.candidates.all())


def named(pairs):
    """Pairs by the names of their raters."""
    return {(pair.first, pair.second): pair.agreement for pair in pairs}


def test_an_expert_is_measured_against_the_consensus_of_the_others(three):
    ratings = read_raters()
    first, second, third, _ = [candidate.pk for candidate in three[:4]]
    assert ratings.others["ada"] == {first: 1, second: 2, third: 4}
    # Without bea, or without cy, the third and the fourth have no single leading class.
    assert ratings.others["bea"] == {first: 1, second: 2}
    found = named(ratings.pairs())["ada", CONSENSUS_OF_OTHERS]
    assert (found.n, found.share) == (3, pytest.approx(2 / 3))


def test_a_curators_ruling_is_no_vote_of_the_others(three, cur):
    three[3].adjudicate(cur, 2, "seen the radial profile")
    assert read_raters().consensus[three[3].pk] == 2
    assert three[3].pk not in read_raters().others["ada"]


@pytest.mark.parametrize("needed", [1, 2])
def test_one_other_is_no_consensus(ada, bea, needed):
    field = make_field("small", votes_needed=needed)
    settle(field.candidates.first(), (ada, bea), 3)
    assert read_raters(field).others == {"ada": {}, "bea": {}}


def test_two_others_are_enough_where_the_first_two_may_settle(ada, bea, cy):
    field = make_field("early", votes_needed=5, early_retirement=True)
    candidate = field.candidates.first()
    settle(candidate, (ada, bea), 3)
    vote(candidate, cy, 4)
    assert read_raters(field).others == {"ada": {}, "bea": {}, "cy": {candidate.pk: 3}}


def test_unsure_is_no_class_and_takes_a_seat(three, ada, bea, cy):
    candidate = three[4]
    vote(candidate, ada, Label.UNSURE)
    settle(candidate, (bea, cy), 1)
    ratings = read_raters()
    assert candidate.pk not in ratings.experts["ada"]
    # One vote for a class beside it is too few, by the rule of the consensus.
    assert candidate.pk not in ratings.others["bea"]


def again(vote, label):
    """The same expert's answer, when the candidate comes a second time."""
    return Vote.objects.create(
        id=uuid4(), candidate=vote.candidate, voter=vote.voter, label=label, repeat_of=vote
    )


def test_an_expert_is_measured_against_their_own_repeats(three, ada):
    mine = list(Vote.objects.live().by(ada).order_by("candidate"))
    for first, label in zip(mine, (1, 3, 3, Label.UNSURE), strict=True):
        again(first, label)
    found = named(pairs_visible_to(ada))["ada", OWN_REPEATS]
    assert (found.n, found.share) == (3, pytest.approx(2 / 3))
    assert found.confusion[1] == (0, 0, 1, 0)


def test_a_slip_that_was_taken_back_measures_nothing(three, ada):
    slip, stands = Vote.objects.live().by(ada).order_by("candidate")[:2]
    again(slip, 4)
    again(stands, 2)
    slip.retract()
    assert read_raters().repeats["ada"] == ({0: 2}, {0: 2})


def test_a_corrected_answer_is_measured_by_its_own_repeat(three, ada):
    slip = Vote.objects.live().by(ada).order_by("candidate").first()
    again(slip, 4)
    again(vote(slip.candidate, ada, 4), 3)
    assert read_raters().repeats["ada"] == ({0: 4}, {0: 3})


def test_a_repeat_that_was_corrected_is_measured_as_corrected(three, ada):
    mine = Vote.objects.live().by(ada).order_by("candidate").first()
    again(mine, 4).retract()
    again(mine, 1)
    assert read_raters().repeats["ada"] == ({0: 1}, {0: 1})


def test_repeats_change_nothing_else(three, ada, cur):
    before = read_raters()
    again(Vote.objects.live().by(ada).first(), 4)
    after = read_raters()
    assert (after.experts, after.others, after.consensus) == (
        before.experts,
        before.others,
        before.consensus,
    )


def test_the_network_is_measured_on_the_control_sample(three, cur):
    Candidate.objects.update(control=False)
    Candidate.objects.filter(pk__in=[c.pk for c in three[1:3]]).update(control=True)
    promote(three[0].field, cur, dict.fromkeys((c.pk for c in three), 0.5))
    ReferenceLabel.objects.create(candidate=three[1], source="LEGUS", label=1)
    found = named(pairs_visible_to(cur))
    assert found["consensus", PROMOTED_NETWORK].n == found["ada", PROMOTED_NETWORK].n == 2
    assert found["LEGUS", PROMOTED_NETWORK].confusion[0] == (0, 1, 0, 0)


def test_a_run_that_is_not_in_use_has_no_say(three, cur):
    Candidate.objects.update(control=True)
    assert not any(PROMOTED_NETWORK in pair for pair in named(pairs_visible_to(cur)))


def test_an_expert_leads_their_pairs(three, bea):
    assert list(named(pairs_visible_to(bea))) == [
        ("bea", "ada"),
        ("bea", "cy"),
        ("bea", CONSENSUS_OF_OTHERS),
    ]


def test_experts_without_votes_are_in_no_pair(three):
    assert list(pairs_visible_to(person("dee", "expert"))) == []


@pytest.mark.parametrize("candidates", [6, 60])
def test_its_questions_are_few_however_many_votes(
    django_assert_num_queries, ada, bea, cy, candidates
):
    field = make_field("large", candidates=candidates)
    for candidate in field.candidates.all():
        settle(candidate, (ada, bea, cy))
    with django_assert_num_queries(6):
        assert len(list(read_raters(field).pairs())) == 6


def test_who_was_talked_round_is_compared_by_what_they_said_before(three, ada):
    third = three[2]
    Opening.objects.note(ada, [third.pk])
    talked_round = vote(third, ada, 4)
    assert (talked_round.votes_visible, third.consensus.n_class4) == (2, 3)
    ratings = read_raters()
    assert (ratings.experts["ada"][third.pk], ratings.consensus[third.pk]) == (3, 4)


def test_a_slip_put_right_blindly_is_not_what_is_compared(field, ada, bea, cur):
    candidate = field.candidates.first()
    for label in (1, 2):
        vote(candidate, ada, label)
    vote(candidate, bea, 3)
    Opening.objects.note(ada, [candidate.pk])
    vote(candidate, ada, 3)
    assert read_raters().experts["ada"] == {candidate.pk: 2}


def test_who_takes_their_vote_back_is_not_compared(three, ada):
    third = three[2]
    vote(third, ada, 4).retract()
    assert third.pk not in read_raters().experts["ada"]


def test_a_curator_who_saw_all_is_taken_by_their_word(three, cur):
    for label in (1, 2):
        vote(three[0], cur, label)
    assert read_raters().experts["cur"] == {three[0].pk: 2}
