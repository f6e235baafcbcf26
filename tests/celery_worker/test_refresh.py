"""The task that refreshes the order of a field's queue by refitted heads."""

import json
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
import torch
from django.core.management import call_command
from django.utils import timezone
from safetensors.torch import save_file

from celery_worker.tasks import refresh, sweep, train
from classifier import Manifest, TrainingConfig
from classifier.core.csv_files import csv_lines
from classifier.core.training_set import COLUMNS
from classifier.inference import embeddings
from labeling import jobs
from labeling.db import bulk
from labeling.export.rows import catalogue_rows
from labeling.models import Field, Prediction, Refresh, TrainingRun
from labeling.models.prediction import PRIOR
from labeling.training.requests import request_run
from tests.labeling.world import (
    at_once,
    entropy_after,
    lease_next,
    make_field,
    make_run,
    only_sample,
    promote,
    settle,
    vote,
)

COUNT = 60
AFTER = 8


def feature(number):
    """The only feature of a candidate: its position between two classes, from -2 to 2."""
    return 4 * (number - 1) / (COUNT - 1) - 2


def write_run(run, field):
    """Write a finished run of two members that separate class 1 from class 2 at 0."""
    run.directory.mkdir(parents=True)
    run.manifest_path.write_text("".join(csv_lines(COLUMNS, [])))
    config = TrainingConfig.from_dict("quick", {"members": 2})
    about = {"format": "asterism-run/1", "config": config.to_dict()}
    (run.directory / "config.json").write_text(json.dumps(about))
    numbers = dict(field.candidates.order_by("pk").values_list("pk", "catalogue_id"))
    manifest = Manifest(run.directory, "", np.array(list(numbers)), *[np.zeros(COUNT)] * 7)
    features = embeddings.create(run.embeddings_path, 2, manifest, 1)
    features[:] = np.array([[feature(int(n))] for n in numbers.values()])[None].repeat(2, axis=0)
    embeddings.finish(run.embeddings_path, np.zeros(COUNT, dtype=np.int64))
    head = {"head.weight": torch.tensor([[-2.0], [2], [0], [0]])}
    head["head.bias"] = torch.tensor([0.0, 0, -9, -9])
    for member in range(2):
        save_file(head, run.directory / f"member-{member:02d}.safetensors")


@pytest.fixture
def field(db):
    rules = {"votes_needed": 2, "refresh_after": AFTER, "control_share": 0.0}
    return only_sample(make_field(candidates=COUNT, **rules), control=False)


@pytest.fixture
def run(field, admin):
    run = promote(field, admin, {c.pk: 1.0 for c in field.candidates.all()})
    write_run(run, field)
    return run


def differences():
    """Differences in the audit, except candidates that were put in the training pool by hand."""
    output = StringIO()
    with suppress(SystemExit):
        call_command("audit", stdout=output)
    *lines, _count = output.getvalue().splitlines()
    return [line for line in lines if "is in the wrong sample" not in line]


def numbered(field, number):
    return field.candidates.get(catalogue_id=str(number))


def label(field, people, numbers):
    """Let two experts label as if class 2 began at 1, not at 0."""
    for number in numbers:
        settle(numbered(field, number), people, 2 if feature(number) > 1 else 1)


@pytest.fixture
def labelled(field, run, ada, bea):
    """A field with enough new labels for a refresh."""
    label(field, [ada, bea], range(1, COUNT, 3))
    return field


@pytest.fixture
def refreshed(labelled):
    refresh(labelled.pk)
    return labelled


def refitted(run):
    return run.predictions.exclude(prior_class1=None)


def test_the_order_follows_the_experts(refreshed, run, cy):
    first = [int(lease.candidate.catalogue_id) for lease in lease_next(refreshed, cy, 5)]
    assert np.median([feature(number) for number in first]) > 0.5
    in_order = run.predictions.filter(queue=refreshed).order_by("-priority", "candidate_id")
    expected = [int(p.candidate.catalogue_id) for p in in_order[:5]]
    assert sorted(first) == sorted(expected)
    assert differences() == []


def test_it_records_the_number_of_labels_and_the_time(refreshed, run):
    result = Refresh.objects.get(field=refreshed)
    assert (result.run, result.n_labels, result.claimed_at) == (run, 20, None)
    assert timezone.now() - result.made_at < timedelta(minutes=1)
    assert 0 < result.seconds < 60


def test_the_predictions_of_the_run_do_not_change(labelled, run):
    columns = ("pk", "label", "p_class1", "p_class2", "p_class3", "p_class4", "entropy")
    before = list(run.predictions.order_by("pk").values_list(*columns))
    rows = list(catalogue_rows(labelled.candidates.all()))
    refresh(labelled.pk)
    assert refitted(run).exists()
    assert list(run.predictions.order_by("pk").values_list(*columns)) == before
    assert list(catalogue_rows(labelled.candidates.all())) == rows


