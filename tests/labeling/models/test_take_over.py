"""Fair at the end: a place that was held for long goes to who would have nothing to do."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling.models import Field, Lease, Vote
from labeling.models.lease import OVERDUE_AFTER
from tests.labeling.conftest import person
from tests.labeling.world import at_once, lease_next, lease_to, make_field, vote


def grow_old(leases, by=OVERDUE_AFTER + timedelta(seconds=1)):
    """They were given so long ago; their holder has kept them alive since."""
    leases.update(leased_at=timezone.now() - by)


@pytest.fixture
def field(db):
    return make_field(candidates=2, votes_needed=1)


def test_a_recent_lease_is_not_taken_over(field, ada, bea):
    lease_next(field, ada, 2)
    assert lease_next(field, bea, 1) == []


def test_the_oldest_lease_is_taken_over(field, ada, bea, cy):
    (old,) = lease_next(field, ada, 1)
    grow_old(Lease.objects, by=3 * OVERDUE_AFTER)
    lease_next(field, bea, 1)
    grow_old(Lease.objects.of(bea))
    (lease,) = lease_next(field, cy, 1)
    assert (lease.candidate, lease.sample) == (old.candidate, old.sample)
    assert [x.expert for x in Lease.objects.live().filter(candidate=old.candidate)] == [cy]


def test_leases_are_taken_over_only_if_no_candidate_waits(field, ada, bea):
    (old,) = lease_next(field, ada, 1)
    grow_old(Lease.objects)
    (lease,) = lease_next(field, bea, 1)
    assert lease.candidate != old.candidate


def test_the_previous_holder_is_told_and_may_still_vote(field, ada, bea):
    old, _ = lease_next(field, ada, 2)
    grow_old(Lease.objects.filter(pk=old.pk))
    (lease,) = lease_next(field, bea, 1)
    assert lease.candidate == old.candidate
    assert not old.extend()
    # The place is promised to bea: what ada says is kept, and late.
    assert vote(old.candidate, ada).surplus is True
    assert vote(old.candidate, bea).surplus is False


def test_a_concurrent_heartbeat_does_not_revive_it(field, ada, bea, monkeypatch):
    old, _ = lease_next(field, ada, 2)
    grow_old(Lease.objects.filter(pk=old.pk))
    before = timezone.now()
    lease_next(field, bea, 1)
    monkeypatch.setattr("labeling.models.lease.database_now", lambda: before)
    assert not old.extend()


def test_a_lease_on_a_candidate_with_the_experts_vote_is_not_taken_over(field, ada, bea):
    one, two = field.candidates.all()
    for candidate in (one, two):
        lease_to(candidate, ada)
    grow_old(Lease.objects)
    vote(one, bea).retract()
    vote(two, bea)
    assert [lease.candidate for lease in lease_next(field, bea, 2)] == [one]


def test_an_expert_takes_over_no_lease_on_an_unsettled_candidate_they_voted_on(ada, bea, cy):
    field = make_field("unsettled", candidates=2, votes_needed=2)
    one, two = field.candidates.all()
    for candidate, expert in ((one, ada), (one, cy), (two, ada)):
        lease_to(candidate, expert)
    grow_old(Lease.objects)
    vote(two, bea)
    assert [lease.candidate for lease in lease_next(field, bea, 2)] == [one]


def test_the_lease_of_a_repeat_is_not_taken_over(field, ada, bea):
    one, _ = field.candidates.all()
    lease_to(one, ada, "repeat")
    grow_old(Lease.objects)
    assert len(lease_next(field, bea, 2)) == 2


@pytest.mark.django_db(transaction=True)
def test_the_last_candidates_get_exactly_the_needed_votes():
    field = make_field(candidates=5, votes_needed=2)
    experts = [person(f"e{k}", "expert") for k in range(10)]
    for expert in experts[:2]:
        lease_next(field, expert, 5)
    grow_old(Lease.objects)
    # Ten places, all held by two who are slow: everyone else gets some, one each.
    got = at_once(8, lambda k: len(lease_next(Field.objects.get(), experts[2 + k], 1)))
    assert got == [1] * 8
    assert Lease.objects.live().count() == 10

    def label_all(k):
        for lease in Lease.objects.of(experts[k]).select_related("candidate__field"):
            vote(lease.candidate, experts[k])

    at_once(10, label_all)
    asked = Counter(Vote.objects.live().filter(surplus=False).values_list("candidate", flat=True))
    assert max(asked.values()) <= 2
    assert Vote.objects.live().count() == 18
    call_command("audit")
