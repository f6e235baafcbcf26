"""The numbers in each figure, as rows for its CSV file; shares are 0 to 1 unless in percent."""

from collections.abc import Mapping, Sequence

from classifier.active.label_efficiency import Curves
from classifier.evaluation.calibration import Calibration
from classifier.evaluation.figures.arms import Measure, measures
from classifier.evaluation.metrics import Confusion, EntropyFigures, Evaluation, RiskCoverage

Rows = list[dict[str, object]]


def confusion(confusion: Confusion) -> Rows:
    """One row for each cell of the matrix."""
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


def entropy(figures: EntropyFigures) -> Rows:
    """One row for each bin, with its edges in nats."""
    return [
        {"low_nats": low, "high_nats": high, "right": right, "wrong": wrong}
        for low, high, right, wrong in zip(
            figures.edges, figures.edges[1:], figures.right, figures.wrong, strict=False
        )
    ]


def coverage(curve: RiskCoverage) -> Rows:
    """One row for each coverage."""
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


def reliability(calibration: Calibration) -> Rows:
    """One row for each bin, before and after."""
    return [
        {
            "when": when,
            "low": one.low,
            "count": one.count,
            "confidence": one.confidence,
            "accuracy": one.accuracy,
        }
        for when, found in (("before", calibration.before), ("after", calibration.after))
        if found
        for one in found.bins
    ]


def arms(arms: Mapping[str, Evaluation]) -> Rows:
    """One row for each accuracy of each arm."""
    return [
        {"arm": arm, **_measure(measure)}
        for arm, evaluation in arms.items()
        for measure in measures(evaluation)
    ]


def learning(curves: Mapping[str, Mapping[int, Sequence[Evaluation]]]) -> Rows:
    """One row for each accuracy of each run of each curve."""
    return [
        {"curve": curve, "labels": labels, "run": run, **_measure(measure)}
        for curve, points in curves.items()
        for labels in sorted(points)
        for run, evaluation in enumerate(points[labels])
        for measure in measures(evaluation)
    ]


def label_efficiency(worlds: Mapping[str, Curves]) -> Rows:
    """One row for each strategy, replay and number of votes of each world."""
    return [
        {
            "world": world,
            "strategy": strategy,
            "replay": replay,
            "votes": votes,
            "accuracy": accuracy,
            "full": full,
        }
        for world, found in worlds.items()
        for strategy, accuracies in found.accuracy.items()
        for replay, (row, full) in enumerate(zip(accuracies, found.full.tolist(), strict=True))
        for votes, accuracy in zip(found.votes.tolist(), row.tolist(), strict=True)
    ]


def _measure(measure: Measure) -> dict[str, object]:
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
