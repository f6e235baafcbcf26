"""Draw figures of evaluations and calibrations in the style of the paper.

    figure = figures.confusion_matrix(evaluation.confusion)
    figures.save(figure, Path("report/confusion"), tables.confusion_rows(evaluation.confusion))

A figure is one column of a journal wide (3.4 in), or two (7 in), and legible in print and for the
colour-blind. Figures need matplotlib; training and prediction do not.
"""

from classifier.core.figure_files import save
from classifier.evaluation.figures import tables
from classifier.evaluation.figures.arms import arm_comparison, learning_curve
from classifier.evaluation.figures.confusion import confusion_matrix
from classifier.evaluation.figures.efficiency import label_efficiency_curves
from classifier.evaluation.figures.properties import accuracy_by_property
from classifier.evaluation.figures.uncertainty import (
    coverage_curve,
    entropy_histogram,
    reliability_diagram,
)

__all__ = [
    "accuracy_by_property",
    "arm_comparison",
    "confusion_matrix",
    "coverage_curve",
    "entropy_histogram",
    "label_efficiency_curves",
    "learning_curve",
    "reliability_diagram",
    "save",
    "tables",
]