def test_too_few_new_labels_change_nothing(field, run, ada, bea):
    label(field, [ada, bea], range(1, AFTER))
    refresh(field.pk)
    assert not refitted(run).exists()
    label(field, [ada, bea], [AFTER])
    refresh(field.pk)
    assert Refresh.objects.get().n_labels == AFTER


def test_labels_of_the_training_do_not_count_as_new(labelled, run):
    TrainingRun.objects.filter(pk=run.pk).update(label_counts={"train": {"1": 10, "2": 3}})
    refresh(labelled.pk)
    assert Refresh.objects.get().made_at is None
    TrainingRun.objects.filter(pk=run.pk).update(label_counts={"train": {"1": 9, "2": 3}})
    Refresh.objects.all().delete()
    refresh(labelled.pk)
    assert Refresh.objects.get().n_labels == 20


def test_a_second_delivery_changes_nothing(refreshed):
    before = Refresh.objects.values().get()
    refresh(refreshed.pk)
    assert Refresh.objects.values().get() == before


def test_a_missing_field_is_no_error(db):
    assert refresh(10**6) is None


def test_later_votes_start_from_the_refitted_prior(refreshed, run, ada, cy):
    waiting = refitted(run).filter(queue=refreshed).first()
    vote(waiting.candidate, cy, 3)
    waiting.refresh_from_db()
    assert waiting.priority == entropy_after(waiting.prior, (0, 0, 1, 0))
    assert waiting.prior != waiting.probabilities
    waiting.candidate.votes.get(voter=cy).retract()
    waiting.refresh_from_db()
    assert waiting.priority == entropy_after(waiting.prior, (0, 0, 0, 0))
    assert differences() == []


def test_a_vote_changes_the_order_at_once(field, run, ada, bea, cy):
    candidate = numbered(field, 30)
    vote(candidate, cy, 4)
    label(field, [ada, bea], range(1, COUNT, 3))
    refresh(field.pk)
    result = run.predictions.get(candidate=candidate)
    assert result.priority == entropy_after(result.prior, (0, 0, 0, 1))
    assert differences() == []


def test_another_run_orders_the_queue_by_itself(refreshed, run, admin, cy):
    newer = make_run(refreshed, admin, {c.pk: 0.5 for c in refreshed.candidates.all()})
    newer.promote_unjudged(by=admin)
    refreshed.refresh_from_db()
    assert refreshed.refresh is None
    assert not refitted(newer).exists()
    vote(numbered(refreshed, 30), cy, 1)
    assert differences() == []


def test_after_a_roll_back_the_order_is_the_earlier_one(refreshed, run, admin, cy):
    before = dict(run.predictions.values_list("candidate", "priority"))
    newer = make_run(refreshed, admin, {c.pk: 0.5 for c in refreshed.candidates.all()})
    newer.promote_unjudged(by=admin)
    voted = numbered(refreshed, 30)
    vote(voted, cy, 1)
    newer.roll_back()
    refreshed.refresh_from_db()
    assert refreshed.refresh.n_labels == 20
    after = dict(run.predictions.values_list("candidate", "priority"))
    assert {pk for pk, value in before.items() if after[pk] != value} <= {voted.pk}
    assert differences() == []


def test_a_run_that_is_rolled_back_has_no_refresh(refreshed, run):
    run.roll_back()
    refreshed.refresh_from_db()
    assert refreshed.refresh is None
    assert not run.refreshes.promoted().exists()
    assert differences() == []


def test_it_stops_if_another_run_was_promoted_meanwhile(labelled, run, admin):
    claimed = Refresh.objects.claim(labelled.pk)
    priors = {c.pk: (0.7, 0.1, 0.1, 0.1) for c in labelled.candidates.all()}
    promote(labelled, admin, {c.pk: 0.5 for c in labelled.candidates.all()})
    assert not claimed.reorder(priors, 99)
    assert not Prediction.objects.exclude(prior_class1=None).exists()


def test_a_worker_that_was_taken_over_stops(labelled, run):
    first = Refresh.objects.claim(labelled.pk)
    assert Refresh.objects.claim(labelled.pk) is None
    Refresh.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    second = Refresh.objects.claim(labelled.pk)
    priors = {c.pk: (0.7, 0.1, 0.1, 0.1) for c in labelled.candidates.all()}
    assert not first.reorder(priors, 20)
    assert second.reorder(priors, 20)
    assert refitted(run).count() == COUNT


