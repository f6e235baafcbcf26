"""Workers that assist with a run and fail; a sweep in which one part fails."""

import pytest

from celery_worker import tasks
from celery_worker.app import app
from celery_worker.errors import InvalidJob
from celery_worker.tasks import sweep, train
from labeling import jobs
from labeling.models import Field, RunStatus, TrainingRun, job
from tests.labeling.world import make_field, make_run


@pytest.fixture
def field(db):
    return make_field()


@pytest.fixture
def run(field, admin):
    """A run that another worker has claimed, and whose first member it trains."""
    queued = make_run(field, admin, status=RunStatus.QUEUED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "worker_name", lambda: "another:1")
        claimed = TrainingRun.objects.claim(queued.pk)
        next(claimed.free_members())
    return claimed


@pytest.fixture
def sent(monkeypatch):
    """The messages that were sent: task and row."""
    messages = []
    monkeypatch.setattr(jobs, "send", lambda *message: messages.append(message))
    return messages


@pytest.fixture
def fail_in_training(monkeypatch):
    """Let the training of a member start and then fail with an error."""

    def fail_with(fault):
        def run_job(run):
            next(run.free_members())
            raise fault

        monkeypatch.setattr(tasks, "import_string", lambda _: run_job)

    return fail_with


def test_an_invalid_job_releases_the_member(run, sent, fail_in_training):
    fail_in_training(InvalidJob("A pack is missing here."))
    train(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING
    assert [member.number for member in run.member_claims.all()] == [0]
    last = run.log.last()
    assert (last.text, last.worker) == (
        "Gave up: A pack is missing here.",
        job.worker_name(),
    )
    assert sent == [(jobs.TRAIN, run.pk)]


def test_another_error_releases_the_member_and_is_raised(run, sent, fail_in_training):
    fail_in_training(ZeroDivisionError("a fault"))
    with pytest.raises(ZeroDivisionError):
        train(run.pk)
    assert [member.number for member in run.member_claims.all()] == [0]
    assert run.log.last().text == "Gave up: ZeroDivisionError: a fault"


def test_a_worker_that_failed_does_not_assist_again(run, sent, fail_in_training):
    fail_in_training(InvalidJob("The driver is too old."))
    train(run.pk)
    lines = run.log.count()
    train(run.pk)
    assert run.log.count() == lines


def test_a_worker_runs_one_task_at_a_time():
    assert app.conf.worker_concurrency == 1


def test_a_field_that_fails_to_retrain_does_not_stop_the_sweep(
    run, field, admin, sent, monkeypatch
):
    def full(_field):
        raise OSError("no space left on device")

    waiting = make_run(field, admin, status=RunStatus.QUEUED)
    Field.objects.update(retrain_after=1)
    monkeypatch.setattr("labeling.training.retraining.retraining_state", full)
    monkeypatch.setattr("labeling.models.Refresh.objects.due", lambda: [field.pk])
    with pytest.raises(ExceptionGroup, match="Some fields"):
        sweep()
    assert sent == [(jobs.TRAIN, waiting.pk), (jobs.REFRESH, field.pk)]
