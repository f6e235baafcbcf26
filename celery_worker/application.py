"""Apply a run to a field: each shard of its candidates becomes a file, and all become rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db.models import Case, Value, When
from numpy.typing import NDArray

import classifier
from celery_worker.errors import InvalidJob
from celery_worker.snapshot import refusals_as_invalid_jobs
from celery_worker.training import MAX_WORKERS, prediction_arrays
from classifier.active import acquisition
from classifier.core.atomic_files import write_atomically
from classifier.core.training_set import CONTROL, TRAIN, Manifest
from classifier.inference.embeddings import Embeddings
from classifier.inference.prediction import Predictions, read_config
from labeling import jobs
from labeling.models import Application, Candidate, Shard
from labeling.rules.prediction_arrays import PredictionArrays


@refusals_as_invalid_jobs()
def run_job(application: Application) -> None:
    """Predict the free shards of an application; the worker that is last stores the result.

    Raises RunCancelled if an administrator cancels the application meanwhile.
    """
    shards = application.shards
    if not shards.exclude(worker="").exists():
        # No shard is taken yet, so this worker claimed the application; it asks idle ones to help.
        for _ in range(min(shards.waiting().count(), MAX_WORKERS) - 1):
            jobs.send(jobs.PREDICT, application.pk)
    application.directory.mkdir(parents=True, exist_ok=True)
    for shard in application.free_shards():
        if not application.shard_path(shard.number).exists():
            _predict_shard(application, shard)
    if application.begin_finishing():
        _finish(application)


def _predict_shard(application: Application, shard: Shard) -> None:
    """Write the predictions of a shard, and the directions of its embeddings before them."""
    path = application.shard_path(shard.number)
    embeddings = path.with_suffix(".zarr")

    def report(progress: classifier.Progress) -> None:
        application.record(asdict(progress))

    predictions = classifier.predict(
        application.run.directory,
        _manifest(application, shard),
        report,
        device=read_config(application.run.directory).device,
        embeddings=embeddings,
    )
    features_NF = _features(embeddings, predictions)
    shutil.rmtree(embeddings)
    content = BytesIO()
    np.save(content, features_NF)
    write_atomically(_directions_path(path), content.getvalue())
    predictions.write(path)


def _manifest(application: Application, shard: Shard) -> Manifest:
    """Return the candidates of a shard as a training set without labels."""
    split = Case(When(control=True, then=Value(CONTROL)), default=Value(TRAIN))
    columns = ("pk", "field__name", "catalogue_id", "catalogue_import__pack", "pack_row", split)
    rows = application.candidates_of(shard).order_by("pk").values_list(*columns)
    return Manifest.to_predict(rows.iterator(), settings.PACKS)


def _features(path: Path, predictions: Predictions) -> NDArray[np.float32]:
    """Return the first member's features (N, f) of the predicted candidates, projected."""
    stored = Embeddings.read(path)
    positions = np.flatnonzero(np.isin(stored.candidate, predictions.candidate))
    parts = [acquisition.projected(part.numpy()) for _, part in stored.of_member(0, positions)]
    empty = np.empty((0, acquisition.PROJECTED), dtype=np.float32)
    return np.concatenate(parts) if parts else empty


def _directions_path(path: Path) -> Path:
    return path.with_suffix(".npy")


def _finish(application: Application) -> None:
    """Store the predictions of all shards, and delete their files."""
    parts = [_read(application.shard_path(shard.number)) for shard in application.shards.all()]
    shards = [predictions for predictions, _ in parts if len(predictions.candidate)]
    if shards:
        predictions = _joined(shards)
        features = (features_NF for _, features_NF in parts if len(features_NF))
        arrays = prediction_arrays(predictions, _diversity(application, predictions, features))
    else:
        # All its candidates were set aside, removed or predicted since it was requested.
        arrays = PredictionArrays.of_no_candidate()
    unreadable = [pair for predictions, _ in parts for pair in predictions.unreadable]
    outcome = {
        "predictions": len(arrays.candidate_N),
        "unreadable": [[int(candidate), reason] for candidate, reason in unreadable],
        "versions": {"asterism": version("asterism")},
    }
    if application.succeed(arrays, outcome):
        shutil.rmtree(application.directory, ignore_errors=True)


def _read(path: Path) -> tuple[Predictions, NDArray[np.float32]]:
    """Return the predictions of a shard (N) and the directions of its embeddings (N, f).

    Raises InvalidJob if one of its two files is missing or damaged, and deletes both.
    """
    try:
        predictions = Predictions.read(path)
        return predictions, np.load(_directions_path(path))
    except (OSError, ValueError, EOFError) as error:
        path.unlink(missing_ok=True)
        _directions_path(path).unlink(missing_ok=True)
        sentence = f"{error} Resume the application to predict these candidates again."
        raise InvalidJob(sentence) from error


def _joined(shards: list[Predictions]) -> Predictions:
    """Return the predictions of all shards, at least one."""
    return Predictions(
        candidate=np.concatenate([shard.candidate for shard in shards]),
        member_probability=np.concatenate([s.member_probability for s in shards], axis=1),
        missing_bands=np.concatenate([shard.missing_bands for shard in shards]),
        unreadable=[reason for shard in shards for reason in shard.unreadable],
        parts=max(shard.parts for shard in shards),
    )


def _diversity(
    application: Application, predictions: Predictions, features: Iterator[NDArray[np.float32]]
) -> NDArray[np.float64]:
    """Return the "diverse" acquisition value (N,) in nats of the training pool's candidates.

    NaN for candidates of the control sample.
    """
    control = Candidate.objects.filter(field=application.field, control=True)
    controls = np.fromiter(control.values_list("pk", flat=True), np.int64)
    pool_N = ~np.isin(predictions.candidate, controls)
    value_N = np.full(len(pool_N), np.nan)
    if pool_N.any():
        pooled = np.concatenate(list(features))[pool_N]
        value_N[pool_N] = acquisition.diverse(predictions.member_probability[:, pool_N], pooled)
    return value_N
