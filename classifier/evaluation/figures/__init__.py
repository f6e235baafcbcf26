"""The figures of a report, in the paper's manner, from evaluations and calibrations.

    figure = figures.confusion_matrix(evaluation.confusion)
    figures.save(figure, Path("report/confusion"), tables.confusion(evaluation.confusion))

Each is one column of a journal wide (3.4 in), or two (7 in), and can be read in print and by the
colour-blind. They need matplotlib, which training and predicting do not.
"""

from classifier.evaluation.figures import tables
from classifier.evaluation.figures.arms import arm_comparison, learning_curve
from classifier.evaluation.figures.confusion import confusion_matrix
from classifier.evaluation.figures.efficiency import label_efficiency
from classifier.evaluation.figures.saving import save
from classifier.evaluation.figures.uncertainty import (
    coverage_curve,
    entropy_histogram,
    reliability_diagram,
)

__all__ = [
    "arm_comparison",
    "confusion_matrix",
    "coverage_curve",
    "entropy_histogram",
    "label_efficiency",
    "learning_curve",
    "reliability_diagram",
    "save",
    "tables",
]
