"""When a field trains by itself, and that one wish is one run."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from labeling.models import Field, RunStatus, TrainingRun, Vote
from labeling.training import retraining
from labeling.training.retraining import QUIET, retrain_due_fields, retraining_state
from labeling.training.training_set import training_set
from tests.labeling.world import at_once, make_field, only_sample, settle, vote


@pytest.fixture
def pool(ada, bea, cy):
    """A field in training, of which the first four of ten candidates are settled."""
    field = only_sample(make_field("pool", 10, retrain_after=3), control=False)
    for number, candidate in enumerate(field.candidates.all()[:4]):
        settle(candidate, (ada, bea, cy), 1 + number % 2)
    return field


@pytest.fixture
def first(pool, admin):
    """The first run of that field, which has failed."""
    run = TrainingRun.objects.request(admin, "quick", fields=[pool], overrides={"members": 2})
    TrainingRun.objects.update(status=RunStatus.FAILED)
    return run


def wait(seconds=QUIET.seconds):
    """Let all that was voted lie so much further back."""
    ago = timedelta(seconds=seconds)
    Vote.objects.update(cast_at=F("cast_at") - ago, retracted_at=F("retracted_at") - ago)


def settle_more(pool, people, count):
    unsettled = pool.candidates.filter(consensus=None).order_by("pk")[:count]
    for candidate in list(unsettled):
        settle(candidate, people, 3)


def test_nothing_trains_before_a_person_has_asked_for_it(pool):
    assert retrain_due_fields() == []
    assert retraining_state(pool).sentence.startswith("No training yet")


def test_enough_new_labels_repeat_the_last_training(pool, first, admin, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 2)
    assert retrain_due_fields() == []
    assert retraining_state(pool).sentence == (
        f"2 newly settled labels since run {first.pk}; 3 start the next training."
    )
    settle_more(pool, (ada, bea, cy), 2)
    wait()
    assert "4 newly settled labels" in retraining_state(pool).sentence
    (run,) = retrain_due_fields()
    assert (run.automatic, run.requested_by, run.overrides) == (True, admin, {"members": 2})
    assert run.label_counts["train"] == {"1": 2, "2": 2, "3": 4}
    assert retraining_state(pool).sentence == f"Run {run.pk} is queued."
    assert retrain_due_fields() == []


def test_new_labels_count_whatever_falls_away(pool, first, ada, bea, cy):
    for candidate in pool.candidates.filter(consensus__label=1):
        candidate.votes.all()[0].retract()
    wait()
    assert retraining_state(pool).sentence.startswith("0 newly settled labels since")
    settle_more(pool, (ada, bea, cy), 2)
    for person in (ada, bea):
        vote(pool.candidates.filter(consensus__label=2)[0], person, 4)
    wait()
    # Two that were open, and one that was of another class.
    assert retraining_state(pool).sentence.startswith("3 newly settled labels since")
    assert len(retrain_due_fields()) == 1


def test_where_hardly_any_labels_are_left_it_waits_for_others(pool, first, ada, bea, cy, cur):
    Field.objects.update(votes_needed=4, retrain_after=1)
    pool.refresh_from_db()
    pool.refresh_consensus()
    wait()
    assert not retraining_state(pool).enough
    new, *others = pool.candidates.filter(consensus=None)
    settle(new, (ada, bea, cy, cur), 3)
    wait()
    assert retraining_state(pool).sentence == (
        f"1 newly settled label since run {first.pk}. It learnt from 4, and in all 1 are settled "
        "now: the next training waits for 2."
    )
    settle(others[0], (ada, bea, cy, cur), 2)
    wait()
    assert len(retrain_due_fields()) == 1


def test_a_failed_training_is_not_repeated_for_the_same_labels(pool, first, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 3)
    wait()
    assert len(retrain_due_fields()) == 1
    TrainingRun.objects.update(status=RunStatus.FAILED)
    assert retrain_due_fields() == []


def test_what_is_off_stays_off(pool, first, ada, bea, cy):
    Field.objects.update(retrain_after=0)
    settle_more(pool, (ada, bea, cy), 5)
    wait()
    pool.refresh_from_db()
    assert retrain_due_fields() == []
    assert "5 newly settled labels" in retraining_state(pool).sentence


def test_it_waits_until_nobody_votes(pool, first, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 3)
    assert retrain_due_fields() == []
    assert retraining_state(pool).sentence == (
        f"3 newly settled labels since run {first.pk}: the next training starts when nobody has "
        "voted for 2 minutes, or at 6 labels."
    )
    wait(QUIET.seconds - 20)
    assert not retraining_state(pool).due
    wait(20)
    assert retraining_state(pool).sentence.endswith("the next training starts within a minute.")
    pool.candidates.filter(consensus__label=3)[0].votes.all()[0].retract()
    assert not retraining_state(pool).quiet


def test_twice_as_many_labels_do_not_wait(pool, first, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 6)
    assert not retraining_state(pool).quiet
    assert len(retrain_due_fields()) == 1


def test_votes_in_any_field_of_the_run_count(pool, admin, ada):
    other = make_field("other")
    TrainingRun.objects.request(admin, "quick", fields=[pool, other])
    wait()
    assert retraining_state(pool).quiet
    settle(other.candidates.all()[0], [ada])
    assert not retraining_state(pool).quiet


def test_a_field_that_fails_does_not_keep_the_others_from_training(pool, admin, ada, bea, cy):
    full = only_sample(make_field("full", 9, retrain_after=3), control=False)
    for number, candidate in enumerate(full.candidates.all()[:2]):
        settle(candidate, (ada, bea, cy), 1 + number)
    runs = [TrainingRun.objects.request(admin, "quick", fields=[f]) for f in (pool, full)]
    TrainingRun.objects.update(status=RunStatus.FAILED)
    for field in (pool, full):
        settle_more(field, (ada, bea, cy), 6)

    def on_a_full_disk(fields, source):
        if pool in fields:
            raise OSError("no space left on device")
        return real(fields, source)

    real = retraining.training_set
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ExceptionGroup) as told:
        patch.setattr(retraining, "training_set", on_a_full_disk)
        retrain_due_fields()
    assert told.value.exceptions[0].__notes__ == ["while pool was to train again"]
    (again,) = TrainingRun.objects.exclude(pk__in=[run.pk for run in runs])
    assert list(again.fields.all()) == [full]


@pytest.mark.django_db(transaction=True)
def test_it_freezes_while_others_may_write(pool, first, ada, bea, cy, monkeypatch):
    def frozen(fields, source):
        assert not connection.in_atomic_block
        return real(fields, source)

    real = retraining.training_set
    monkeypatch.setattr(retraining, "training_set", frozen)
    settle_more(pool, (ada, bea, cy), 6)
    assert len(retrain_due_fields()) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_sweeps_at_once_one_trains_again(pool, first, admin, ada, bea, cy):
    more = TrainingRun.objects.request(admin, "quick", fields=[pool, make_field("other")])
    TrainingRun.objects.update(status=RunStatus.FAILED)
    settle_more(pool, (ada, bea, cy), 6)
    made = at_once(4, lambda _: retrain_due_fields())
    (run,) = [run for some in made for run in some]
    assert set(run.fields.all()) == set(more.fields.all())


def test_one_wish_is_one_run_with_the_labels_of_now(pool, admin, ada, bea, cy):
    wish = {"fields": [pool], "overrides": {"members": 2}}
    first = TrainingRun.objects.request(admin, "quick", **wish)
    settle_more(pool, (ada, bea, cy), 2)
    again = TrainingRun.objects.request(ada, "quick", **wish)
    assert (again, again.requested_by) == (first, admin)
    assert again.label_counts["train"]["3"] == 2
    assert again.manifest_sha256 != first.manifest_sha256
    other = TrainingRun.objects.request(admin, "quick", fields=[pool])
    assert other != first


def test_labels_that_were_frozen_earlier_replace_none(pool, admin, ada, bea, cy):
    slow = training_set([pool], "votes")
    settle_more(pool, (ada, bea, cy), 2)
    run = TrainingRun.objects.request(admin, "quick", fields=[pool])
    assert TrainingRun.objects.request(ada, "quick", fields=[pool], frozen=slow) == run
    run.refresh_from_db()
    assert run.label_counts["train"]["3"] == 2


def test_a_run_that_a_worker_has_begun_is_another_wish(pool, admin):
    first = TrainingRun.objects.request(admin, "quick", fields=[pool])
    TrainingRun.objects.claim(first.pk)
    assert TrainingRun.objects.request(admin, "quick", fields=[pool]) != first


def test_a_field_is_trained_by_one_run_at_a_time(pool, admin):
    one = TrainingRun.objects.request(admin, "quick", fields=[pool])
    assert TrainingRun.objects.claim(one.pk)
    other = TrainingRun.objects.request(admin, "quick")
    assert TrainingRun.objects.claim(other.pk) is None
    one.cancel()
    assert TrainingRun.objects.claim(other.pk) == other


@pytest.mark.django_db(transaction=True)
def test_many_requests_at_once_are_one_run(pool, admin):
    asked = at_once(8, lambda _: TrainingRun.objects.request(admin, "quick", fields=[pool]).pk)
    assert len(set(asked)) == TrainingRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_runs_of_a_field_one_is_claimed(pool, admin):
    runs = [
        TrainingRun.objects.request(admin, "quick", fields=[pool], overrides={"members": k + 1}).pk
        for k in range(4)
    ]
    claimed = at_once(4, lambda k: TrainingRun.objects.claim(runs[k]))
    assert sum(run is not None for run in claimed) == 1
