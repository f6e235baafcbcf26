"""The Celery tasks; each may run twice, or for a row that is gone, without harm.

Jobs that need networks are named by a path, and imported by the process that runs them: torch
takes seconds and half a gigabyte to load, and a worker that waits or sweeps does without it.
"""

import logging
import traceback
from typing import Any

from celery import Task, shared_task
from celery.exceptions import WorkerLostError
from celery.signals import task_failure
from django.db import connections
from django.utils.module_loading import import_string

from celery_worker.errors import InvalidJob
from labeling import jobs
from labeling.housekeeping import (
    delete_application_files,
    delete_expired_sessions,
    delete_old_uploads,
    delete_unused_embeddings,
)
from labeling.models import (
    Application,
    Experiment,
    ImportJob,
    Refresh,
    RunCancelled,
    TrainingRun,
)
from labeling.models.job import Job, WorkerJobQuerySet, all_jobs
from labeling.training.retraining import retrain_due_fields

logger = logging.getLogger(__name__)

TRAINING = "celery_worker.training.run_job"
EXPERIMENT = "celery_worker.experiments.run_job"
PREDICTION = "celery_worker.application.run_job"
REFRESH = "celery_worker.refresh.run_job"
IMPORT = "celery_worker.imports.run_job"


@shared_task(name=jobs.TRAIN, bind=True)
def train(self: Task, run_id: int) -> None:
    """Train one queued run, or assist the worker that trains it."""
    if run := TrainingRun.objects.claim(run_id, self.request.id or ""):
        complete(run, TRAINING)
        delete_unused_embeddings()
        wake(TrainingRun.objects.all())
    elif run := TrainingRun.objects.join(run_id):
        assist(run, TRAINING)


@shared_task(name=jobs.EXPERIMENT, bind=True)
def experiment(self: Task, experiment_id: int) -> None:
    """Run one queued experiment, or those of its arms that are not finished."""
    if claimed := Experiment.objects.claim(experiment_id, self.request.id or ""):
        complete(claimed, EXPERIMENT)


@shared_task(name=jobs.PREDICT, bind=True)
def predict(self: Task, application_id: int) -> None:
    """Predict the candidates of one queued application, or assist the worker that does."""
    if application := Application.objects.claim(application_id, self.request.id or ""):
        complete(application, PREDICTION)
    elif application := Application.objects.join(application_id):
        assist(application, PREDICTION)


@shared_task(name=jobs.REFRESH)
def refresh(field_id: int) -> None:
    """Refresh the order of a field's queue, if enough labels are new and no worker does so."""
    try:
        while claimed := Refresh.objects.claim(field_id):
            import_string(REFRESH)(claimed)
    except InvalidJob as error:
        logger.warning("The order of field %d was not refreshed: %s", field_id, error)


@shared_task(name=jobs.IMPORT, bind=True)
def import_files(self: Task, job_id: int) -> None:
    """Make the preview of one queued import, or import its files."""
    if job := ImportJob.objects.claim(job_id, self.request.id or ""):
        complete(job, IMPORT)


@shared_task(name=jobs.SWEEP)
def sweep() -> None:
    """Queue lost jobs again, wake workers for all waiting ones, and start what is due.

    Expired sessions, old uploads and unused files of applications are deleted.
    """
    for rows in all_jobs():
        wake(rows)
    for field in Refresh.objects.due():
        jobs.send(jobs.REFRESH, field)
    # Last, since it writes files: a full disk must not keep the other jobs from being woken.
    retrain_due_fields()
    delete_expired_sessions()
    delete_old_uploads()
    delete_application_files()


@task_failure.connect
def on_worker_lost(task_id: str, exception: BaseException, **_: Any) -> None:
    """Queue the job of a process that was killed, as for want of memory, without a delay.

    Celery calls this in the parent of that process, so nobody has to wait for a silent heartbeat.
    """
    if not isinstance(exception, WorkerLostError):
        return
    for rows in all_jobs():
        if rows.mark_lost(task_id):
            wake(rows)
    # The parent forks other processes, and keeps no connection to the database.
    connections.close_all()


def wake(rows: WorkerJobQuerySet[Any]) -> None:
    """Send the message of every waiting job; earlier ones were lost or found no free worker."""
    for pk in rows.requeue_lost():
        jobs.send(rows.model.task, pk)


def complete(job: Job, path: str) -> None:
    """Run a claimed job by the function at `path`, and record why it failed if it does."""
    try:
        import_string(path)(job)
    except RunCancelled as error:
        logger.info("%s", error)
    except InvalidJob as error:
        job.fail(str(error))
    except Exception:
        job.fail(traceback.format_exc())
        raise


def assist(shared: TrainingRun | Application, path: str) -> None:
    """Do parts of a job that another worker completes; a failure here does not end the job."""
    try:
        import_string(path)(shared)
    except RunCancelled as error:
        logger.info("%s", error)
    except InvalidJob as error:
        shared.give_up(str(error))
    except Exception as error:
        shared.give_up(f"{type(error).__name__}: {error}")
        raise
