"""Where the two halves meet: a claimed run becomes calls of the classifier, its results rows."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.conf import settings

import classifier
from labeling.models import TrainingRun

REFUSALS = (
    classifier.NotTrainable,
    classifier.PackError,
    classifier.RunError,
    classifier.DivergedError,
)
"""What the classifier raises with a sentence that is meant for people."""


class Unfit(Exception):
    """The run cannot be carried out as it was asked for; says what to do."""


def carry_out(run: TrainingRun) -> None:
    """Train, predict and evaluate a claimed run, and store what came of it.

    Raises RunCancelled when an administrator stops the run meanwhile.
    """
    manifest = frozen_manifest(run)
    try:
        config = classifier.TrainingConfig.from_dict(run.preset, run.overrides)
    except ValueError as error:
        raise Unfit(f"The configuration of this run is not valid: {error}") from error

    def report(progress: classifier.Progress) -> None:
        run.record(asdict(progress))

    result = classifier.train(config, manifest, run.directory, report)
    predictions = classifier.predict(run.directory, manifest, report)
    evaluation = classifier.evaluate(
        predictions, manifest, max_missing_bands=config.max_missing_bands
    )
    run.succeed(prediction_rows(predictions), outcome(result, predictions, evaluation))


def frozen_manifest(run: TrainingRun) -> classifier.Manifest:
    """The run's training set; Unfit if it is not the one that was frozen."""
    try:
        found = hashlib.sha256(run.manifest_path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise Unfit(f"{run.manifest_path} is missing; queue a new run.") from error
    if found != run.manifest_sha256:
        raise Unfit(f"{run.manifest_path} was changed since it was frozen; queue a new run.")
    return classifier.Manifest.read(run.manifest_path, settings.PACKS)


def prediction_rows(predictions: classifier.Predictions) -> Iterator[dict[str, Any]]:
    """The columns of a Prediction for each candidate."""
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
        }


def outcome(
    result: classifier.TrainingResult,
    predictions: classifier.Predictions,
    evaluation: classifier.Evaluation,
) -> dict[str, Any]:
    """What the run's page shows besides its predictions, ready for JSON."""
    return {
        **result.to_dict(),
        "evaluation": evaluation.to_dict(),
        "unreadable": [[int(candidate), why] for candidate, why in predictions.unreadable],
    }
