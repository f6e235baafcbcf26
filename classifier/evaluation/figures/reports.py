"""The figures of a run and of an experiment, in a folder, each with its data as CSV."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from classifier.active.label_efficiency import Curves
from classifier.evaluation import figures
from classifier.evaluation.calibration import Calibration
from classifier.evaluation.figures import tables
from classifier.evaluation.metrics import Evaluation
from classifier.experiments import Outcome


def draw_run(folder: Path, evaluation: Evaluation, calibration: Calibration | None) -> list[str]:
    """Confusion, entropy, coverage and reliability of one run; names of the figures drawn.

    A figure of which there is nothing to show, as without labels in the control sample, is left
    out.
    """
    if not evaluation.count:
        return []
    drawn = {
        "confusion": (
            figures.confusion_matrix(evaluation.confusion),
            tables.confusion(evaluation.confusion),
        ),
        "entropy": (
            figures.entropy_histogram(evaluation.entropy),
            tables.entropy(evaluation.entropy),
        ),
        "coverage": (
            figures.coverage_curve(evaluation.risk_coverage),
            tables.coverage(evaluation.risk_coverage),
        ),
    }
    if evaluation.binary_confusion:
        drawn["confusion-two-classes"] = (
            figures.confusion_matrix(evaluation.binary_confusion),
            tables.confusion(evaluation.binary_confusion),
        )
    if calibration and calibration.before:
        drawn["reliability"] = (
            figures.reliability_diagram(calibration),
            tables.reliability(calibration),
        )
    for name, (figure, rows) in drawn.items():
        figures.save(figure, folder / name, rows)
    return list(drawn)


def draw_experiment(folder: Path, kind: str, outcomes: Sequence[Outcome]) -> list[str]:
    """The arms side by side, as ensembles and as members; a learning curve if labels grew.

    An arm that has nothing to be measured on is left out, and without any nothing is drawn.
    """
    measured = [outcome for outcome in outcomes if outcome.evaluation.count]
    arms = {outcome.arm.name: outcome.evaluation for outcome in measured}
    if not arms:
        return []
    drawn = {
        "arms": (figures.arm_comparison(arms), tables.arms(arms)),
        "arms-members": (figures.arm_comparison(arms, "members"), tables.arms(arms)),
    }
    if kind == "labels":
        curve = {"accuracy": {o.labels: [o.evaluation] for o in measured}}
        drawn["learning"] = (figures.learning_curve(curve), tables.learning(curve))
    for name, (figure, rows) in drawn.items():
        figures.save(figure, folder / name, rows)
    return list(drawn)


def draw_simulation(path: Path, worlds: Mapping[str, Curves]) -> None:
    """Accuracy against votes, by strategy, in a panel for each world; `path` has no suffix."""
    figures.save(figures.label_efficiency(worlds), path, tables.label_efficiency(worlds))
