"""The field of the benchmark of refreshes; to be imported once Django is set up."""

import time
from typing import Any

import numpy as np
from django.contrib.auth import get_user_model
from django.core.management import call_command
from numpy.typing import NDArray

from celery_worker.refresh import run_job
from labeling.db.bulk import BATCH_SIZE
from labeling.models import Candidate, Consensus, Field, Prediction, Refresh
from labeling.models.prediction import set_annotated_queues
from tests.labeling.world import make_field, make_run

BEGUN = 10
"""One in so many of the candidates without a label has a vote."""


def make_refreshed_field(truth: NDArray[np.int64], labels: int, learnt: int) -> Field:
    """Candidates of these classes (N,), the first ones labelled, with a run in use; ids from 1."""
    call_command("migrate", verbosity=0)
    admin = get_user_model().objects.create_user("admin")
    field: Field = make_field("f", candidates=len(truth))
    field.candidates.update(control=False)
    pks = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    assert pks == list(range(1, len(truth) + 1))
    rows = []
    for pk, label in zip(pks, truth.tolist(), strict=True):
        if pk <= labels:
            votes = {"n_votes": 3, f"n_class{label}": 3, "label": label, "status": "agreed"}
        elif pk % BEGUN == 0:
            votes = {"n_votes": 1, f"n_class{label}": 1}
        else:
            continue
        rows.append(Consensus(candidate_id=pk, **votes))
    Consensus.objects.bulk_create(rows, batch_size=1000)
    Candidate.objects.filter(pk__lte=labels).update(open=False)
    run = make_run(field, admin, dict.fromkeys(pks, 1.0))
    run.label_counts = {"train": {"1": learnt}}
    run.save()
    run.promote_unjudged(by=admin)
    return field


def refresh(field: Field) -> tuple[float, float]:
    """Seconds from the claim to the last place, and the longest of a part; checks the places."""
    parts: list[float] = []
    placed: Any = Refresh._reorder

    def timed(*arguments: Any) -> bool:
        start = time.perf_counter()
        try:
            return bool(placed(*arguments))
        finally:
            parts.append(time.perf_counter() - start)

    Refresh._reorder = timed  # type: ignore[method-assign]
    start = time.perf_counter()
    claimed = Refresh.objects.claim(field.pk)
    assert claimed
    run_job(claimed)
    seconds = time.perf_counter() - start
    count = field.candidates.count()
    assert len(parts) == -(-count // BATCH_SIZE)
    assert Prediction.objects.exclude(prior_class1=None).count() > 0.9 * count
    assert set_annotated_queues(Prediction.objects.with_queue_inputs()) == []
    return seconds, max(parts)
