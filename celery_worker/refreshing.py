"""Where the two halves meet between trainings: new labels become an order of the queue."""

import numpy as np

from celery_worker.frozen import refusals_are_unfit
from classifier.inference import head_refit
from labeling.models import Refresh
from labeling.training.training_set import frozen_labels


@refusals_are_unfit()
def carry_out(refresh: Refresh) -> None:
    """Refit the heads of a claimed refresh on the labels of today, and reorder its field."""
    run = refresh.run
    labels = refresh.labels()
    learnt = frozen_labels(run.manifest_path)
    found = head_refit.refit(
        run.directory, run.embeddings_path, labels, learnt, wanted=refresh.candidates()
    )
    readable = ~np.isnan(found.probability[:, 0])
    pairs = zip(
        found.candidate[readable].tolist(), found.probability[readable].tolist(), strict=True
    )
    refresh.reorder(dict(pairs), len(labels))
