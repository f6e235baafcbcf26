"""Figures of a run by properties of its control candidates, and by the sky that they share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

import classifier
from classifier.core.training_set import CONTROL, TRAIN
from classifier.evaluation.figures import reports
from classifier.evaluation.metrics import evaluation_sample
from classifier.evaluation.properties import accuracy_by_property
from classifier.evaluation.shared_sky import SharedSky
from classifier.experiments import Outcome
from labeling.evaluation.candidate_columns import CandidateColumns
from labeling.models import Field, TrainingRun


def training_overlap(fields: Iterable[Field], outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return how many control candidates share sky with the training of their arm, by field.

    JSON values; each field is measured in one arm.
    """
    candidates = CandidateColumns.read(fields)
    overlaps: dict[str, Any] = {}
    for outcome in outcomes:
        manifest, config = outcome.arm.manifest, outcome.arm.config
        sample = evaluation_sample(outcome.predictions, manifest, CONTROL, config.max_missing_bands)
        measured = outcome.predictions.candidate[sample.position]
        trained = manifest.candidate[manifest.labelled(TRAIN)]
        of_arm = candidates.training_overlap(measured, trained, config.stamp_px)
        overlaps |= {name: overlap.to_dict() for name, overlap in of_arm.items()}
    return overlaps


def control_figures(
    run: TrainingRun,
    config: classifier.TrainingConfig,
    predictions: classifier.Predictions,
    manifest: classifier.Manifest,
) -> dict[str, Any]:
    """Return accuracy by shared sky and by property as JSON values; empty without control labels.

    The figure by property is drawn, and named in `drawn`.
    """
    sample = evaluation_sample(predictions, manifest, CONTROL, config.max_missing_bands)
    candidates = CandidateColumns.read(run.fields.all())
    # An import may have been removed since the training began.
    present = np.isin(predictions.candidate[sample.position], candidates.pk)
    position, truth = sample.position[present], sample.truth[present]
    if not len(position):
        return {}
    right = predictions.label[position] == truth
    measured = predictions.candidate[position]
    rows = candidates.rows_of(measured)
    trained = np.intersect1d(manifest.candidate[manifest.labelled(TRAIN)], candidates.pk)
    overlaps = candidates.training_overlap(measured, trained, config.stamp_px)
    apart, placed = candidates.apart(rows, candidates.rows_of(trained), config.stamp_px)
    properties = accuracy_by_property(right, candidates.properties(rows))
    return {
        "shared_sky": SharedSky.measure(right, apart, placed, config.stamp_px).to_dict(),
        "training_overlap": {name: overlap.to_dict() for name, overlap in overlaps.items()},
        "properties": [accuracy.to_dict() for accuracy in properties],
        "drawn": reports.draw_properties(run.figures_directory, properties),
    }
