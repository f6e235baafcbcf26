"""Applications: what becomes of a run's predictions in a field that it was not trained on."""

import threading

import numpy as np
import pytest

from labeling import jobs
from labeling.db.clock import database_now
from labeling.export.rows import catalogue_rows
from labeling.ingest.removal import remove_import
from labeling.models import (
    Application,
    Candidate,
    Field,
    NotReady,
    Promotion,
    RefusedByGate,
    RunStatus,
    TrainingRun,
    job,
)
from labeling.rules.conflicts import JobConflict
from tests.labeling.world import (
    arrays_of,
    at_once,
    lease_next,
    make_field,
    make_run,
    only_sample,
    promote,
    settle,
    vote,
)

CANDIDATES = 40
GOOD, SHUFFLED = 0.9, 0.25


@pytest.fixture
def run(admin):
    """A finished run of a field of its own."""
    return make_run(make_field("trained"), admin)


@pytest.fixture
def new_field(ada, bea, cy):
    """A field that the run was not trained on, with a settled control sample."""
    field = only_sample(make_field("new", CANDIDATES), control=True)
    for number, candidate in enumerate(field.candidates.all()):
        settle(candidate, (ada, bea, cy), 1 + number % 4)
    return field


def answers(field, right):
    """Predictions that are right with this probability, where the classes take turns."""
    rng = np.random.default_rng(0)
    pks = field.candidates.order_by("pk").values_list("pk", flat=True)
    p_NK = np.full((len(pks), 4), 0.1)
    for number in range(len(pks)):
        truth = number % 4
        label = truth if rng.random() < right else (truth + rng.integers(1, 4)) % 4
        p_NK[number, label] = 0.7
    return arrays_of(pks, p_NK)


def finished(run, field, by, predictions):
    """An application that has ended with these predictions."""
    pk = Application.objects.request(run, field, by).pk
    application = Application.objects.claim(pk)
    for _ in application.free_shards():
        pass
    assert application.begin_finishing()
    assert application.succeed(predictions, {})
    field.refresh_from_db()
    run.refresh_from_db()
    return Application.objects.get(pk=pk)


def test_a_run_that_passes_is_promoted_in_a_field_without_one(run, new_field, admin):
    application = finished(run, new_field, admin, answers(new_field, GOOD))
    assert (application.status, application.verdict["of"]) == (RunStatus.READY, CANDIDATES)
    assert new_field.promoted_run == run
    assert application.is_promoted
    assert run.status == RunStatus.PROMOTED
    assert Promotion.objects.get().promoted_by == admin
    (event,) = run.log.filter(text__startswith="Promoted in")
    assert event.text == f"Promoted in {new_field} automatically when the gate let it pass."
    assert list(run.fields.values_list("name", flat=True)) == ["trained"]


def test_unsettled_candidates_bound_its_accuracy(run, new_field, admin, ada, bea, cy):
    *_, last = new_field.candidates.order_by("pk")
    for label, voter in enumerate((ada, bea, cy), start=1):
        vote(last, voter, label)
    application = finished(run, new_field, admin, answers(new_field, 1.0))
    control = application.verdict["control_labels"]
    assert (control["labelled"], control["unsettled"]) == (CANDIDATES - 1, 1)
    assert control["bounds"] == [(CANDIDATES - 1) / CANDIDATES, 1.0]


def test_a_run_that_is_refused_waits_for_a_reason(run, new_field, admin):
    application = finished(run, new_field, admin, answers(new_field, SHUFFLED))
    assert application.status == RunStatus.REFUSED
    assert new_field.promoted_run is None
    assert run.status == RunStatus.READY
    with pytest.raises(RefusedByGate):
        application.promote(admin)
    application.promote(admin, "there is no other")
    new_field.refresh_from_db()
    assert new_field.promoted_run == run
    assert Promotion.objects.get().reason == "there is no other"


def test_without_control_labels_a_person_decides(run, admin):
    field = make_field("new")
    application = finished(run, field, admin, answers(field, GOOD))
    assert application.status == RunStatus.READY
    assert field.promoted_run is None
    application.promote(admin)
    field.refresh_from_db()
    assert field.promoted_run == run


