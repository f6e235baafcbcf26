"""TrainingRun: a request with a lifecycle, claimed by one worker at a time."""

from datetime import timedelta
from hashlib import sha256
from math import nan

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling import jobs
from labeling.db import bulk
from labeling.models import (
    Field,
    Member,
    Prediction,
    ReferenceLabel,
    RunCancelled,
    RunStatus,
    TrainingRun,
    job,
)
from labeling.models.job import MAX_ATTEMPTS
from labeling.rules.conflicts import TooFewClasses
from labeling.rules.strategies import Strategy
from labeling.training.label_source import LabelSource
from labeling.training.requests import request_run
from tests.labeling.world import arrays_of, at_once, make_experiment, make_run, settle


@pytest.fixture
def queued(field, admin):
    return make_run(field, admin, status=RunStatus.QUEUED)


@pytest.fixture
def claimed(queued):
    return TrainingRun.objects.claim(queued.pk)


@pytest.fixture
def sent(monkeypatch):
    """The messages that were sent: task and row."""
    messages = []
    monkeypatch.setattr(jobs, "send", lambda *message: messages.append(message))
    return messages


def predictions(field):
    """Predictions that a worker hands over, for each candidate."""
    pks = field.candidates.values_list("pk", flat=True)
    return arrays_of(pks, [[0.7, 0.1, 0.1, 0.1]] * len(pks))


def status(run):
    return type(run).objects.values_list("status", flat=True).get(pk=run.pk)


def fall_silent():
    TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))


def test_a_request_stores_a_snapshot_of_the_labels(field, admin):
    field.candidates.update(control=False)
    for k, candidate in enumerate(field.candidates.all()):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=1 + k % 3)
    run = request_run(admin, "quick", source=LabelSource("LEGUS"))
    ReferenceLabel.objects.all().delete()
    assert sha256(run.manifest_path.read_bytes()).hexdigest() == run.manifest_sha256
    assert run.label_counts["train"] == {"1": 2, "2": 2, "3": 2}
    assert (run.status, list(run.fields.all())) == (RunStatus.QUEUED, [field])


def test_a_refused_request_leaves_nothing(field, admin, settings):
    with pytest.raises(TooFewClasses):
        request_run(admin, "quick")
    assert not TrainingRun.objects.exists()
    assert list(settings.RUNS.iterdir()) == []


def test_an_interrupted_request_leaves_the_earlier_snapshot(field, admin, ada, bea, cy):
    field.candidates.update(control=False)
    one, two, three = field.candidates.all()[:3]
    settle(one, [ada, bea, cy], 1)
    settle(two, [ada, bea, cy], 2)
    run = request_run(admin, "quick")
    settle(three, [ada, bea, cy], 3)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(jobs, "send_on_commit", killed)
        request_run(admin, "quick")
    assert_has_its_labels(run)
    assert request_run(admin, "quick") == run
    assert_has_its_labels(run)
    assert sorted(run.label_counts["train"]) == ["1", "2", "3"]


def killed(*_):
    raise KeyboardInterrupt


def assert_has_its_labels(run):
    run.refresh_from_db()
    assert sha256(run.manifest_path.read_bytes()).hexdigest() == run.manifest_sha256


def test_a_resumed_run_keeps_its_labels(field, admin, ada, bea, cy):
    field.candidates.update(control=False)
    one, two, three = field.candidates.all()[:3]
    settle(one, [ada, bea, cy], 1)
    settle(two, [ada, bea, cy], 2)
    begun = request_run(admin, "quick")
    TrainingRun.objects.claim(begun.pk).fail("The machine went down.")
    TrainingRun.objects.get(pk=begun.pk).resume()
    settle(three, [ada, bea, cy], 3)
    assert request_run(admin, "quick") != begun
    frozen = sha256(begun.manifest_path.read_bytes()).hexdigest()
    assert frozen == TrainingRun.objects.get(pk=begun.pk).manifest_sha256 == begun.manifest_sha256


def test_one_worker_claims_a_run(queued):
    run = TrainingRun.objects.claim(queued.pk)
    assert (run.status, run.started_at is not None) == (RunStatus.RUNNING, True)
    assert TrainingRun.objects.claim(queued.pk) is None
    assert TrainingRun.objects.claim(0) is None


@pytest.mark.django_db(transaction=True)
def test_one_of_many_concurrent_workers_claims_a_run(queued):
    assert sum(bool(run) for run in at_once(8, lambda _: TrainingRun.objects.claim(queued.pk))) == 1


def test_progress_is_stored_without_nan(claimed):
    claimed.record({"stage": "train", "member": 0, "loss": float("nan")})
    claimed.refresh_from_db()
    assert claimed.progress == {"stage": "train", "member": 0, "loss": None}


