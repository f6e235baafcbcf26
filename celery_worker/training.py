"""Run trainings: a claimed run becomes calls of the classifier, and their results become rows."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

import classifier
from celery_worker.control_figures import control_figures
from celery_worker.errors import InvalidJob
from celery_worker.snapshot import read_snapshot, refusals_as_invalid_jobs
from classifier.active import acquisition
from classifier.evaluation.figures import reports
from classifier.inference.embeddings import Embeddings
from labeling import jobs
from labeling.models import TrainingRun
from labeling.rules.prediction_arrays import PredictionArrays

MAX_WORKERS = 8
"""Most workers that share one run."""


@refusals_as_invalid_jobs()
def run_job(run: TrainingRun) -> None:
    """Train, predict and evaluate a claimed run, and store the results.

    Several workers may do so side by side: each trains the members that are free, and the worker
    that finishes last predicts. Raises RunCancelled if an administrator cancels the run meanwhile.
    """
    manifest = read_snapshot(run.manifest_path, run.manifest_sha256)
    config = _config(run)
    if not run.member_claims.exists():
        # No member is taken yet, so this worker claimed the run; it asks idle ones to assist.
        for _ in range(min(config.members, MAX_WORKERS) - 1):
            jobs.send(jobs.TRAIN, run.pk)

    def report(progress: classifier.Progress) -> None:
        run.record(asdict(progress))

    training = classifier.train(
        config,
        manifest,
        run.directory,
        report,
        members=run.free_members(),
        checkpoint_batches=settings.CHECKPOINT_BATCHES,
    )
    if training.members < config.members or not run.begin_finishing():
        return
    predictions = classifier.predict(
        run.directory, manifest, report, device=config.device, embeddings=run.embeddings_path
    )
    arrays = prediction_arrays(predictions, diversity(run, predictions, manifest))
    evaluation = evaluate_run(run, config, predictions, manifest)
    by_candidate = control_figures(run, config, predictions, manifest)
    evaluation["figures"] += by_candidate.pop("drawn", [])
    run.succeed(arrays, {**outcome(training, predictions), **evaluation, **by_candidate})


def _config(run: TrainingRun) -> classifier.TrainingConfig:
    try:
        return classifier.TrainingConfig.from_dict(run.preset, run.overrides)
    except ValueError as error:
        raise InvalidJob(f"The configuration of this run is not valid: {error}") from error


def diversity(
    run: TrainingRun, predictions: classifier.Predictions, manifest: classifier.Manifest
) -> NDArray[np.float64]:
    """Return the "diverse" acquisition value (N,) in nats of the training pool's candidates.

    NaN for candidates of the control sample. Similarity is that of the first member's embeddings.
    """
    value_N = np.full(len(predictions.candidate), np.nan)
    pool_N = np.isin(predictions.candidate, manifest.candidate[manifest.split != "control"])
    embeddings = Embeddings.read(run.embeddings_path)
    positions = np.flatnonzero(np.isin(embeddings.candidate, predictions.candidate[pool_N]))
    if len(positions):
        features = (part.numpy() for _, part in embeddings.of_member(0, positions))
        value_N[pool_N] = acquisition.diverse(predictions.member_probability[:, pool_N], features)
    return value_N


def evaluate_run(
    run: TrainingRun,
    config: classifier.TrainingConfig,
    predictions: classifier.Predictions,
    manifest: classifier.Manifest,
) -> dict[str, Any]:
    """Return accuracy and calibration on the control sample as JSON values, and draw them."""
    missing = config.max_missing_bands
    evaluation = classifier.evaluate(predictions, manifest, max_missing_bands=missing)
    calibration = classifier.calibrate(predictions, manifest, max_missing_bands=missing)
    return {
        "evaluation": evaluation.to_dict(),
        "calibration": calibration.to_dict(),
        "figures": reports.draw_run(run.figures_directory, evaluation, calibration),
    }


def prediction_arrays(
    predictions: classifier.Predictions, diversity_N: NDArray[np.float64]
) -> PredictionArrays:
    """Return predictions as the arrays that a run stores."""
    one_member = len(predictions.member_probability) == 1
    return PredictionArrays(
        candidate_N=predictions.candidate,
        label_N=predictions.label,
        probability_NK=predictions.probability,
        entropy_N=predictions.entropy,
        ensemble_agreement_N=predictions.agreement,
        mutual_information_N=np.full_like(diversity_N, np.nan)
        if one_member
        else predictions.mutual_information,
        diversity_N=diversity_N,
    )


def outcome(
    training: classifier.TrainingResult, predictions: classifier.Predictions
) -> dict[str, Any]:
    """Return the results of a run other than its predictions, as JSON values."""
    return {
        **training.to_dict(),
        "unreadable": [[int(candidate), reason] for candidate, reason in predictions.unreadable],
        "versions": {"asterism": version("asterism")},
    }