def test_a_run_that_was_refused_at_home_is_never_promoted_by_itself(run, new_field, admin):
    TrainingRun.objects.filter(pk=run.pk).update(
        status=RunStatus.REFUSED, verdict={"reasons": ["It is worse."], "judged": True}
    )
    run.refresh_from_db()
    application = finished(run, new_field, admin, answers(new_field, GOOD))
    assert application.passed_gate
    assert new_field.promoted_run is None


def test_a_promoted_run_of_the_field_stays(run, new_field, admin):
    other = promote(new_field, admin)
    finished(run, new_field, admin, answers(new_field, GOOD))
    assert new_field.promoted_run == other


def test_a_roll_back_returns_the_field_to_its_own_run(run, new_field, admin):
    other = promote(new_field, admin)
    application = finished(run, new_field, admin, answers(new_field, GOOD))
    application.promote(admin)
    run.refresh_from_db()
    assert run.status == RunStatus.PROMOTED
    run.roll_back()
    new_field.refresh_from_db()
    assert new_field.promoted_run == other
    assert TrainingRun.objects.get(pk=run.pk).status == RunStatus.RETIRED


def test_a_roll_back_in_its_field_leaves_the_others(run, new_field, admin):
    application = finished(run, new_field, admin, answers(new_field, GOOD))
    run.promote_unjudged(admin)
    application.roll_back()
    new_field.refresh_from_db()
    run.refresh_from_db()
    assert new_field.promoted_run is None
    assert run.fields.get().promoted_run == run
    assert run.status == RunStatus.PROMOTED


def test_only_a_finished_application_is_promoted(run, new_field, admin):
    application = Application.objects.request(run, new_field, admin)
    with pytest.raises(NotReady, match="is queued"):
        application.promote(admin)


def test_the_same_request_is_one_application(run, new_field, admin):
    first = Application.objects.request(run, new_field, admin)
    assert Application.objects.request(run, new_field, admin) == first


def test_the_queue_and_the_exports_use_its_predictions(run, ada, admin):
    field = only_sample(make_field("new", 4), control=False)
    pks = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    sure = [[0.97, 0.01, 0.01, 0.01]] * 4
    sure[2] = [0.4, 0.3, 0.2, 0.1]
    vote(field.candidates.get(pk=pks[0]), ada, 4)
    application = finished(run, field, admin, arrays_of(pks, sure))
    application.promote(admin)
    field.refresh_from_db()
    (lease,) = lease_next(field, ada, 1)
    assert lease.candidate_id == pks[2]
    rows = {row["candidate"]: row for row in catalogue_rows(field.candidates.all())}
    assert (rows[pks[2]]["run"], rows[pks[2]]["p_class1"]) == (run.pk, 0.4)


def test_a_prediction_that_came_meanwhile_is_kept(run, new_field, admin):
    pk = Application.objects.request(run, new_field, admin).pk
    application = Application.objects.claim(pk)
    first = new_field.candidates.order_by("pk").first()
    run.write_predictions(arrays_of([first.pk], [0.1, 0.2, 0.3, 0.4]), [new_field])
    gone = new_field.candidates.order_by("pk").last()
    Candidate.objects.filter(pk=gone.pk).update(set_aside="cosmic ray")
    list(application.free_shards())
    assert application.succeed(answers(new_field, GOOD), {})
    assert run.predictions.filter(candidate__field=new_field).count() == CANDIDATES - 1
    assert run.predictions.get(candidate=first).p_class4 == 0.4


def test_an_import_is_not_removed_meanwhile(run, new_field, admin):
    application = Application.objects.request(run, new_field, admin)
    record = new_field.imports.get()
    with pytest.raises(JobConflict, match=f"Application {application.pk} uses the candidates"):
        remove_import(record, confirmation=record.file_name)