def test_each_worker_has_its_own_progress(claimed, monkeypatch):
    members = claimed.free_members()
    helper = TrainingRun.objects.join(claimed.pk)
    mine = next(members)
    with monkeypatch.context() as there:
        there.setattr(job, "worker_name", lambda: "another:1")
        theirs = next(helper.free_members())
        helper.record({"stage": "train", "member": theirs, "batch": 5})
    claimed.record({"stage": "train", "member": mine, "batch": 3})
    assert [told["batch"] for told in claimed.member_progress] == [3, 5]
    # Who goes on to another member is no longer at the one before.
    later = next(members)
    assert [told["batch"] for told in claimed.member_progress] == [5]
    claimed._recorded_at = 0
    claimed.record({"stage": "train", "member": later, "batch": 1})
    assert {told["batch"] for told in claimed.member_progress} == {1, 5}


def test_another_worker_continues_the_member_of_a_dead_worker(claimed, monkeypatch):
    with monkeypatch.context() as there:
        there.setattr(job, "worker_name", lambda: "dead:1")
        dead = TrainingRun.objects.join(claimed.pk)
        theirs = next(dead.free_members())
        dead.record({"stage": "train", "member": theirs, "batch": 5})
    members = claimed.free_members()
    assert [next(members), next(members)] == [1, 2]
    assert TrainingRun.objects.join(claimed.pk) is None
    claimed.member_claims.filter(number=theirs).update(
        heartbeat_at=timezone.now() - job.HEARTBEAT_LOST - timedelta(seconds=1)
    )
    assert claimed.member_progress == []
    assert TrainingRun.objects.join(claimed.pk) == claimed
    assert next(members) == theirs
    assert [line.text for line in claimed.log.all()][-1] == "Member 1: dead:1 fell silent."
    # Should it wake up, it leaves what is no longer its own.
    with monkeypatch.context() as there:
        there.setattr(job, "worker_name", lambda: "dead:1")
        dead._recorded_at = 0
        with pytest.raises(RunCancelled):
            dead.record({"stage": "train", "member": theirs, "batch": 6})
    assert list(members) == []


def test_progress_is_written_once_a_second(claimed):
    for batch in range(100):
        claimed.record({"batch": batch})
    claimed.refresh_from_db()
    assert claimed.progress["batch"] < 99


def test_a_cancelled_run_stops_its_worker(claimed):
    claimed.cancel()
    with pytest.raises(RunCancelled):
        claimed.record({"batch": 1})
    assert status(claimed) == RunStatus.CANCELLED


def test_a_run_of_a_silent_worker_is_queued_again(claimed):
    assert TrainingRun.objects.requeue_lost() == []
    fall_silent()
    assert TrainingRun.objects.requeue_lost() == [claimed.pk]
    assert status(claimed) == RunStatus.QUEUED


def test_a_run_without_progress_is_stalled_after_five_attempts(queued):
    for _ in range(MAX_ATTEMPTS):
        assert TrainingRun.objects.requeue_lost() == [queued.pk]
        assert TrainingRun.objects.claim(queued.pk)
        fall_silent()
    assert TrainingRun.objects.requeue_lost() == []
    queued.refresh_from_db()
    assert queued.status == RunStatus.STALLED
    assert "5 workers died, or were silent for 3 minutes" in queued.error
    queued.resume()
    assert (status(queued), queued.attempts) == (RunStatus.QUEUED, 0)


def die_at(row, *positions):
    """Have a worker come to these positions, the first from where it goes on, and fall silent."""
    worker = type(row).objects.claim(row.pk)
    for position in positions:
        worker._recorded_at = 0
        worker.record({"stage": "train", "member": 0, **position})
    type(row).objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    type(row).objects.requeue_lost()
    return status(row)


NETWORK = ({"batch": 9}, {"member": 1, "batch": 1})
CHECKPOINT = ({"batch": 1}, {"batch": 301})
ARM = ({"arm_number": 1, "batch": 9}, {"arm_number": 2, "batch": 1})
TO_PREDICT = ({"batch": 9}, {"stage": "predict", "batch": 1})


@pytest.mark.parametrize("kept", [NETWORK, CHECKPOINT, ARM, TO_PREDICT])
@pytest.mark.parametrize("make", [make_run, make_experiment])
def test_attempts_are_counted_from_the_last_progress(field, admin, make, kept):
    row = make(field, admin, status=RunStatus.QUEUED)
    again = ({"stage": "prepare", "arm_number": 1}, kept[1])
    assert die_at(row) == die_at(row, *kept) == RunStatus.QUEUED
    for _ in range(MAX_ATTEMPTS - 1):
        assert die_at(row, *again) == RunStatus.QUEUED
    assert die_at(row, *again) == RunStatus.STALLED


