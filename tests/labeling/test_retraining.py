"""When a field trains by itself, and that one wish is one run."""

import pytest

from labeling.models import Field, RunStatus, TrainingRun
from labeling.retraining import outlook, retrain_where_due
from tests.labeling.world import at_once, make_field, only_sample, settle


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


def settle_more(pool, people, count):
    unsettled = pool.candidates.filter(consensus=None).order_by("pk")[:count]
    for candidate in list(unsettled):
        settle(candidate, people, 3)


def test_nothing_trains_before_a_person_has_asked_for_it(pool):
    assert retrain_where_due() == []
    assert outlook(pool).sentence.startswith("No training yet")


def test_enough_new_labels_repeat_the_last_training(pool, first, admin, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 2)
    assert retrain_where_due() == []
    assert outlook(pool).sentence == (
        f"2 newly settled labels since run {first.pk}; 3 start the next training."
    )
    settle_more(pool, (ada, bea, cy), 2)
    assert "4 newly settled labels" in outlook(pool).sentence
    (run,) = retrain_where_due()
    assert (run.automatic, run.requested_by, run.overrides) == (True, admin, {"members": 2})
    assert run.label_counts["train"] == {"1": 2, "2": 2, "3": 4}
    assert outlook(pool).sentence == f"Run {run.pk} is queued."
    assert retrain_where_due() == []


def test_labels_that_fall_away_start_a_training_too(pool, first, ada, bea, cy):
    for candidate in pool.candidates.filter(consensus__label=1)[:1]:
        candidate.votes.all()[0].retract()
    assert outlook(pool).sentence.startswith("1 no longer settled label since")
    assert retrain_where_due() == []
    Field.objects.update(retrain_after=1)
    pool.refresh_from_db()
    assert outlook(pool).due


def test_a_failed_training_is_not_repeated_for_the_same_labels(pool, first, ada, bea, cy):
    settle_more(pool, (ada, bea, cy), 3)
    assert len(retrain_where_due()) == 1
    TrainingRun.objects.update(status=RunStatus.FAILED)
    assert retrain_where_due() == []


def test_what_is_off_stays_off(pool, first, ada, bea, cy):
    Field.objects.update(retrain_after=0)
    settle_more(pool, (ada, bea, cy), 5)
    pool.refresh_from_db()
    assert retrain_where_due() == []
    assert "5 newly settled labels" in outlook(pool).sentence


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
