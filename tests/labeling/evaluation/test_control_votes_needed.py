"""Control candidates need blind votes of the queue, whatever settles them in the catalogue."""

from importlib import import_module

import pytest
from django.apps import apps

from labeling.models import Candidate, Lease, Sample
from labeling.rules.band_rule import BandRule
from tests.labeling.conftest import person
from tests.labeling.world import (
    lease_next,
    lease_to,
    make_field,
    only_sample,
    served_vote,
    settle,
    vote,
)


@pytest.fixture
def field(db):
    return only_sample(make_field(candidates=4, votes_needed=2), control=True)


@pytest.fixture
def settled(field, ada, bea, cur):
    """Candidates that are settled by hand, by a ruling, and by the queue; the last one waits."""
    by_hand, ruled, by_queue, waiting = field.candidates.order_by("pk")
    vote(by_hand, ada)
    vote(by_hand, bea)
    ruled.adjudicate(cur, 4, "a star")
    settle(by_queue, (ada, bea))
    served_vote(waiting, ada)
    return by_hand, ruled, by_queue, waiting


def open_ones(field):
    return set(field.candidates.filter(open=True).values_list("pk", flat=True))


def test_what_other_votes_or_a_ruling_settled_is_served_on(field, settled, cy, stranger):
    by_hand, ruled, _, waiting = settled
    for expert in (cy, stranger):
        leases = lease_next(field, expert, 4)
        assert {lease.sample for lease in leases} == {Sample.CONTROL}
        for lease in leases:
            vote(lease.candidate, expert)
    assert not open_ones(field)
    assert by_hand.votes.live().count() == 4
    assert ruled.votes.live().count() == waiting.votes.live().count() == 2
    ruled.refresh_from_db()
    assert ruled.consensus.label == 4


def test_a_candidate_of_the_pool_is_settled_by_any_vote(field, ada, bea, cy):
    only_sample(field, control=False)
    candidate = field.candidates.first()
    vote(candidate, ada)
    vote(candidate, bea)
    assert candidate.pk not in {lease.candidate_id for lease in lease_next(field, cy, 4)}


def test_no_more_experts_are_served_than_control_votes_are_missing(field, ada, bea):
    candidate = field.candidates.first()
    field.candidates.exclude(pk=candidate.pk).delete()
    for expert in (ada, bea):
        vote(candidate, expert)
    experts = [person(f"e{number}") for number in range(3)]
    assert [len(lease_next(field, expert, 1)) for expert in experts] == [1, 1, 0]


def test_a_late_control_vote_is_surplus_only_beyond_control_votes(field, ada, bea, cy):
    candidate = field.candidates.first()
    for expert in (ada, bea):
        vote(candidate, expert)
    assert not late_vote(candidate, cy).surplus
    settle(candidate, [person("dan")])
    assert late_vote(candidate, person("eve")).surplus


def late_vote(candidate, expert):
    """A vote after the end of a lease from the control sample."""
    lease_to(candidate, expert)
    Lease.objects.update(expires_at="2020-01-01T00:00Z")
    return vote(candidate, expert)


def test_one_that_is_put_to_the_vote_again_needs_its_control_votes(field, settled):
    expected = open_ones(field)
    assert field.candidates.apply_band_rule(BandRule(min_observed=6))
    assert not open_ones(field)
    assert field.candidates.apply_band_rule(BandRule())
    assert open_ones(field) == expected


def test_early_retirement_does_not_close_what_the_catalogue_needs(field, ada, bea, cy):
    type(field).objects.update(votes_needed=4, early_retirement=True)
    candidate = field.candidates.first()
    vote(candidate, cy, 3)
    settle(candidate, (ada, bea))
    assert Candidate.objects.get(pk=candidate.pk).open


def test_the_upgrade_opens_what_other_votes_have_closed(field, settled, ada, cy):
    *_, waiting = settled
    # Changed after others' opinions were shown: the blind vote still counts.
    served_vote(waiting, cy)
    field.candidates.disclose(ada, [waiting.pk])
    vote(waiting, ada, 3)
    expected = open_ones(field)
    assert len(expected) == 2
    field.candidates.update(open=False)
    migration = import_module("labeling.migrations.0025_control_votes_needed")
    migration.open_again(apps, None)
    assert open_ones(field) == expected
