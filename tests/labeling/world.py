"""Short ways to say what happened: a field appeared, somebody voted, a run was promoted."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import numpy as np
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from classifier.core.uncertainty import entropy
from labeling.models import (
    Candidate,
    CatalogueImport,
    Experiment,
    Field,
    Lease,
    Prediction,
    RunStatus,
    Sample,
    TrainingRun,
)
from labeling.models.lease import WRITE_LEASE
from labeling.queue.expert_queue import ExpertQueue
from labeling.rules.prediction_arrays import PredictionArrays
from labeling.rules.strategies import Strategy, posterior

API = "/api/v1"


class JsonClient(APIClient):
    """A client that speaks JSON unless told otherwise."""

    default_format = "json"


def make_field(name="ngc1", candidates=6, **values):
    """A field whose candidates, with ids from 1, are rows without pixels.

    Asked by entropy unless told otherwise, since the runs made here are told by theirs.
    """
    values = {"strategy": Strategy.ENTROPY, **values}
    field = Field.objects.create(name=name, galaxy=name.upper(), **values)
    source = CatalogueImport.objects.create(
        field=field, file_name="made.csv", fingerprint=name, origin=1, rows=candidates, pack="none"
    )
    rows = []
    for number in range(1, candidates + 1):
        row = Candidate(
            field=field,
            catalogue_import=source,
            catalogue_id=str(number),
            pack_row=number - 1,
            x=10.0 * number,
            y=20.0 * number,
            observed="NUV U B V I",
        )
        row.derive_columns()
        rows.append(row)
    Candidate.objects.bulk_create(rows)
    return field


def only_sample(field, *, control):
    """Put all the field's candidates in one sample, whatever their names say."""
    field.candidates.update(control=control)
    return field


def lease_next(field, expert, count, chosen=None):
    """Lease the next candidates of the field to the expert, as the API does."""
    return ExpertQueue(field, expert, chosen).lease(count)


def lease_to(candidate, expert, sample=""):
    """Lease this candidate to the expert, whatever the order of the queue."""
    now = timezone.now()
    lease = Lease(
        candidate=candidate,
        expert=expert,
        sample=sample or (Sample.CONTROL if candidate.control else Sample.POOL),
        leased_at=now,
        expires_at=now + timedelta(minutes=candidate.field.lease_minutes),
    )
    WRITE_LEASE(lease)
    return lease


def vote(candidate, voter, label=1, **answer):
    """The voter's answer, under a new UUID."""
    return candidate.cast_vote(voter, uuid4(), label=label, **answer)


def served_vote(candidate, voter, label=1, **answer):
    """The voter's answer on a candidate that the queue has served to them."""
    lease_to(candidate, voter)
    return vote(candidate, voter, label, **answer)


def settle(candidate, voters, label=1):
    """All of them say the same of what the queue serves them."""
    for voter in voters:
        served_vote(candidate, voter, label)


def running_run(field, by):
    """A run of the field with a worker at it."""
    running = {"status": RunStatus.RUNNING, "started_at": timezone.now()}
    run = TrainingRun.objects.create(requested_by=by, preset="quick", **running)
    run.fields.add(field)
    return run


def make_run(field, by, entropies=None, status="ready"):
    """A run of the field, with predictions of these entropies by candidate id."""
    run = TrainingRun.objects.create(requested_by=by, preset="quick", status=status)
    run.fields.add(field)
    Prediction.objects.bulk_create(
        Prediction(
            run=run,
            candidate_id=pk,
            label=2,
            p_class1=0.1,
            p_class2=0.6,
            p_class3=0.2,
            p_class4=0.1,
            entropy=entropy,
            ensemble_agreement=0.75,
        )
        for pk, entropy in (entropies or {}).items()
    )
    run.predictions.all().update_queue()
    return run


def arrays_of(candidates, probabilities, **columns):
    """Predictions of one network for candidates by primary key, with other columns if given."""
    p_NK = np.array(probabilities, dtype=float).reshape(-1, 4)
    arrays = PredictionArrays.of_one_network(
        np.array(candidates, dtype=np.int64), p_NK.argmax(axis=1) + 1, p_NK
    )
    return replace(arrays, **{name: np.array(values) for name, values in columns.items()})


def entropy_after(prior, votes):
    """Entropy of one candidate's posterior after votes for each class."""
    return entropy(posterior(np.array([prior]), np.array([votes])))[0]


def make_experiment(field, by, status="queued", sources=("votes",), kind="crop-size", arms=4):
    """An experiment on the field, without its files."""
    sets = [
        {
            "name": source.replace(":", "-"),
            "source": source,
            "sha256": "0" * 64,
            "label_counts": {"train": {"1": 40, "4": 60}, "control": {}},
        }
        for source in sources
    ]
    experiment = Experiment.objects.create(
        requested_by=by,
        kind=kind,
        preset="quick",
        arms=arms,
        status=status,
        training_sets=sets,
        personal=any(source.startswith("expert:") for source in sources),
    )
    experiment.fields.add(field)
    return experiment


def calibrate_run(run, **values):
    """A calibration of the run, with a temperature of 2, as its evaluation stores it."""
    chance = {"mean": 0.08, "low": 0.04, "high": 0.13, "p_value": 0.001}
    reliability = {"expected_calibration_error": 0.2, "negative_log_likelihood": 1.2, "bins": []}
    reliability["chance"] = chance
    after = {"expected_calibration_error": 0.05, "negative_log_likelihood": 1.0, "bins": []}
    stored = {"temperature": 2.0, "count": 140, "note": "", "before": reliability, "after": after}
    run.outcome = {**run.outcome, "calibration": stored | values}
    run.save(update_fields=["outcome"])


def promote(field, by, entropies=None):
    """A promoted run of the field."""
    run = make_run(field, by, entropies)
    run.promote_unjudged(by=by)
    field.refresh_from_db()
    return run


def answer_of(candidate, label=1, **more):
    """The body of a vote."""
    return {"candidate": candidate.pk, "label": label, **more}


def put_vote(client, body, uuid=None):
    """PUT votes/{uuid}/."""
    return client.put(f"{API}/votes/{uuid or uuid4()}/", body)


def at_once(count, action):
    """Call `action(k)` for k from 0 in threads that start together; their results in order.

    Each thread has a database connection of its own, and its own transactions.
    """
    start = threading.Barrier(count)

    def one(k):
        try:
            start.wait(20)
            return action(k)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def problem(response, status):
    """The problem object of a refusal, once it is one."""
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    assert body["detail"]
    return body
