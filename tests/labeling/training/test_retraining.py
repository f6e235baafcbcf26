"""Automatic retraining of a field, and that equal requests are one run."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from labeling.models import Field, RunStatus, TrainingRun, Vote
from labeling.training import retraining
from labeling.training.label_source import CONSENSUS
from labeling.training.requests import request_run
from labeling.training.retraining import QUIET, retrain_due_fields, retraining_state
from labeling.training.training_set import take_snapshot
from tests.labeling.world import at_once, make_field, only_sample, settle, vote


@pytest.fixture
def pool(ada, bea, cy):
    """A field of the training pool; the first four of its ten candidates are settled."""
    field = only_sample(make_field("pool", 10, retrain_after=3), control=False)
    for number, candidate in enumerate(field.candidates.all()[:4]):
        settle(candidate, (ada, bea, cy), 1 + number % 2)
    return field


@pytest.fixture
def first(pool, admin):
    """The first run of that field; it failed."""
    run = request_run(admin, "quick", fields=[pool], overrides={"members": 2})
    TrainingRun.objects.update(status=RunStatus.FAILED)
    return run


def wait(seconds=QUIET.seconds):
    """Move all votes back in time by so many seconds."""
    ago = timedelta(seconds=seconds)
    Vote.objects.update(cast_at=F("cast_at") - ago, retracted_at=F("retracted_at") - ago)


def settle_more(pool, people, count):
    unsettled = pool.candidates.filter(consensus=None).order_by("pk")[:count]
    for candidate in list(unsettled):
        settle(candidate, people, 3)


def test_no_field_trains_before_the_first_request(pool):
    assert retrain_due_fields() == []
    assert retraining_state(pool).sentence.startswith("No training yet")


def test_enough_new_labels_repeat_the_last_training(pool, first, admin, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 2)
    assert retrain_due_fields() == []
    assert retraining_state(pool).sentence == (
        f"The next training starts after 3 new labels (2 so far since run {first.pk})."
    )
    settle_more(pool, (ada, bea, cy), 2)
    wait()
    assert "4 new labels" in retraining_state(pool).sentence
    (run,) = retrain_due_fields()
    assert (run.automatic, run.requested_by, run.overrides) == (True, admin, {"members": 2})
    assert run.label_counts["train"] == {"1": 2, "2": 2, "3": 4}
    assert retraining_state(pool).sentence == f"Run {run.pk} is queued."
    assert retrain_due_fields() == []


def test_lost_labels_are_not_subtracted_from_the_new_ones(pool, first, ada, bea, cy):
    for candidate in pool.candidates.filter(consensus__label=1):
        candidate.votes.all()[0].retract()
    wait()
    assert retraining_state(pool).sentence.endswith(f"(0 so far since run {first.pk}).")
    settle_more(pool, (ada, bea, cy), 2)
    for person in (ada, bea):
        vote(pool.candidates.filter(consensus__label=2)[0], person, 4)
    wait()
    # Two candidates without a label, and one with another class.
    assert retraining_state(pool).sentence.startswith("3 new labels since")
    assert len(retrain_due_fields()) == 1


def test_with_few_settled_labels_it_waits_for_more(pool, first, ada, bea, cy, cur):
    Field.objects.update(votes_needed=4, retrain_after=1)
    pool.refresh_from_db()
    pool.refresh_consensus()
    wait()
    assert not retraining_state(pool).has_enough
    first_open, *more_open = pool.candidates.filter(consensus=None)
    settle(first_open, (ada, bea, cy, cur), 3)
    wait()
    assert retraining_state(pool).sentence == (
        f"1 new label since run {first.pk}. That run used 4 labels, and 1 are settled now. The "
        "next training waits for 2."
    )
    settle(more_open[0], (ada, bea, cy, cur), 2)
    wait()
    assert len(retrain_due_fields()) == 1


def test_a_failed_training_is_not_repeated_for_the_same_labels(pool, first, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 3)
    wait()
    assert len(retrain_due_fields()) == 1
    TrainingRun.objects.update(status=RunStatus.FAILED)
    assert retrain_due_fields() == []


def test_a_threshold_of_zero_disables_retraining(pool, first, ada, bea, cy):
    Field.objects.update(retrain_after=0)
    settle_more(pool, (ada, bea, cy), 5)
    wait()
    pool.refresh_from_db()
    assert retrain_due_fields() == []
    assert "5 new labels" in retraining_state(pool).sentence


def test_it_waits_until_nobody_votes(pool, first, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 3)
    assert retrain_due_fields() == []
    assert retraining_state(pool).sentence == (
        f"3 new labels since run {first.pk}. The next training starts after 2 minutes without "
        "votes, or after 6 new labels."
    )
    wait(QUIET.seconds - 20)
    assert not retraining_state(pool).is_due
    wait(20)
    assert retraining_state(pool).sentence.endswith("The next training starts within a minute.")
    pool.candidates.filter(consensus__label=3)[0].votes.all()[0].retract()
    assert not retraining_state(pool).is_quiet


def test_twice_the_threshold_does_not_wait(pool, first, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 6)
    assert not retraining_state(pool).is_quiet
    assert len(retrain_due_fields()) == 1


def test_votes_in_any_field_of_the_run_count(pool, admin, ada):
    other = make_field("other")
    request_run(admin, "quick", fields=[pool, other])
    wait()
    assert retraining_state(pool).is_quiet
    settle(other.candidates.all()[0], [ada])
    assert not retraining_state(pool).is_quiet


def test_an_error_in_one_field_does_not_stop_the_others(pool, admin, ada, bea, cy):
    full = only_sample(make_field("full", 9, retrain_after=3), control=False)
    for number, candidate in enumerate(full.candidates.all()[:2]):
        settle(candidate, (ada, bea, cy), 1 + number)
    runs = [request_run(admin, "quick", fields=[f]) for f in (pool, full)]
    TrainingRun.objects.update(status=RunStatus.FAILED)
    for field in (pool, full):
        settle_more(field, (ada, bea, cy), 6)

    def fail_in_pool(fields, source):
        if pool in fields:
            raise OSError("no space left on device")
        return real(fields, source)

    real = retraining.take_snapshot
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ExceptionGroup) as error:
        patch.setattr(retraining, "take_snapshot", fail_in_pool)
        retrain_due_fields()
    assert error.value.exceptions[0].__notes__ == ["while retraining pool"]
    (new_run,) = TrainingRun.objects.exclude(pk__in=[run.pk for run in runs])
    assert list(new_run.fields.all()) == [full]


@pytest.mark.django_db(transaction=True)
def test_the_snapshot_is_made_outside_the_transaction(pool, first, ada, bea, cy, monkeypatch):
    def check_transaction(fields, source):
        assert not connection.in_atomic_block
        return real(fields, source)

    real = retraining.take_snapshot
    monkeypatch.setattr(retraining, "take_snapshot", check_transaction)
    settle_more(pool, (ada, bea, cy), 6)
    assert len(retrain_due_fields()) == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_sweeps_make_one_run(pool, first, admin, ada, bea, cy):
    last_run = request_run(admin, "quick", fields=[pool, make_field("other")])
    TrainingRun.objects.update(status=RunStatus.FAILED)
    settle_more(pool, (ada, bea, cy), 6)
    results = at_once(4, lambda _: retrain_due_fields())
    (run,) = [run for runs in results for run in runs]
    assert set(run.fields.all()) == set(last_run.fields.all())


def test_equal_requests_are_one_run_on_the_current_labels(pool, admin, ada, bea, cy):
    request = {"fields": [pool], "overrides": {"members": 2}}
    first = request_run(admin, "quick", **request)
    settle_more(pool, (ada, bea, cy), 2)
    second = request_run(ada, "quick", **request)
    assert (second, second.requested_by) == (first, admin)
    assert second.label_counts["train"]["3"] == 2
    assert second.manifest_sha256 != first.manifest_sha256
    different = request_run(admin, "quick", fields=[pool])
    assert different != first


def test_an_older_snapshot_does_not_replace_a_newer_one(pool, admin, ada, bea, cy):
    older = take_snapshot([pool], CONSENSUS)
    settle_more(pool, (ada, bea, cy), 2)
    run = request_run(admin, "quick", fields=[pool])
    assert request_run(ada, "quick", fields=[pool], snapshot=older) == run
    run.refresh_from_db()
    assert run.label_counts["train"]["3"] == 2


def test_a_claimed_run_is_not_reused_for_a_request(pool, admin):
    first = request_run(admin, "quick", fields=[pool])
    TrainingRun.objects.claim(first.pk)
    assert request_run(admin, "quick", fields=[pool]) != first


def test_a_field_is_trained_by_one_run_at_a_time(pool, admin):
    running = request_run(admin, "quick", fields=[pool])
    assert TrainingRun.objects.claim(running.pk)
    queued = request_run(admin, "quick")
    assert TrainingRun.objects.claim(queued.pk) is None
    running.cancel()
    assert TrainingRun.objects.claim(queued.pk) == queued


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_are_one_run(pool, admin):
    pks = at_once(8, lambda _: request_run(admin, "quick", fields=[pool]).pk)
    assert len(set(pks)) == TrainingRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_claims_take_one_run_of_a_field(pool, admin):
    runs = [
        request_run(admin, "quick", fields=[pool], overrides={"members": k + 1}).pk
        for k in range(4)
    ]
    claimed = at_once(4, lambda k: TrainingRun.objects.claim(runs[k]))
    assert sum(run is not None for run in claimed) == 1
