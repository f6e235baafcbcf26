"""Prediction.queue and .priority, Candidate.open: where all stands after what moves it."""

import pytest
from django.core.management import call_command

from labeling.models import Candidate, Prediction
from tests.labeling.world import (
    entropy_after,
    make_field,
    make_run,
    only_sample,
    promote,
    settle,
    vote,
)

P = (0.1, 0.6, 0.2, 0.1)


@pytest.fixture
def pool(db):
    return only_sample(make_field(candidates=4), control=False)


@pytest.fixture
def run(pool, admin):
    return promote(pool, admin, {c.pk: 1.0 for c in pool.candidates.all()})


@pytest.fixture
def first(pool, run):
    return pool.candidates.order_by("pk").first()


def place(candidate, run):
    """Whether it waits in its field's pool, and for how much."""
    found = Prediction.objects.get(candidate=candidate, run=run)
    return found.queue_id == candidate.field_id, found.priority


def is_open(candidate):
    return Candidate.objects.values_list("open", flat=True).get(pk=candidate.pk)


def test_without_votes_the_value_is_that_of_the_prediction(first, run):
    assert place(first, run) == (True, 1.0)


def test_votes_that_agree_do_not_change_the_value(first, run, ada, bea):
    # Until the last one there is no label to learn from.
    settle(first, [ada, bea], 2)
    assert entropy_after(P, (0, 2, 0, 0)) < 1.0
    assert place(first, run) == (True, 1.0)


def test_a_vote_against_the_network_changes_the_value(first, run, ada):
    vote(first, ada, 3)
    assert place(first, run) == (True, entropy_after(P, (0, 0, 1, 0)))


def test_an_unsure_vote_does_not_change_the_value(first, run, ada):
    vote(first, ada, 0)
    assert place(first, run) == (True, 1.0)


def test_a_retracted_vote_restores_the_value(first, run, ada):
    vote(first, ada, 3).retract()
    assert place(first, run) == (True, 1.0)


def test_enough_votes_remove_it_from_the_queue_and_a_retraction_restores_it(
    first, run, ada, bea, cy
):
    settle(first, [ada, bea], 2)
    last = vote(first, cy, 2)
    assert (place(first, run)[0], is_open(first)) == (False, False)
    last.retract()
    assert place(first, run) == (True, 1.0)
    assert is_open(first)


def test_a_ruling_removes_it_from_the_queue(first, run, cur):
    first.adjudicate(cur, 1, "plain")
    assert (place(first, run)[0], is_open(first)) == (False, False)


def test_a_change_of_the_rules_updates_the_queue(pool, first, run, ada, bea):
    settle(first, [ada, bea], 2)
    pool.early_retirement = True
    pool.save()
    pool.refresh_consensus()
    assert (place(first, run)[0], is_open(first)) == (False, False)
    call_command("audit")


def test_the_control_sample_is_not_in_the_queue_of_a_run(db, admin):
    field = only_sample(make_field(candidates=1), control=True)
    candidate = field.candidates.get()
    run = promote(field, admin, {candidate.pk: 1.0})
    assert not place(candidate, run)[0]


def test_votes_update_newer_runs_too(pool, first, run, admin, ada):
    newer = make_run(pool, admin, {first.pk: 0.5})
    vote(first, ada, 3)
    assert place(first, newer) == place(first, run) == (True, entropy_after(P, (0, 0, 1, 0)))


def test_an_older_run_is_updated_when_it_is_promoted_again(pool, first, run, admin, ada, bea):
    newer = promote(pool, admin, {first.pk: 0.5})
    first.refresh_from_db()
    vote(first, ada, 3)
    second = pool.candidates.order_by("pk")[1]
    settle(second, [ada, bea], 1)
    newer.roll_back()
    assert place(first, run) == (True, entropy_after(P, (0, 0, 1, 0)))
    assert place(second, run) == (True, 1.0)
    call_command("audit")


def test_a_roll_back_updates_the_previous_run(pool, first, run, admin, ada, bea):
    waiting = make_run(pool, admin, {c.pk: 0.7 for c in pool.candidates.all()})
    newer = promote(pool, admin, {first.pk: 0.5})
    vote(first, ada, 3)
    settle(pool.candidates.order_by("pk")[1], [ada, bea], 1)
    newer.roll_back()
    assert place(first, waiting) == (True, entropy_after(P, (0, 0, 1, 0)))
    call_command("audit")


def test_a_roll_back_to_no_run_updates_refused_runs(pool, admin, ada):
    alike = {candidate.pk: 1.0 for candidate in pool.candidates.all()}
    refused, live = make_run(pool, admin, alike), make_run(pool, admin, alike)
    live.promote_unjudged(by=admin)
    first = pool.candidates.first()
    vote(first, ada, 3)
    assert place(first, refused) == (True, 1.0)
    live.roll_back()
    assert place(first, refused) == (True, entropy_after(P, (0, 0, 1, 0)))
    call_command("audit")


def test_a_promotion_updates_candidates_with_votes_only(pool, first, run, admin, ada):
    # However many predictions there are: the pointer, its record, and what the votes on them say.
    newer = make_run(pool, admin, {c.pk: 0.5 for c in pool.candidates.all()})
    vote(first, ada, 3)
    untouched = pool.candidates.order_by("pk").last()
    Prediction.objects.filter(run=newer, candidate=untouched).update(priority=7.0)
    newer.promote_unjudged(by=admin)
    assert place(untouched, newer) == (True, 7.0)
    assert place(first, newer) == (True, entropy_after(P, (0, 0, 1, 0)))