def test_a_member_that_is_given_up_is_claimed_by_another_worker(claimed, sent):
    members = claimed.free_members()
    helper = TrainingRun.objects.join(claimed.pk)
    theirs = helper.free_members()
    assert (next(members), next(theirs)) == (0, 1)
    Member.objects.filter(number=0).update(worker="another:1")
    helper.give_up("CUDA error: out of memory")
    assert [line.text for line in claimed.log.all()][-1:] == ["Gave up: CUDA error: out of memory"]
    assert list(claimed.member_claims.values_list("number", flat=True)) == [0]
    assert sent == [(jobs.TRAIN, claimed.pk)]
    assert list(members) == [1, 2]


def test_a_worker_does_not_join_a_run_that_it_gave_up(claimed, monkeypatch, sent):
    TrainingRun.objects.join(claimed.pk).give_up("The driver is too old.")
    assert TrainingRun.objects.join(claimed.pk) is None
    monkeypatch.setattr(job, "worker_name", lambda: "another:1")
    assert TrainingRun.objects.join(claimed.pk) == claimed


def test_finished_members_of_a_worker_that_gives_up_are_kept(claimed, sent):
    helper = TrainingRun.objects.join(claimed.pk)
    members = helper.free_members()
    assert [next(members), next(members)] == [0, 1]
    helper.give_up("The machine is full.")
    assert list(claimed.member_claims.values_list("number", flat=True)) == [0]


def test_a_run_whose_worker_gives_up_predicting_is_queued_again(claimed, sent):
    helper = TrainingRun.objects.join(claimed.pk)
    assert list(helper.free_members()) == [0, 1, 2]
    assert helper.begin_finishing()
    helper.give_up("No space is left on the device.")
    assert status(claimed) == RunStatus.QUEUED
    assert TrainingRun.objects.claim(claimed.pk).begin_finishing()


def test_a_worker_that_lost_its_claim_stops(claimed, field):
    fall_silent()
    TrainingRun.objects.requeue_lost()
    second = TrainingRun.objects.claim(claimed.pk)
    with pytest.raises(RunCancelled):
        claimed.record({"batch": 1})
    claimed.succeed(predictions(field), {})
    assert not claimed.fail("too late")
    assert status(second) == RunStatus.RUNNING
    assert not Prediction.objects.exists()


def test_success_stores_all_and_an_unjudged_run_waits_for_a_person(claimed, field):
    claimed.succeed(predictions(field), {"device": "cpu", "loss": float("inf")})
    claimed.refresh_from_db()
    field.refresh_from_db()
    assert (claimed.status, claimed.predictions.count()) == (RunStatus.READY, 6)
    assert claimed.outcome == {"device": "cpu", "loss": None}
    assert field.promoted_run is None
    assert claimed.log.last().text.startswith("The gate cannot judge it")


def test_a_strategy_chosen_while_predictions_are_written_orders_them(claimed, field, monkeypatch):
    insert = bulk.BulkInsert.__call__

    def choose_and_insert(self, columns):
        Field.objects.update(strategy=Strategy.MARGIN)
        insert(self, columns)

    monkeypatch.setattr(bulk.BulkInsert, "__call__", choose_and_insert)
    claimed.succeed(predictions(field), {})
    waiting = Prediction.objects.exclude(queue=None)
    (margin,) = set(waiting.values_list("priority", flat=True))
    assert margin == pytest.approx(1 - (0.7 - 0.1))
    call_command("audit")


def test_a_second_run_is_not_promoted_automatically(claimed, field, admin):
    first = make_run(field, admin)
    Field.objects.update(promoted_run=first)
    claimed.succeed(predictions(field), {})
    field.refresh_from_db()
    assert field.promoted_run == first


def test_succeeding_twice_changes_nothing(claimed, field):
    claimed.succeed(predictions(field), {"n": 1})
    claimed.succeed(predictions(field), {"n": 2})
    assert Prediction.objects.count() == 6
    claimed.refresh_from_db()
    assert claimed.outcome == {"n": 1}


def test_an_error_while_storing_predictions_leaves_the_run_unchanged(claimed, field):
    broken = predictions(field)
    broken.entropy_N[-1] = nan
    with pytest.raises(Exception, match="entropy"):
        claimed.succeed(broken, {})
    assert status(claimed) == RunStatus.RUNNING
    assert not Prediction.objects.exists()


def test_success_after_a_cancellation_is_ignored(claimed, field):
    TrainingRun.objects.get(pk=claimed.pk).cancel()
    claimed.succeed(predictions(field), {})
    field.refresh_from_db()
    assert (status(claimed), field.promoted_run) == (RunStatus.CANCELLED, None)
    assert not Prediction.objects.exists()


def test_a_failure_stores_the_error(claimed):
    assert claimed.fail("no space left on device")
    claimed.refresh_from_db()
    assert (claimed.status, claimed.error) == (RunStatus.FAILED, "no space left on device")
    assert claimed.finished_at is not None
