"""Where the two halves meet: a claimed run becomes calls of the classifier, its results rows."""

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

import classifier
from celery_worker.frozen import frozen_manifest, refusals_are_unfit
from celery_worker.unfit import Unfit
from classifier.active import acquisition
from classifier.evaluation.figures import reports
from classifier.inference.embeddings import Embeddings
from labeling import jobs
from labeling.models import TrainingRun

MOST_WORKERS = 8
"""So many share one run."""


@refusals_are_unfit()
def carry_out(run: TrainingRun) -> None:
    """Train, predict and evaluate a claimed run, and store what came of it.

    Several workers may do so side by side: each trains the members that are free, and the one that
    comes last goes on. Raises RunCancelled when an administrator stops the run meanwhile.
    """
    manifest = frozen_manifest(run.manifest_path, run.manifest_sha256)
    try:
        config = classifier.TrainingConfig.from_dict(run.preset, run.overrides)
    except ValueError as error:
        raise Unfit(f"The configuration of this run is not valid: {error}") from error

    if not run.taken.exists():
        # It is this worker that claimed the run: an idle one that gets an offer shares it.
        for _ in range(min(config.members, MOST_WORKERS) - 1):
            jobs.send(jobs.TRAIN, run.pk)

    def report(progress: classifier.Progress) -> None:
        run.record(asdict(progress))

    result = classifier.train(
        config,
        manifest,
        run.directory,
        report,
        members=run.free_members(),
        checkpoint_batches=settings.CHECKPOINT_BATCHES,
    )
    if result.members < config.members or not run.begin_finishing():
        return
    predictions = classifier.predict(
        run.directory, manifest, report, device=config.device, embeddings=run.embeddings_path
    )
    told = {**outcome(result, predictions), **judged(run, config, predictions, manifest)}
    run.succeed(prediction_rows(predictions, diversity(run, predictions, manifest)), told)


def diversity(
    run: TrainingRun, predictions: classifier.Predictions, manifest: classifier.Manifest
) -> NDArray[np.float64]:
    """What the training pool's candidates show that more uncertain ones do not (N,), in nats.

    NaN for the others. Candidates are alike as the first network sees them.
    """
    found = np.full(len(predictions.candidate), np.nan)
    pool = np.isin(predictions.candidate, manifest.candidate[manifest.split != "control"])
    seen = Embeddings.read(run.embeddings_path)
    positions = np.flatnonzero(np.isin(seen.candidate, predictions.candidate[pool]))
    if len(positions):
        features = (part.numpy() for _, part in seen.of_member(0, positions))
        answers = predictions.member_probability[:, pool]
        found[pool] = acquisition.diverse(answers, features)
    return found


def judged(
    run: TrainingRun,
    config: classifier.TrainingConfig,
    predictions: classifier.Predictions,
    manifest: classifier.Manifest,
) -> dict[str, Any]:
    """What the control sample says of a run, ready for JSON; draws it as well."""
    missing = config.max_missing_bands
    evaluation = classifier.evaluate(predictions, manifest, max_missing_bands=missing)
    calibration = classifier.calibrate(predictions, manifest, max_missing_bands=missing)
    return {
        "evaluation": evaluation.to_dict(),
        "calibration": calibration.to_dict(),
        "figures": reports.draw_run(run.figures_directory, evaluation, calibration),
    }


def prediction_rows(
    predictions: classifier.Predictions, diversity_N: NDArray[np.float64]
) -> Iterator[dict[str, Any]]:
    """The columns of a Prediction for each candidate."""
    several = len(predictions.member_probability) > 1
    for i, candidate in enumerate(predictions.candidate):
        p1, p2, p3, p4 = (float(p) for p in predictions.probability[i])
        yield {
            "candidate_id": int(candidate),
            "label": int(predictions.label[i]),
            "p_class1": p1,
            "p_class2": p2,
            "p_class3": p3,
            "p_class4": p4,
            "entropy": float(predictions.entropy[i]),
            "ensemble_agreement": float(predictions.agreement[i]),
            "mutual_information": float(predictions.mutual_information[i]) if several else None,
            "diversity": None if np.isnan(diversity_N[i]) else float(diversity_N[i]),
        }


def outcome(
    result: classifier.TrainingResult, predictions: classifier.Predictions
) -> dict[str, Any]:
    """What the training left besides its predictions, ready for JSON."""
    return {
        **result.to_dict(),
        "unreadable": [[int(candidate), why] for candidate, why in predictions.unreadable],
        "versions": {"asterism": version("asterism")},
    }
