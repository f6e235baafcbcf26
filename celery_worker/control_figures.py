"""Figures of a run by properties of its control candidates, and by the sky that they share."""

from __future__ import annotations

from typing import Any

import numpy as np

import classifier
from classifier.evaluation.figures import reports
from classifier.evaluation.metrics import evaluation_sample
from classifier.evaluation.properties import accuracy_by_property
from classifier.evaluation.shared_sky import SharedSky
from labeling.evaluation.candidate_columns import CandidateColumns
from labeling.models import TrainingRun


def control_figures(
    run: TrainingRun,
    config: classifier.TrainingConfig,
    predictions: classifier.Predictions,
    manifest: classifier.Manifest,
) -> dict[str, Any]:
    """Return accuracy by shared sky and by property as JSON values; empty without control labels.

    The figure by property is drawn, and named in `drawn`.
    """
    sample = evaluation_sample(predictions, manifest, "control", config.max_missing_bands)
    candidates = CandidateColumns.read(run.fields.all())
    # An import may have been removed since the training began.
    present = np.isin(predictions.candidate[sample.position], candidates.pk)
    position, truth = sample.position[present], sample.truth[present]
    if not len(position):
        return {}
    right = predictions.label[position] == truth
    rows = candidates.rows_of(predictions.candidate[position])
    trained = np.intersect1d(manifest.candidate[manifest.labelled("train")], candidates.pk)
    apart, placed = candidates.apart(rows, candidates.rows_of(trained), config.stamp_px)
    properties = accuracy_by_property(right, candidates.properties(rows))
    return {
        "shared_sky": SharedSky.measure(right, apart, placed, config.stamp_px).to_dict(),
        "properties": [accuracy.to_dict() for accuracy in properties],
        "drawn": reports.draw_properties(run.figures_directory, properties),
    }
