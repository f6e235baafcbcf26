"""The task that applies a finished run to a field that it was not trained on."""

import pytest
from celery.exceptions import WorkerLostError

import classifier
from celery_worker import application as worker
from celery_worker.tasks import on_worker_lost, predict, sweep, train
from classifier.inference.prediction import Predictions
from labeling import jobs
from labeling.models import (
    Application,
    Candidate,
    Experiment,
    Field,
    ImportJob,
    NothingToPredict,
    RunCancelled,
    RunStatus,
    TrainingRun,
    job,
)
from labeling.models import application as models
from labeling.models.job import all_jobs
from labeling.rules.conflicts import JobConflict
from labeling.training.requests import request_run
from tests.labeling.world import make_run, settle

pytestmark = pytest.mark.beside("postgresql")

TINY = {"members": 2, "batches": 2, "batch_size": 4, "input_px": 32, "pretrained": False}


def labelled(field, experts):
    """The field, with a label for each candidate of the training pool."""
    for number, candidate in enumerate(field.candidates.in_play()):
        Candidate.objects.filter(pk=candidate.pk).update(control=False)
        settle(candidate, experts, 1 + number % 2)
    return field


@pytest.fixture
def trained_field(imported, ada, bea, cy):
    return labelled(imported, [ada, bea, cy])


@pytest.fixture
def new_field(trained_field, sky):
    """A field that is imported after the other, with the same stars."""
    return sky.imported("ngc2000")


