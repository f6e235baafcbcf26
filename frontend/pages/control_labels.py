"""Counts of control labels, and the limits that they set to an accuracy, for pages of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labeling.agreement.label_accuracy import MIN_CANDIDATES, MIN_VOTES
from labeling.models import TrainingRun


def control_labels_of(run: TrainingRun) -> Mapping[str, Any]:
    """Return the summary that was stored when the run was judged; empty for older runs."""
    summary = run.verdict.get("control_labels")
    if not summary:
        return {}
    least = {"min_candidates": MIN_CANDIDATES, "min_votes": MIN_VOTES}
    return {**summary, **least, "is_consensus": run.external or run.source.is_consensus}
