"""The data of each figure as rows of its CSV file; shares are 0 to 1 unless in percent."""

from collections.abc import Mapping, Sequence

from classifier.active.label_efficiency import EfficiencyCurves
from classifier.core.properties import PROPERTIES
from classifier.evaluation.calibration import Calibration
from classifier.evaluation.figures.arms import Measure, measures
from classifier.evaluation.metrics import Confusion, EntropyFigures, Evaluation, RiskCoverage
from classifier.evaluation.properties import PropertyAccuracy

Rows = list[dict[str, object]]


def confusion_rows(confusion: Confusion) -> Rows:
    """Return one row for each cell of the matrix."""
    return [
        {
            "truth": truth,
            "answer": answer,
            "percent_mean": confusion.percent.mean[i][j],
            "percent_std": confusion.percent.std[i][j],
            "count_mean": confusion.counts.mean[i][j],
            "count_std": confusion.counts.std[i][j],
            "count_ensemble": confusion.ensemble[i][j],
        }
        for i, truth in enumerate(confusion.classes)
        for j, answer in enumerate(confusion.classes)
    ]


def entropy_rows(figures: EntropyFigures) -> Rows:
    """Return one row for each bin, with its edges in nats."""
    return [
        {"low_nats": low, "high_nats": high, "right": right, "wrong": wrong}
        for low, high, right, wrong in zip(
            figures.edges, figures.edges[1:], figures.right, figures.wrong, strict=False
        )
    ]


def coverage_rows(curve: RiskCoverage) -> Rows:
    """Return one row for each coverage."""
    return [
        {
            "coverage": point.coverage,
            "entropy_nats": point.entropy,
            "right": point.accuracy.right,
            "of": point.accuracy.of,
            "accuracy": point.accuracy.value,
            "low": point.accuracy.low,
            "high": point.accuracy.high,
        }
        for point in curve.points
    ]


def property_rows(properties: Sequence[PropertyAccuracy]) -> Rows:
    """Return one row for each bin of each property, and one for unknown values."""
    return [
        {
            "property": accuracy.name,
            "unit": PROPERTIES[accuracy.name][1],
            "bin": name,
            "from": low,
            "to": high,
            "median": median,
            "right": share.right,
            "of": share.of,
            "accuracy": share.value,
            "low": share.low,
            "high": share.high,
            "p_value": accuracy.p_value,
            "adjusted_p_value": accuracy.adjusted_p_value,
        }
        for accuracy in properties
        for name, low, high, median, share in [
            *((b.name, b.low, b.high, b.median, b.accuracy) for b in accuracy.bins),
            ("unknown", None, None, None, accuracy.unknown),
        ]
        if share.of
    ]


def reliability_rows(calibration: Calibration) -> Rows:
    """Return one row for each bin, before and after."""
    return [
        {
            "when": when,
            "low": reliability_bin.low,
            "count": reliability_bin.count,
            "confidence": reliability_bin.confidence,
            "accuracy": reliability_bin.accuracy,
        }
        for when, reliability in (("before", calibration.before), ("after", calibration.after))
        if reliability
        for reliability_bin in reliability.bins
    ]


def accuracy_rows(arms: Mapping[str, Evaluation]) -> Rows:
    """Return one row for each accuracy of each arm."""
    return [
        {"arm": arm, **_measure_columns(measure)}
        for arm, evaluation in arms.items()
        for measure in measures(evaluation)
    ]


def learning_rows(curves: Mapping[str, Mapping[int, Sequence[Evaluation]]]) -> Rows:
    """Return one row for each accuracy of each run of each curve."""
    return [
        {"curve": curve, "labels": labels, "run": run, **_measure_columns(measure)}
        for curve, points in curves.items()
        for labels in sorted(points)
        for run, evaluation in enumerate(points[labels])
        for measure in measures(evaluation)
    ]


def label_efficiency_rows(panels: Mapping[str, EfficiencyCurves]) -> Rows:
    """Return one row for each strategy, replay and number of votes of each panel."""
    return [
        {
            "world": panel,
            "strategy": strategy,
            "replay": replay,
            "votes": votes,
            "accuracy": accuracy,
            "full": full,
        }
        for panel, curves in panels.items()
        for strategy, accuracies in curves.accuracy.items()
        for replay, (row, full) in enumerate(zip(accuracies, curves.full.tolist(), strict=True))
        for votes, accuracy in zip(curves.votes.tolist(), row.tolist(), strict=True)
    ]


def _measure_columns(measure: Measure) -> dict[str, object]:
    return {
        "measure": measure.name,
        "right": measure.ensemble.right,
        "of": measure.ensemble.of,
        "accuracy": measure.ensemble.value,
        "low": measure.ensemble.low,
        "high": measure.ensemble.high,
        "member_mean": measure.member_mean,
        "member_std": measure.member_std,
    }
