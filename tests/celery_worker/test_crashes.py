"""Real worker processes that are killed, or share a run."""

import os
import random
import signal
import time
from datetime import timedelta

import pytest
import torch
from django.conf import settings
from django.utils import timezone

import classifier
from deploy.services import WORKER, Child
from labeling import jobs
from labeling.models import RunStatus, TrainingRun
from labeling.training.requests import request_run
from tests.labeling.world import settle
from tests.soak.conftest import LONG

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.beside("postgresql")]

# A member trains for some seconds.
SMALL = {
    "backbone": "efficientnet_lite0",
    "members": 2,
    "batches": 16,
    "batch_size": 4,
    "input_px": 32,
    "pretrained": False,
}
TOLERANCE = 1e-6
"""Of probabilities, on one machine with the same number of threads."""


@pytest.fixture
def run(imported, ada, bea, cy, admin):
    """A queued run on a field of which all candidates are labelled."""
    imported.candidates.update(control=False)
    for number, candidate in enumerate(imported.candidates.all()):
        settle(candidate, [ada, bea, cy], 1 + number % 2)
    return request_run(admin, "quick", fields=[imported], overrides=SMALL)


@pytest.fixture
def undisturbed(run, tmp_path, settings):
    """Probabilities by candidate of the same run without workers."""
    manifest = classifier.Manifest.read(run.manifest_path, settings.PACKS)
    config = classifier.TrainingConfig.from_dict(run.preset, run.overrides)
    classifier.train(config, manifest, tmp_path / "alone")
    answers = classifier.predict(tmp_path / "alone", manifest)
    return dict(zip(answers.candidate.tolist(), answers.probability.tolist(), strict=True))


@pytest.fixture
def start(worker_environment, tmp_path, settings):
    """Start worker processes that write a checkpoint after each batch."""
    workers = []

    def start_worker():
        threads = {"OMP_NUM_THREADS": str(torch.get_num_threads()), "CHECKPOINT_BATCHES": "1"}
        # Imported at the start: loading torch takes longer than the training.
        name = ("-n", f"worker{len(workers)}@%h", "-I", "celery_worker.training")
        log = tmp_path / f"worker{len(workers)}.log"
        home = {"ASTERISM_HOME": str(settings.RUNS.parent)}
        environment = {**worker_environment, **threads, **home}
        workers.append(
            Child((*WORKER, *name), log, environment=environment, stop_signal=signal.SIGKILL)
        )
        return workers[-1]

    yield start_worker
    for worker in workers:
        worker.stop()


def wait_until(run, condition, seconds=180):
    deadline = time.monotonic() + seconds
    while not condition(run):
        assert time.monotonic() < deadline, (run.status, run.progress, run.error)
        time.sleep(0.05)
        run.refresh_from_db()


def kill(worker):
    """Kill a worker, and age its heartbeat by minutes once its last write has arrived."""
    worker.stop()
    time.sleep(1)
    TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=4))


def ended(run):
    return not run.is_active


def ended_or_swept(run):
    """True if the run has ended; otherwise age a silent heartbeat, and sweep.

    A worker that takes an old message assists with a run whose worker is dead, and keeps its
    heartbeat alive meanwhile.
    """
    now = timezone.now()
    silent = (now - timedelta(minutes=3), now - timedelta(seconds=10))
    running = TrainingRun.objects.filter(status=RunStatus.RUNNING, heartbeat_at__range=silent)
    if running.update(heartbeat_at=now - timedelta(minutes=4)):
        jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)
    return ended(run)


def assert_same(run, undisturbed):
    assert (run.status, run.error) == (RunStatus.READY, "")
    assert run.predictions.count() == len(undisturbed)
    for prediction in run.predictions.all():
        expected = undisturbed[prediction.candidate_id]
        assert prediction.probabilities == pytest.approx(expected, abs=TOLERANCE)


def test_the_next_worker_completes_the_run_of_a_killed_one(run, undisturbed, start):
    worker = start()
    jobs.send(jobs.TRAIN, run.pk)
    wait_until(run, lambda run: run.progress.get("member") == 1)
    kill(worker)
    assert list(run.directory.glob("member-00.safetensors"))
    assert list(run.directory.glob("member-01.checkpoint"))
    start()
    jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)
    wait_until(run, ended)
    assert run.attempts == 2
    lines = [line.text for line in run.log.all()]
    assert [line for line in lines if line.startswith("Claimed")] == [
        "Claimed, attempt 1.",
        "Claimed, attempt 2.",
    ]
    assert "Its worker died or fell silent: queued again." in lines
    assert lines[-2:] == [
        "Ended: ready.",
        "The gate cannot judge it: 0 control labels, 20 are needed.",
    ]
    assert_same(run, undisturbed)


def test_the_run_of_a_killed_process_is_queued_at_once(run, undisturbed, start):
    """As by a system without free memory; no sweep is needed."""
    start()
    jobs.send(jobs.TRAIN, run.pk)
    wait_until(run, lambda run: run.progress.get("member") == 1)
    _, _, number = run.log.get(text="Claimed, attempt 1.").worker.rpartition(":")
    os.kill(int(number), signal.SIGKILL)
    wait_until(run, ended)
    assert run.attempts == 2
    assert run.log.filter(text="Its worker died or fell silent: queued again.").exists()
    assert_same(run, undisturbed)


@pytest.mark.skipif(not LONG, reason="takes minutes: in make soak")
def test_workers_may_be_killed_at_any_moment(run, undisturbed, start):
    moments = random.Random(0)
    for _ in range(12):
        worker = start()
        jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)
        # From before the first message to after the end.
        time.sleep(moments.uniform(3, 11))
        kill(worker)
        run.refresh_from_db()
        if run.status == RunStatus.STALLED:
            run.resume()
    if run.is_active:
        start()
        jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)
        wait_until(run, ended_or_swept)
    assert_same(run, undisturbed)


def test_two_workers_share_a_run(run, undisturbed, start):
    for _ in range(2):
        start()
    jobs.send(jobs.TRAIN, run.pk)
    wait_until(run, ended)
    assert run.member_claims.values("worker").distinct().count() == 2
    assert run.attempts == 1
    assert_same(run, undisturbed)