def test_a_worker_of_an_earlier_claim_stores_nothing(run, new_field, admin):
    pk = Application.objects.request(run, new_field, admin).pk
    first = Application.objects.claim(pk)
    Application.objects.filter(pk=pk).update(status=RunStatus.QUEUED)
    second = Application.objects.claim(pk)
    assert second is not None
    assert not first.succeed(answers(new_field, GOOD), {})
    assert not run.predictions.filter(candidate__field=new_field).exists()


def test_its_share_counts_candidates(run, admin, monkeypatch):
    monkeypatch.setattr("labeling.models.application.SHARD_SIZE", 4)
    field = make_field("new", 10)
    application = Application.objects.claim(Application.objects.request(run, field, admin).pk)
    assert application.share == 0
    shards = application.free_shards()
    next(shards)
    next(shards)
    assert application.share == pytest.approx(0.4)
    assert [shard.count for shard in application.shards.all()] == [4, 4, 2]
    assert Field.objects.get(pk=field.pk).promoted_run is None


def test_it_is_not_resumed_beside_another_of_its_run_and_field(run, new_field, admin):
    first = Application.objects.request(run, new_field, admin)
    first.cancel()
    second = Application.objects.request(run, new_field, admin)
    with pytest.raises(JobConflict, match=f"application {second.pk} of the same run and field"):
        first.resume()
    elsewhere = Application.objects.request(run, make_field("elsewhere"), admin)
    elsewhere.cancel()
    elsewhere.resume()
    assert Application.objects.get(pk=elsewhere.pk).status == RunStatus.QUEUED


def test_a_worker_that_gives_up_at_the_end_queues_it_again(run, new_field, admin, monkeypatch):
    messages = []
    pk = Application.objects.request(run, new_field, admin).pk
    application = Application.objects.claim(pk)
    monkeypatch.setattr(jobs, "send", lambda *message: messages.append(message))
    list(application.free_shards())
    assert application.begin_finishing()
    application.give_up("the disk is full")
    assert Application.objects.get(pk=pk).status == RunStatus.QUEUED
    assert messages == [(jobs.PREDICT, pk)]
    assert Application.objects.claim(pk).begin_finishing() is False


def test_a_worker_does_not_join_again_what_it_gave_up(run, new_field, admin, monkeypatch):
    messages = []
    pk = Application.objects.request(run, new_field, admin).pk
    Application.objects.claim(pk)
    monkeypatch.setattr(jobs, "send", lambda *message: messages.append(message))
    monkeypatch.setattr(job, "worker_name", lambda: "another:1")
    assistant = Application.objects.join(pk)
    next(assistant.free_shards())
    assistant.give_up("the disk is full")
    assert messages == [(jobs.PREDICT, pk)]
    assert Application.objects.join(pk) is None
    monkeypatch.setattr(job, "worker_name", lambda: "third:1")
    assert Application.objects.join(pk) is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_two_at_once_store_each_prediction_once(admin):
    run, field = make_run(make_field("trained"), admin), make_field("new", 40)
    running = {"status": RunStatus.RUNNING, "started_at": database_now(), "requested_by": admin}
    pks = [Application.objects.create(run=run, field=field, **running).pk for _ in range(2)]
    predictions = answers(field, GOOD)

    def end(number):
        return Application.objects.get(pk=pks[number]).succeed(predictions, {})

    assert at_once(2, end) == [True, True]
    assert run.predictions.filter(candidate__field=field).count() == 40


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_workers_at_once_predict_each_shard_once(admin, monkeypatch):
    monkeypatch.setattr("labeling.models.application.SHARD_SIZE", 2)
    run, field = make_run(make_field("trained"), admin), make_field("new", 40)
    pk = Application.objects.request(run, field, admin).pk
    Application.objects.claim(pk)
    threads = threading.local()
    monkeypatch.setattr(job, "worker_name", lambda: threads.name)

    def work(number):
        threads.name = f"worker:{number}"
        application = Application.objects.join(pk)
        if application is None:
            return [], False
        return [shard.number for shard in application.free_shards()], application.begin_finishing()

    answers_of_workers = at_once(6, work)
    numbers = [number for shards, _ in answers_of_workers for number in shards]
    assert sorted(numbers) == list(range(20))
    assert [is_last for _, is_last in answers_of_workers].count(True) == 1
