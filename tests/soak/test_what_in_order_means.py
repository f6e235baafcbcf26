"""The judge of the order: it finds what came too late, and nothing that may have been in order."""

import pytest

from tests.soak.expert import Asked, Expert, Voted
from tests.soak.order import Sample

FIRST, SECOND, THIRD = 11, 12, 13
P_OF = {FIRST: [0.5, 0.5, 0, 0], SECOND: [0.6, 0.4, 0, 0], THIRD: [0.8, 0.2, 0, 0]}


@pytest.fixture
def crowd():
    """Two experts who have not asked yet."""
    return [Expert(0, "field", name, "") for name in ("ada", "bea")]


def wrong(crowd, needed=1):
    """What came too early, and before what it came, in the words of the judge."""
    found = Sample(P_OF, needed, crowd).out_of_order(crowd)
    return [(one.expert, one.came, one.before_it) for one in found]


def asked(expert, begun, ended, *candidates):
    expert.asked.append(Asked(begun, ended, candidates))


def voted(expert, begun, ended, candidate, label, *, first=True):
    expert.voted.append(Voted(begun, ended, candidate, label, first))


def test_one_after_the_other_is_in_order(crowd):
    ada, bea = crowd
    asked(ada, 0, 1, FIRST)
    asked(bea, 2, 3, SECOND)
    asked(ada, 4, 5, THIRD)
    assert wrong(crowd) == []


def test_several_at_a_time_are_in_order(crowd):
    asked(crowd[0], 0, 1, FIRST, SECOND, THIRD)
    assert wrong(crowd) == []


def test_what_waited_and_came_too_late_is_found(crowd):
    ada, bea = crowd
    asked(ada, 0, 1, SECOND)
    asked(bea, 2, 3, THIRD)
    assert wrong(crowd) == [("ada", SECOND, (FIRST,)), ("bea", THIRD, (FIRST,))]


def test_what_others_are_being_given_meanwhile_may_be_passed_over(crowd):
    ada, bea = crowd
    asked(ada, 0, 2, FIRST)
    asked(bea, 1, 3, SECOND)
    assert wrong(crowd, needed=2) == []


def test_what_others_vote_on_meanwhile_may_be_passed_over(crowd):
    ada, bea = crowd
    asked(ada, 0, 1, FIRST)
    voted(ada, 2, 4, FIRST, 1)
    asked(bea, 3, 5, SECOND)
    assert wrong(crowd, needed=2) == []


def test_what_still_has_room_comes_before_the_next(crowd):
    ada, bea = crowd
    asked(ada, 0, 1, FIRST)
    asked(bea, 2, 3, SECOND)
    assert wrong(crowd, needed=2) == [("bea", SECOND, (FIRST,))]


def test_what_votes_contradict_moves_up(crowd):
    ada, bea = crowd
    asked(ada, 0, 1, FIRST, SECOND, THIRD)
    voted(ada, 2, 3, THIRD, 2)
    asked(bea, 4, 5, FIRST)
    asked(bea, 6, 7, SECOND)
    assert wrong(crowd, needed=2) == [("bea", SECOND, (THIRD,))]


def test_a_vote_on_its_way_may_be_counted_already_or_not(crowd):
    ada, bea = crowd
    asked(ada, 0, 1, FIRST, SECOND, THIRD)
    voted(ada, 2, 9, THIRD, 2)
    asked(bea, 4, 5, FIRST)
    asked(bea, 6, 7, THIRD)
    assert wrong(crowd, needed=2) == []


def test_a_vote_that_is_sent_again_counts_once(crowd):
    ada, bea = crowd
    asked(ada, 0, 1, FIRST, SECOND, THIRD)
    voted(ada, 2, 3, THIRD, 2)
    voted(ada, 4, 5, THIRD, 2, first=False)
    asked(bea, 6, 7, FIRST)
    asked(bea, 8, 9, THIRD)
    assert wrong(crowd, needed=2) == []
    # Twice the same would leave it behind the second.
    voted(ada, 4, 5, THIRD, 2)
    assert wrong(crowd, needed=2) == [("bea", THIRD, (SECOND,))]
