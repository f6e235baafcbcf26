"""What a worker does. Every task is harmless when it runs twice, or for a row that is gone."""

import logging
import traceback

from celery_worker import training
from celery_worker.app import app
from labeling import jobs
from labeling.models import RunCancelled, TrainingRun

logger = logging.getLogger(__name__)


@app.task(name=jobs.TRAIN)
def train(run_id: int) -> None:
    """Train one queued run; of several deliveries, only the one that claims the run does."""
    run = TrainingRun.objects.claim(run_id)
    if run is None:
        return
    try:
        training.carry_out(run)
    except RunCancelled as reason:
        logger.info("%s", reason)
    except (training.Unfit, *training.REFUSALS) as reason:
        run.fail(str(reason))
    except Exception:
        run.fail(traceback.format_exc())
        raise


@app.task(name=jobs.SWEEP)
def sweep() -> None:
    """Queue the runs of dead workers again, and wake a worker for every run that waits."""
    for run_id in TrainingRun.objects.requeue_lost():
        jobs.send(jobs.TRAIN, run_id)
