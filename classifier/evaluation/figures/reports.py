"""Draw the figures of a run, an experiment or a simulation, each with its data as CSV."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from classifier.active.label_efficiency import EfficiencyCurves
from classifier.evaluation import figures
from classifier.evaluation.calibration import Calibration
from classifier.evaluation.figures import tables
from classifier.evaluation.metrics import Evaluation
from classifier.evaluation.properties import PropertyAccuracy
from classifier.experiments import Outcome


def draw_run(folder: Path, evaluation: Evaluation, calibration: Calibration | None) -> list[str]:
    """Draw confusion, entropy, coverage and reliability of one run; return the figures' names.

    Figures without data, as without labels in the control sample, are left out.
    """
    if not evaluation.count:
        return []
    drawings = {
        "confusion": (
            figures.confusion_matrix(evaluation.confusion),
            tables.confusion_rows(evaluation.confusion),
        ),
        "entropy": (
            figures.entropy_histogram(evaluation.entropy),
            tables.entropy_rows(evaluation.entropy),
        ),
        "coverage": (
            figures.coverage_curve(evaluation.risk_coverage),
            tables.coverage_rows(evaluation.risk_coverage),
        ),
    }
    if evaluation.binary_confusion:
        drawings["confusion-two-classes"] = (
            figures.confusion_matrix(evaluation.binary_confusion),
            tables.confusion_rows(evaluation.binary_confusion),
        )
    if calibration and calibration.before:
        drawings["reliability"] = (
            figures.reliability_diagram(calibration),
            tables.reliability_rows(calibration),
        )
    for name, (figure, rows) in drawings.items():
        figures.save(figure, folder / name, rows)
    return list(drawings)


def draw_properties(folder: Path, properties: Sequence[PropertyAccuracy]) -> list[str]:
    """Draw the accuracy by property of one run; return the figure's name, if it has data."""
    with_bins = [accuracy for accuracy in properties if len(accuracy.bins) > 1]
    if not with_bins:
        return []
    rows = tables.property_rows(properties)
    figures.save(figures.accuracy_by_property(with_bins), folder / "properties", rows)
    return ["properties"]


def draw_experiment(folder: Path, kind: str, outcomes: Sequence[Outcome]) -> list[str]:
    """Draw the arms side by side, as ensembles and as members; return the figures' names.

    An experiment on the number of labels also gets a learning curve. Arms without a candidate to
    measure on are left out.
    """
    with_data = [outcome for outcome in outcomes if outcome.evaluation.count]
    arms = {outcome.arm.name: outcome.evaluation for outcome in with_data}
    if not arms:
        return []
    drawings = {
        "arms": (figures.arm_comparison(arms), tables.accuracy_rows(arms)),
        "arms-members": (figures.arm_comparison(arms, "members"), tables.accuracy_rows(arms)),
    }
    if kind == "labels":
        curve = {"accuracy": {o.labels: [o.evaluation] for o in with_data}}
        drawings["learning"] = (figures.learning_curve(curve), tables.learning_rows(curve))
    for name, (figure, rows) in drawings.items():
        figures.save(figure, folder / name, rows)
    return list(drawings)


def draw_simulation(path: Path, panels: Mapping[str, EfficiencyCurves]) -> None:
    """Draw accuracy against votes by strategy, a panel for each name, to `path` without suffix."""
    figure = figures.label_efficiency_curves(panels)
    figures.save(figure, path, tables.label_efficiency_rows(panels))
