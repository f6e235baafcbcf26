"""What a worker does. Every task is harmless when it runs twice, or for a row that is gone."""

import logging
import traceback
from collections.abc import Callable

from celery_worker import experiments, training
from celery_worker.app import app
from celery_worker.frozen import REFUSALS, Unfit
from labeling import jobs
from labeling.models import Experiment, RunCancelled, TrainingRun
from labeling.models.work import Job

logger = logging.getLogger(__name__)


@app.task(name=jobs.TRAIN)
def train(run_id: int) -> None:
    """Train one queued run; of several deliveries, only the one that claims the run does."""
    see_through(TrainingRun.objects.claim(run_id), training.carry_out)


@app.task(name=jobs.EXPERIMENT)
def experiment(experiment_id: int) -> None:
    """Carry out one queued experiment, or what is left of it; the claim is as for runs."""
    see_through(Experiment.objects.claim(experiment_id), experiments.carry_out)


@app.task(name=jobs.SWEEP)
def sweep() -> None:
    """Queue the work of dead workers again, and wake a worker for all that waits."""
    for rows in (TrainingRun.objects, Experiment.objects):
        for pk in rows.requeue_lost():
            jobs.send(rows.model.task, pk)


def see_through(job: Job | None, carry_out: Callable[[Job], None]) -> None:
    """Carry out what was claimed, if it was, and record it if that ends badly."""
    if job is None:
        return
    try:
        carry_out(job)
    except RunCancelled as reason:
        logger.info("%s", reason)
    except (Unfit, *REFUSALS) as reason:
        job.fail(str(reason))
    except Exception:
        job.fail(traceback.format_exc())
        raise
