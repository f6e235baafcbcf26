"""The task that trains a run: it claims the run once and ends it once."""

import csv
from math import log

import pytest
import redis

import classifier
from celery_worker.snapshot import read_snapshot
from celery_worker.tasks import sweep, train
from classifier.core.properties import PROPERTIES
from labeling import jobs
from labeling.models import RunStatus, TrainingRun
from labeling.training.requests import repeat_run, request_run
from tests.labeling.world import only_sample, settle

pytestmark = pytest.mark.beside("postgresql")

# Two networks of two batches on small images: all real steps in seconds.
TINY = {"members": 2, "batches": 2, "batch_size": 4, "input_px": 32, "pretrained": False}


@pytest.fixture
def run(imported, ada, bea, cy, admin):
    """A queued run on a field of which all candidates are labelled."""
    imported.candidates.update(control=False)
    imported.candidates.filter(pk__in=imported.candidates.all()[:2]).update(control=True)
    for number, candidate in enumerate(imported.candidates.all()):
        settle(candidate, [ada, bea, cy], 1 + number % 2)
    return request_run(admin, "quick", fields=[imported], overrides=TINY)


def test_it_predicts_every_candidate_and_can_be_promoted(run, imported, admin):
    train(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == (RunStatus.READY, "")
    predicted = run.predictions.all()
    everyone = set(imported.candidates.in_play().values_list("pk", flat=True))
    assert {p.candidate_id for p in predicted} == everyone
    for prediction in predicted:
        p = prediction.probabilities
        assert sum(p) == pytest.approx(1, abs=1e-5)
        assert prediction.entropy == pytest.approx(-sum(x * log(x) for x in p), abs=1e-4)
        assert prediction.label == 1 + p.index(max(p))
        assert 0 <= prediction.mutual_information <= log(2) + 1e-9
        pool = not prediction.candidate.control
        assert (prediction.diversity is not None) == pool
        assert not pool or 0 <= prediction.diversity <= prediction.entropy + 1e-6
    run.promote(admin)
    imported.refresh_from_db()
    assert imported.promoted_run == run


def test_it_stores_the_outcome_and_draws_figures(run):
    train(run.pk)
    run.refresh_from_db()
    assert run.outcome["weights"] == "random"
    assert run.outcome["members"] == 2
    assert run.outcome["evaluation"]["accuracy"]["of"] == 2
    assert run.outcome["unreadable"] == []
    sky = run.outcome["shared_sky"]
    assert (sky["width_px"], sky["apart"]["of"] + sky["shared"]["of"]) == (32, 2)
    assert [accuracy["name"] for accuracy in run.outcome["properties"]] == list(PROPERTIES)
    assert run.outcome["calibration"]["count"] == 2
    assert "needs at least 20" in run.outcome["calibration"]["note"]
    assert run.progress["stage"]
    assert {"confusion", "entropy", "coverage", "reliability"} <= set(run.figures)
    endings = ("pdf", "png", "svg", "csv")
    expected = {f"{name}.{ending}" for name in run.figures for ending in endings}
    assert {path.name for path in run.figures_directory.iterdir()} == expected


def test_without_control_labels_it_draws_no_figures(run, imported):
    only_sample(imported, control=False)
    second_run = repeat_run(run, run.requested_by)
    train(second_run.pk)
    second_run.refresh_from_db()
    assert (second_run.status, second_run.figures) == (RunStatus.READY, [])
    assert second_run.outcome["calibration"]["before"] is None


def test_it_trains_on_the_training_set_that_can_be_downloaded(run):
    with run.manifest_path.open() as file:
        rows = list(csv.DictReader(file))
    manifest = read_snapshot(run.manifest_path, run.manifest_sha256)
    assert manifest.sha256 == run.manifest_sha256
    assert manifest.label.tolist() == [int(row["label"]) for row in rows]


def test_a_second_delivery_changes_nothing(run):
    train(run.pk)
    run.refresh_from_db()
    first = (run.finished_at, run.predictions.count())
    train(run.pk)
    run.refresh_from_db()
    assert (run.finished_at, run.predictions.count()) == first


def test_a_missing_run_is_no_error(db):
    assert train(10**6) is None


def test_it_refuses_a_training_set_that_was_changed(run):
    run.manifest_path.write_text(run.manifest_path.read_text() + "\n")
    train(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "was changed after its snapshot was taken; queue a new run" in run.error


def test_it_names_an_invalid_setting(run):
    TrainingRun.objects.filter(pk=run.pk).update(overrides={"members": 0})
    train(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert run.error.endswith("members must be 1 to 100, not 0.")


def test_a_cancelled_run_stops_and_stays_cancelled(run, monkeypatch):
    def cancelled_meanwhile(*arguments, **options):
        TrainingRun.objects.get(pk=run.pk).cancel()
        return real(*arguments, **options)

    real = classifier.train
    monkeypatch.setattr(classifier, "train", cancelled_meanwhile)
    train(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert not run.predictions.exists()


def test_an_unexpected_error_is_stored_with_its_traceback_and_raised(run, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(classifier, "train", broken)
    with pytest.raises(ZeroDivisionError):
        train(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "ZeroDivisionError: a fault" in run.error


@pytest.mark.django_db(transaction=True)
def test_a_run_requested_without_a_broker_is_sent_by_the_sweep(run, request):
    assert run.status == RunStatus.QUEUED
    redis_server = request.getfixturevalue("redis_server")
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        assert client.llen(jobs.LONG) == 0
        sweep()
        assert f'"argsrepr": "[{run.pk}]"' in client.lindex(jobs.LONG, 0).decode()


def test_a_sweep_without_a_broker_is_harmless(run):
    sweep()
    sweep()
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
