"""Workers that share a run, or fail to; and what the sweep does when something fails."""

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
    """A run that another worker has claimed, and of which it trains the first network."""
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
def stand_in(monkeypatch):
    """Has what trains begin a network and then fail."""

    def fail_with(fault):
        def run_job(run):
            next(run.free_members())
            raise fault

        monkeypatch.setattr(tasks, "import_string", lambda _: run_job)

    return fail_with


def test_a_helper_that_is_refused_leaves_its_network_to_others(run, sent, stand_in):
    stand_in(InvalidJob("A pack is missing here."))
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


def test_a_helper_that_breaks_leaves_its_network_too_and_is_heard(run, sent, stand_in):
    stand_in(ZeroDivisionError("a fault"))
    with pytest.raises(ZeroDivisionError):
        train(run.pk)
    assert [member.number for member in run.member_claims.all()] == [0]
    assert run.log.last().text == "Gave up: ZeroDivisionError: a fault"


def test_a_broken_helper_takes_no_second_offer(run, sent, stand_in):
    stand_in(InvalidJob("The driver is too old."))
    train(run.pk)
    said = run.log.count()
    train(run.pk)
    assert run.log.count() == said


def test_a_worker_does_one_thing_at_a_time():
    assert app.conf.worker_concurrency == 1


def test_a_field_that_cannot_train_again_keeps_nothing_else_from_being_woken(
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
