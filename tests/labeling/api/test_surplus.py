"""PUT /api/v1/votes/{uuid}/ on a candidate that needs no more votes: kept, and said so."""

from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling.models import Consensus, Lease
from tests.labeling.conftest import client_of, person
from tests.labeling.world import answer_of, at_once, lease_to, make_field, put_vote, settle, vote


def surplus(response):
    assert response.status_code == HTTPStatus.OK
    return response.json()["surplus"]


@pytest.fixture
def others(bea, cy, cur):
    return [bea, cy, cur]


def expire(lease):
    """Its time has run out."""
    Lease.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_vote_that_is_needed_is_none(as_ada, candidate, bea, cy):
    settle(candidate, [bea, cy])
    assert surplus(put_vote(as_ada, answer_of(candidate))) is False


def test_a_vote_beyond_those_needed_is_kept_and_says_so(as_ada, candidate, others):
    settle(candidate, others, 1)
    assert surplus(put_vote(as_ada, answer_of(candidate, 4))) is True
    consensus = Consensus.objects.get()
    assert (consensus.n_votes, consensus.n_class4) == (4, 1)


def test_who_still_held_the_lease_was_asked(as_ada, ada, candidate, others):
    lease_to(candidate, ada, "pool")
    settle(candidate, others)
    assert surplus(put_vote(as_ada, answer_of(candidate))) is False


@pytest.mark.parametrize("end", [expire, Lease.skip])
def test_after_the_lease_has_ended_nobody_asked(as_ada, ada, candidate, others, end):
    end(lease_to(candidate, ada, "pool"))
    settle(candidate, others)
    assert surplus(put_vote(as_ada, answer_of(candidate))) is True


def test_where_a_curator_has_ruled_no_vote_is_needed(as_ada, candidate, cur):
    candidate.adjudicate(cur, 2, "plain")
    assert surplus(put_vote(as_ada, answer_of(candidate))) is True


def test_a_change_of_mind_within_the_quota_is_none(as_ada, ada, candidate, bea, cy):
    settle(candidate, [ada, bea, cy])
    assert surplus(put_vote(as_ada, answer_of(candidate, 3))) is False


@pytest.mark.parametrize("late", [False, True])
def test_the_same_again_gives_the_same_answer_whatever_came_since(as_ada, candidate, others, late):
    settle(candidate, others if late else others[:2])
    uuid, body = uuid4(), answer_of(candidate, 2)
    first = put_vote(as_ada, body, uuid)
    if late:
        candidate.votes.get(voter=others[0]).retract()
    else:
        vote(candidate, others[2])
    assert put_vote(as_ada, body, uuid).content == first.content
    assert surplus(first) is late


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_without_a_lease_just_those_beyond_the_quota_are():
    candidate = make_field(candidates=1, votes_needed=3).candidates.get()
    clients = [client_of(person(f"e{k}", "expert")) for k in range(8)]
    said = at_once(8, lambda k: surplus(put_vote(clients[k], answer_of(candidate))))
    assert sorted(said) == [False] * 3 + [True] * 5
    call_command("audit")
