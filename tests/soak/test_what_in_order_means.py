"""tests.soak.order reports candidates that came too early, and none that may have been in order."""

import pytest

from tests.soak.expert import Expert, QueueRequest, VoteRequest
from tests.soak.order import Sample

FIRST, SECOND, THIRD = 11, 12, 13
P_OF = {FIRST: [0.5, 0.5, 0, 0], SECOND: [0.6, 0.4, 0, 0], THIRD: [0.8, 0.2, 0, 0]}


@pytest.fixture
def crowd():
    """Two experts without requests."""
    return [Expert(0, "field", name, "") for name in ("ada", "bea")]


def errors(crowd, needed=1):
    """Return expert and candidate of each error, and the candidates that should precede it."""
    out_of_order = Sample(P_OF, needed, crowd).out_of_order(crowd)
    return [(error.expert, error.candidate, error.preceding) for error in out_of_order]


def get(expert, sent_at, answered_at, *candidates):
    expert.queue_requests.append(QueueRequest(sent_at, answered_at, candidates))


def vote(expert, sent_at, answered_at, candidate, label, *, is_new=True):
    expert.vote_requests.append(VoteRequest(sent_at, answered_at, candidate, label, is_new))


def test_single_candidates_one_after_the_other_are_in_order(crowd):
    ada, bea = crowd
    get(ada, 0, 1, FIRST)
    get(bea, 2, 3, SECOND)
    get(ada, 4, 5, THIRD)
    assert errors(crowd) == []


def test_several_candidates_of_one_request_are_in_order(crowd):
    get(crowd[0], 0, 1, FIRST, SECOND, THIRD)
    assert errors(crowd) == []


def test_a_candidate_that_waited_should_have_come_first(crowd):
    ada, bea = crowd
    get(ada, 0, 1, SECOND)
    get(bea, 2, 3, THIRD)
    assert errors(crowd) == [("ada", SECOND, (FIRST,)), ("bea", THIRD, (FIRST,))]


def test_a_candidate_that_another_expert_gets_meanwhile_may_be_passed_over(crowd):
    ada, bea = crowd
    get(ada, 0, 2, FIRST)
    get(bea, 1, 3, SECOND)
    assert errors(crowd, needed=2) == []


def test_a_candidate_that_another_expert_votes_on_meanwhile_may_be_passed_over(crowd):
    ada, bea = crowd
    get(ada, 0, 1, FIRST)
    vote(ada, 2, 4, FIRST, 1)
    get(bea, 3, 5, SECOND)
    assert errors(crowd, needed=2) == []


def test_a_candidate_with_room_for_a_second_vote_comes_first(crowd):
    ada, bea = crowd
    get(ada, 0, 1, FIRST)
    get(bea, 2, 3, SECOND)
    assert errors(crowd, needed=2) == [("bea", SECOND, (FIRST,))]


def test_a_vote_against_the_network_moves_a_candidate_up(crowd):
    ada, bea = crowd
    get(ada, 0, 1, FIRST, SECOND, THIRD)
    vote(ada, 2, 3, THIRD, 2)
    get(bea, 4, 5, FIRST)
    get(bea, 6, 7, SECOND)
    assert errors(crowd, needed=2) == [("bea", SECOND, (THIRD,))]


def test_a_concurrent_vote_may_be_counted_or_not(crowd):
    ada, bea = crowd
    get(ada, 0, 1, FIRST, SECOND, THIRD)
    vote(ada, 2, 9, THIRD, 2)
    get(bea, 4, 5, FIRST)
    get(bea, 6, 7, THIRD)
    assert errors(crowd, needed=2) == []


def test_a_vote_that_is_sent_again_counts_once(crowd):
    ada, bea = crowd
    get(ada, 0, 1, FIRST, SECOND, THIRD)
    vote(ada, 2, 3, THIRD, 2)
    vote(ada, 4, 5, THIRD, 2, is_new=False)
    get(bea, 6, 7, FIRST)
    get(bea, 8, 9, THIRD)
    assert errors(crowd, needed=2) == []
    # A second vote for the class would put it after the second candidate.
    vote(ada, 4, 5, THIRD, 2)
    assert errors(crowd, needed=2) == [("bea", THIRD, (SECOND,))]