def trained(by, *fields):
    """A run that is trained on these fields."""
    run = request_run(by, "quick", fields=fields, overrides=TINY)
    train(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.READY, run.error
    return run


def applied(run, field, by):
    """The application of the run to the field, carried out."""
    application = Application.objects.request(run, field, by)
    predict(application.pk)
    application.refresh_from_db()
    return application


def probabilities(run, field):
    """The run's numbers of the field's candidates, by candidate."""
    rows = run.predictions.filter(candidate__field=field)
    return {row.candidate_id: [*row.probabilities, row.mutual_information] for row in rows}


@pytest.mark.beside("sqlite", "postgresql")
def test_it_gives_the_numbers_of_a_run_with_the_field(trained_field, new_field, admin):
    with_field = trained(admin, trained_field, new_field)
    without = trained(admin, trained_field)
    application = applied(without, new_field, admin)
    assert (application.status, application.error) == (RunStatus.READY, "")
    expected = probabilities(with_field, new_field)
    numbers = probabilities(without, new_field)
    assert set(numbers) == set(new_field.candidates.in_play().values_list("pk", flat=True))
    for pk, values in expected.items():
        assert numbers[pk] == pytest.approx(values, abs=1e-6)


def test_sources_near_training_labels_are_no_new_sky(trained_field, new_field, admin, ada, bea, cy):
    """The field has the same stars; half of them get positions far from all others."""
    run = trained(admin, trained_field)
    candidates = list(new_field.candidates.in_play().order_by("pk"))
    far = candidates[: len(candidates) // 2]
    new_field.candidates.filter(pk__in=[candidate.pk for candidate in far]).update(dec=80.0)
    new_field.candidates.update(control=True)
    for candidate in new_field.candidates.in_play():
        settle(candidate, [ada, bea, cy])
    overlap = applied(run, new_field, admin).verdict["training_overlap"]
    assert overlap["near"] == len(candidates) - len(far)
    assert overlap["of"] == len(candidates)


def test_shards_give_the_same_numbers(trained_field, new_field, admin, monkeypatch):
    run = trained(admin, trained_field)
    whole = applied(run, new_field, admin)
    expected = probabilities(run, new_field)
    rows = run.predictions.filter(candidate__field=new_field)
    diversity = dict(rows.values_list("candidate", "diversity"))
    rows.delete()
    monkeypatch.setattr(models, "SHARD_SIZE", 1)
    sharded = applied(run, new_field, admin)
    assert whole.shards.count() == 1
    assert sharded.shards.count() == len(expected)
    numbers = probabilities(run, new_field)
    assert numbers.keys() == expected.keys()
    for pk, values in expected.items():
        assert numbers[pk] == pytest.approx(values, abs=1e-6)
    for pk, value in rows.values_list("candidate", "diversity"):
        assert value == pytest.approx(diversity[pk], abs=1e-5)
        assert (value is None) == Candidate.objects.get(pk=pk).control
    assert not sharded.directory.exists()


def test_only_missing_candidates_are_predicted_again(trained_field, new_field, admin):
    run = trained(admin, trained_field)
    applied(run, new_field, admin)
    kept = dict(run.predictions.values_list("candidate", "pk"))
    missing = new_field.candidates.in_play().last()
    run.predictions.filter(candidate=missing).delete()
    second = applied(run, new_field, admin)
    assert second.outcome["predictions"] == 1
    now = dict(run.predictions.values_list("candidate", "pk"))
    assert now.keys() == kept.keys()
    assert {pk for pk in kept if now[pk] != kept[pk]} == {missing.pk}
    with pytest.raises(NothingToPredict, match="has predicted all of ngc2000"):
        Application.objects.request(run, new_field, admin)


def test_a_second_delivery_changes_nothing(trained_field, new_field, admin):
    run = trained(admin, trained_field)
    application = applied(run, new_field, admin)
    first = (application.finished_at, run.predictions.count())
    predict(application.pk)
    application.refresh_from_db()
    assert (application.finished_at, run.predictions.count()) == first


def test_a_missing_application_is_no_error(db):
    assert predict(10**6) is None


def test_a_damaged_member_is_named(trained_field, new_field, admin):
    run = trained(admin, trained_field)
    path = run.directory / "member-01.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    application = applied(run, new_field, admin)
    assert application.status == RunStatus.FAILED
    assert f"{path} is not what was written at the end of its training" in application.error
    assert not run.predictions.filter(candidate__field=new_field).exists()


def test_a_missing_run_folder_is_named(trained_field, new_field, admin):
    run = make_run(trained_field, admin)
    application = applied(run, new_field, admin)
    assert application.status == RunStatus.FAILED
    assert "holds no training run: config.json is missing" in application.error


@pytest.mark.beside("sqlite", "postgresql")
def test_two_workers_share_it(trained_field, new_field, admin, monkeypatch):
    monkeypatch.setattr(models, "SHARD_SIZE", 1)
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    predict_shard, workers = worker._predict_shard, []

    def with_help(application, shard):
        workers.append(job.worker_name())
        if len(workers) == 1:
            with monkeypatch.context() as another:
                another.setattr(job, "worker_name", lambda: "another:1")
                # It predicts all others, finds one in work, and leaves the end to that worker.
                predict(application.pk)
                assert not run.predictions.filter(candidate__field=new_field).exists()
        predict_shard(application, shard)

    monkeypatch.setattr(worker, "_predict_shard", with_help)
    predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.READY
    assert set(workers) == {job.worker_name(), "another:1"}
    assert workers.count("another:1") == application.shards.count() - 1
    assert application.outcome["predictions"] == application.shards.count()


@pytest.mark.beside("sqlite", "postgresql")
def test_it_resumes_with_the_shards_that_are_predicted(
    trained_field, new_field, admin, monkeypatch
):
    monkeypatch.setattr(models, "SHARD_SIZE", 1)
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    predict_shard, numbers = worker._predict_shard, []

    def broken(application, shard):
        numbers.append(shard.number)
        if numbers == [0, 1]:
            raise ZeroDivisionError("a fault")
        predict_shard(application, shard)

    monkeypatch.setattr(worker, "_predict_shard", broken)
    with pytest.raises(ZeroDivisionError):
        predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.FAILED
    assert not run.predictions.filter(candidate__field=new_field).exists()
    application.resume()
    predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.READY
    assert numbers == [0, 1, *range(1, application.shards.count())]


def fails_and_is_finished_when_resumed(application, faults):
    """Check that it fails with the patched faults, and is resumed without them."""
    predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.FAILED
    assert "Resume the application" in application.error
    faults.undo()
    application.resume()
    predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.READY


def test_a_damaged_shard_is_predicted_again(trained_field, new_field, admin, monkeypatch):
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    monkeypatch.setattr(Predictions, "write", lambda _, path: path.write_bytes(b"nothing"))
    fails_and_is_finished_when_resumed(application, monkeypatch)


@pytest.mark.parametrize("size", [None, 3, -256], ids=["missing", "damaged", "cut"])
def test_a_shard_without_its_directions_is_predicted_again(
    trained_field, new_field, admin, monkeypatch, size
):
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    predict_shard = worker._predict_shard

    def damaged(application, shard):
        predict_shard(application, shard)
        path = application.shard_path(shard.number).with_suffix(".npy")
        path.write_bytes(path.read_bytes()[:size]) if size else path.unlink()

    monkeypatch.setattr(worker, "_predict_shard", damaged)
    fails_and_is_finished_when_resumed(application, monkeypatch)


def test_it_ends_where_all_candidates_were_predicted_meanwhile(trained_field, new_field, admin):
    run = trained(admin, trained_field)
    first = Application.objects.request(run, new_field, admin)
    assert Application.objects.claim(first.pk).shards.count() == 1
    first.cancel()
    second = applied(run, new_field, admin)
    assert second.outcome["predictions"] > 0
    first.resume()
    predict(first.pk)
    first.refresh_from_db()
    assert (first.status, first.error) == (RunStatus.READY, "")
    assert first.outcome["predictions"] == 0


def test_it_ends_without_candidates(trained_field, new_field, admin):
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    new_field.candidates.update(set_aside="edge")
    predict(application.pk)
    application.refresh_from_db()
    assert (application.status, application.error) == (RunStatus.READY, "")
    assert (application.outcome["predictions"], application.share) == (0, 0.0)


def test_workers_are_asked_to_help_after_a_new_claim(trained_field, new_field, admin, monkeypatch):
    monkeypatch.setattr(models, "SHARD_SIZE", 1)
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    predict_shard, numbers, messages = worker._predict_shard, [], []

    def lost(application, shard):
        numbers.append(shard.number)
        if len(numbers) == 2:
            raise RunCancelled("lost")
        predict_shard(application, shard)

    monkeypatch.setattr(worker, "_predict_shard", lost)
    predict(application.pk)
    Application.objects.filter(pk=application.pk).update(status=RunStatus.QUEUED)
    monkeypatch.setattr(jobs, "send", lambda *message: messages.append(message))
    predict(application.pk)
    assert messages.count((jobs.PREDICT, application.pk)) == (
        min(application.shards.count() - 1, worker.MAX_WORKERS) - 1
    )


def test_the_fault_of_an_assistant_at_the_end_is_recorded(
    trained_field, new_field, admin, monkeypatch
):
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    Application.objects.claim(application.pk)

    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(worker, "_finish", full)
    with pytest.raises(OSError, match="No space"):
        predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.QUEUED
    with pytest.raises(OSError, match="No space"):
        predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.FAILED
    assert "No space left on device" in application.error


def test_a_cancelled_application_stores_nothing(trained_field, new_field, admin, monkeypatch):
    run = trained(admin, trained_field)
    application = Application.objects.request(run, new_field, admin)
    real = classifier.predict

    def cancelled_meanwhile(*arguments, **options):
        Application.objects.get(pk=application.pk).cancel()
        return real(*arguments, **options)

    monkeypatch.setattr(classifier, "predict", cancelled_meanwhile)
    predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.CANCELLED
    assert not run.predictions.filter(candidate__field=new_field).exists()


def test_a_worker_that_fails_at_a_shard_frees_it(trained_field, new_field, admin, monkeypatch):
    run = make_run(trained_field, admin)
    application = Application.objects.request(run, new_field, admin)
    with monkeypatch.context() as another:
        another.setattr(job, "worker_name", lambda: "another:1")
        monkeypatch.setattr(models, "SHARD_SIZE", 3)
        claimed = Application.objects.claim(application.pk)
        next(claimed.free_shards())
    predict(application.pk)
    application.refresh_from_db()
    assert application.status == RunStatus.RUNNING
    assert [shard.worker for shard in application.shards.all()][:2] == ["another:1", ""]
    assert "Gave up" in run.log.last().text


def test_the_sweep_queues_a_lost_application_again(trained_field, new_field, admin, monkeypatch):
    messages = []
    monkeypatch.setattr(jobs, "send", lambda *message: messages.append(message))
    application = Application.objects.request(make_run(trained_field, admin), new_field, admin)
    Application.objects.claim(application.pk, "message")
    Application.objects.all().mark_lost("message")
    sweep()
    assert (jobs.PREDICT, application.pk) in messages
    application.refresh_from_db()
    assert application.status == RunStatus.QUEUED


def test_an_imported_run_cannot_be_applied(trained_field, new_field, admin):
    run = make_run(trained_field, admin)
    TrainingRun.objects.filter(pk=run.pk).update(external="StarcNet")
    run.refresh_from_db()
    with pytest.raises(JobConflict, match="was imported: its network is not here"):
        Application.objects.request(run, new_field, admin)


def test_an_unfinished_run_cannot_be_applied(trained_field, new_field, admin):
    run = make_run(trained_field, admin, status=RunStatus.RUNNING)
    with pytest.raises(JobConflict, match="only a finished run predicts"):
        Application.objects.request(run, new_field, admin)


def test_the_field_does_not_join_the_runs_own(trained_field, new_field, admin):
    run = trained(admin, trained_field)
    applied(run, new_field, admin)
    assert list(run.fields.all()) == [trained_field]
    assert Field.objects.get(pk=new_field.pk).promoted_run is None


def test_every_kind_of_job_is_queued_again(db):
    kinds = {rows.model for rows in all_jobs()}
    assert kinds == {Application, Experiment, ImportJob, TrainingRun}


# The signal's receiver closes the connection.
@pytest.mark.django_db(transaction=True)
def test_the_job_of_a_killed_process_is_queued_again(trained_field, new_field, admin):
    application = Application.objects.request(make_run(trained_field, admin), new_field, admin)
    Application.objects.claim(application.pk, "message")
    on_worker_lost("message", WorkerLostError("killed"))
    application.refresh_from_db()
    assert application.status == RunStatus.QUEUED
