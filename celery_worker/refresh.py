"""Refresh the order of a field's queue: refit the heads of its run on the labels of today."""

import numpy as np

from celery_worker.snapshot import refusals_as_invalid_jobs
from classifier.core.training_set import TRAIN
from classifier.inference import head_refit
from labeling.models import Refresh


@refusals_as_invalid_jobs()
def run_job(refresh: Refresh) -> None:
    """Refit the heads for a claimed refresh, and reorder the queue of its field."""
    run = refresh.run
    labels = refresh.labels()
    refit = head_refit.refit(
        run.directory,
        run.embeddings_path,
        labels,
        run.snapshot_labels(TRAIN),
        wanted=refresh.candidates(),
    )
    readable_N = ~np.isnan(refit.probability[:, 0])
    candidates = refit.candidate[readable_N].tolist()
    probabilities = refit.probability[readable_N].tolist()
    refresh.reorder(dict(zip(candidates, probabilities, strict=True)), len(labels))