def test_it_writes_only_changed_rows_in_parts(labelled, run, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH_SIZE", 7)
    claimed = Refresh.objects.claim(labelled.pk)
    probabilities = run.predictions.first().probabilities
    pks = [candidate.pk for candidate in labelled.candidates.order_by("pk")]
    moved = dict.fromkeys(pks[:40], (0.7, 0.1, 0.1, 0.1))
    assert claimed.reorder({**dict.fromkeys(pks, probabilities), **moved}, 20)
    assert set(refitted(run).values_list("candidate", flat=True)) == set(moved)
    assert set(refitted(run).values_list(*PRIOR)) == {(0.7, 0.1, 0.1, 0.1)}
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_people_vote_while_the_order_changes(labelled, run, cy, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH_SIZE", 3)
    claimed = Refresh.objects.claim(labelled.pk)
    drawn = np.random.default_rng(0).dirichlet([1] * 4, COUNT).tolist()
    pks = labelled.candidates.order_by("pk").values_list("pk", flat=True)
    priors = dict(zip(pks, drawn, strict=True))

    def act(k):
        if k == 0:
            return claimed.reorder(priors, 20)
        for number in range(k, COUNT, 3):
            if number % 3 != 1:
                vote(numbered(labelled, number), cy, 1 + number % 4)
        return True

    assert all(at_once(3, act))
    assert set(refitted(run).values_list(*PRIOR)) == {tuple(prior) for prior in drawn}
    assert differences() == []


def test_a_run_without_embeddings_is_not_refreshed(labelled, run, monkeypatch):
    run.embeddings_path.rename(run.directory / "elsewhere")
    refresh(labelled.pk)
    assert not Refresh.objects.exists()
    assert Refresh.objects.due() == []


def test_damaged_files_leave_the_order_unchanged(labelled, run, caplog):
    (run.directory / "member-01.safetensors").write_bytes(b"")
    refresh(labelled.pk)
    assert "does not hold a matrix" in caplog.text
    assert not refitted(run).exists()
    # The next attempt is minutes later, not at the next vote.
    assert Refresh.objects.claim(labelled.pk) is None


def test_a_run_on_published_labels_is_not_refreshed(labelled, run):
    TrainingRun.objects.filter(pk=run.pk).update(label_source="LEGUS")
    refresh(labelled.pk)
    assert not Refresh.objects.exists()


def test_turned_off_the_run_orders_the_queue_by_itself(refreshed, run):
    Field.objects.update(refresh_after=0)
    Refresh.objects.drop(refreshed)
    refresh(refreshed.pk)
    assert not Refresh.objects.exists()
    assert not refitted(run).exists()
    assert differences() == []


@pytest.fixture
def nudged(monkeypatch):
    """Fields for which a worker was to look, one entry for each time."""
    result = []
    monkeypatch.setattr(jobs, "notify_throttled", lambda name, row: result.append((name, row)))
    return result


def test_a_label_wakes_a_worker_and_a_first_vote_does_not(field, run, ada, bea, nudged):
    vote(numbered(field, 1), ada, 1)
    assert nudged == []
    vote(numbered(field, 1), bea, 1)
    assert nudged == [(jobs.REFRESH, field.pk)]


def test_labels_that_cause_no_refresh_wake_no_worker(field, run, ada, bea, nudged):
    field.candidates.filter(catalogue_id="1").update(control=True)
    settle(numbered(field, 1), [ada, bea])
    Field.objects.update(refresh_after=0)
    settle(numbered(field, 2), [ada, bea])
    Field.objects.update(refresh_after=1)
    run.embeddings_path.rename(run.directory / "elsewhere")
    settle(numbered(field, 3), [ada, bea])
    assert nudged == []


def test_labels_of_a_field_that_a_run_was_only_applied_to_wake_no_worker(
    field, run, ada, bea, nudged
):
    run.fields.set([make_field("trained")])
    settle(numbered(field, 1), [ada, bea])
    assert nudged == []


def test_the_sweep_replaces_a_lost_message(labelled, monkeypatch):
    sent = []
    monkeypatch.setattr(jobs, "send", lambda *message: sent.append(message))
    sweep()
    assert sent == [(jobs.REFRESH, labelled.pk)]
    refresh(labelled.pk)
    sweep()
    assert len(sent) == 1


def test_a_trained_run_is_refreshed_after_votes(imported, ada, bea, cy, admin):
    only_sample(imported, control=False)
    Field.objects.update(refresh_after=1)
    *candidates, last = imported.candidates.in_play().order_by("pk")
    for number, candidate in enumerate(candidates):
        settle(candidate, [ada, bea, cy], 1 + number % 2)
    tiny = {"members": 2, "batches": 2, "batch_size": 4, "input_px": 32, "pretrained": False}
    run = request_run(admin, "quick", fields=[imported], overrides=tiny)
    train(run.pk)
    TrainingRun.objects.get(pk=run.pk).promote(admin)
    refresh(imported.pk)
    assert not Refresh.objects.filter(made_at__isnull=False).exists()
    settle(last, [ada, bea, cy], 3)
    refresh(imported.pk)
    assert Refresh.objects.get().n_labels == len(candidates) + 1
    prediction = run.predictions.get(candidate=last)
    assert prediction.prior_class3 > prediction.p_class3
    assert differences() == []


def test_a_damaged_training_set_leaves_the_order_unchanged(labelled, run, caplog):
    TrainingRun.objects.filter(pk=run.pk).update(manifest_sha256="0" * 64)
    refresh(labelled.pk)
    assert "training_set.csv was changed after it was written" in caplog.text
    assert not Refresh.objects.exclude(made_at=None).exists()
