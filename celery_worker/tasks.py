"""What a worker does. Every task is harmless when it runs twice, or for a row that is gone.

Work that needs networks is named, and loaded by the process that comes to do it: torch takes
seconds and half a gigabyte, and a worker that waits or sweeps does without.
"""

import logging
import traceback
from typing import Any

from celery import Task, shared_task
from celery.exceptions import WorkerLostError
from celery.signals import task_failure
from django.db import connections
from django.utils.module_loading import import_string

from celery_worker.unfit import Unfit
from labeling import jobs
from labeling.housekeeping import delete_expired_sessions, delete_unused_embeddings
from labeling.models import Experiment, Refresh, RunCancelled, TrainingRun
from labeling.models.job import Job, WorkerJobQuerySet
from labeling.training.retraining import retrain_due_fields

logger = logging.getLogger(__name__)

TRAINING = "celery_worker.training.carry_out"
EXPERIMENT = "celery_worker.experiments.carry_out"
REFRESH = "celery_worker.refreshing.carry_out"


@shared_task(name=jobs.TRAIN, bind=True)
def train(self: Task, run_id: int) -> None:
    """Train one queued run, or share one that another worker has; nothing if it needs no help."""
    if run := TrainingRun.objects.claim(run_id, self.request.id or ""):
        see_through(run, TRAINING)
        delete_unused_embeddings()
        wake(TrainingRun.objects.all())
    elif run := TrainingRun.objects.join(run_id):
        help_with(run)


@shared_task(name=jobs.EXPERIMENT, bind=True)
def experiment(self: Task, experiment_id: int) -> None:
    """Carry out one queued experiment, or what is left of it; the claim is as for runs."""
    see_through(Experiment.objects.claim(experiment_id, self.request.id or ""), EXPERIMENT)


@shared_task(name=jobs.REFRESH)
def refresh(field_id: int) -> None:
    """Let a field's order follow new labels, if enough have come and no other worker is at it."""
    try:
        while claimed := Refresh.objects.claim(field_id):
            import_string(REFRESH)(claimed)
    except Unfit as reason:
        logger.warning("The order of field %d does not follow new labels: %s", field_id, reason)


@shared_task(name=jobs.SWEEP)
def sweep() -> None:
    """Queue dead workers' work again, wake a worker for all that waits, start what is due.

    And forget sessions that have run out.
    """
    wake(TrainingRun.objects.all())
    wake(Experiment.objects.all())
    for field in Refresh.objects.due():
        jobs.send(jobs.REFRESH, field)
    # Last: it writes files, and a disk that is full must not keep the rest from being woken.
    retrain_due_fields()
    delete_expired_sessions()


@task_failure.connect
def go_on_without(task_id: str, exception: BaseException, **_: Any) -> None:
    """Wake a process for what one was at that was killed, as the system does for want of memory.

    The process that had started it sees it end, so that nobody waits for its silence.
    """
    if not isinstance(exception, WorkerLostError):
        return
    for rows in (TrainingRun.objects.all(), Experiment.objects.all()):
        if rows.mourn(task_id):
            wake(rows)
    # This process begins others, and works with no database itself.
    connections.close_all()


def wake(rows: WorkerJobQuerySet[Any]) -> None:
    """Send the message of all that waits: it was lost, or came while others were at work."""
    for pk in rows.requeue_lost():
        jobs.send(rows.model.task, pk)


def help_with(run: TrainingRun) -> None:
    """Share a run that another worker sees through: what goes wrong here does not end it."""
    try:
        import_string(TRAINING)(run)
    except RunCancelled as reason:
        logger.info("%s", reason)
    except Unfit as reason:
        run.give_up(str(reason))
    except Exception as fault:
        run.give_up(f"{type(fault).__name__}: {fault}")
        raise


def see_through(job: Job | None, carry_out: str) -> None:
    """Carry out what was claimed, if it was, and record it if that ends badly."""
    if job is None:
        return
    try:
        import_string(carry_out)(job)
    except RunCancelled as reason:
        logger.info("%s", reason)
    except Unfit as reason:
        job.fail(str(reason))
    except Exception:
        job.fail(traceback.format_exc())
        raise
