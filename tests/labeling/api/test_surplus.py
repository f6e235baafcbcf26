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


def test_a_needed_vote_is_not_surplus(as_ada, candidate, bea, cy):
    settle(candidate, [bea, cy])
    assert surplus(put_vote(as_ada, answer_of(candidate))) is False


def test_a_vote_beyond_those_needed_is_stored_and_surplus(as_ada, candidate, others):
    settle(candidate, others, 1)
    assert surplus(put_vote(as_ada, answer_of(candidate, 4))) is True
    consensus = Consensus.objects.get()
    assert (consensus.n_votes, consensus.n_class4) == (4, 1)


def test_a_vote_with_a_lease_is_not_surplus(as_ada, ada, candidate, others):
    lease_to(candidate, ada, "pool")
    settle(candidate, others)
    assert surplus(put_vote(as_ada, answer_of(candidate))) is False


@pytest.mark.parametrize("end", [expire, Lease.skip])
def test_a_vote_after_the_end_of_the_lease_is_surplus(as_ada, ada, candidate, others, end):
    end(lease_to(candidate, ada, "pool"))
    settle(candidate, others)
    assert surplus(put_vote(as_ada, answer_of(candidate))) is True


def test_a_vote_after_a_ruling_is_surplus(as_ada, candidate, cur):
    candidate.adjudicate(cur, 2, "plain")
    assert surplus(put_vote(as_ada, answer_of(candidate))) is True


def test_a_changed_vote_within_the_quota_is_not_surplus(as_ada, ada, candidate, bea, cy):
    settle(candidate, [ada, bea, cy])
    assert surplus(put_vote(as_ada, answer_of(candidate, 3))) is False


@pytest.mark.parametrize("late", [False, True])
def test_the_same_request_gives_the_same_answer_after_other_votes(as_ada, candidate, others, late):
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
def test_of_concurrent_votes_without_a_lease_those_beyond_the_quota_are_surplus():
    candidate = make_field(candidates=1, votes_needed=3).candidates.get()
    clients = [client_of(person(f"e{k}", "expert")) for k in range(8)]
    said = at_once(8, lambda k: surplus(put_vote(clients[k], answer_of(candidate))))
    assert sorted(said) == [False] * 3 + [True] * 5
    call_command("audit")
