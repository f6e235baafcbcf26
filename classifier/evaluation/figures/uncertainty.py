"""What an ensemble knows of its own mistakes: entropy, accuracy against coverage, reliability."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.evaluation.calibration import Calibration, Reliability
from classifier.evaluation.figures.style import (
    GREY,
    RIGHT,
    SINGLE,
    WRONG,
    journal_style,
    legend_above,
)
from classifier.evaluation.metrics import EntropyFigures, RiskCoverage


@journal_style
def entropy_histogram(entropy: EntropyFigures, width: float = SINGLE) -> Figure:
    """Entropy of right and of wrong answers, with their medians (figure 5)."""
    figure = Figure(figsize=(width, width * 0.75))
    axes = figure.add_subplot()
    kinds = (
        ("right", entropy.right, entropy.right_median, RIGHT, ""),
        ("wrong", entropy.wrong, entropy.wrong_median, WRONG, "////"),
    )
    for name, counts, median, colour, hatch in kinds:
        label = f"{name}: {sum(counts)}"
        axes.stairs(counts, entropy.edges, fill=True, color=colour, alpha=0.25, linewidth=0)
        if median is not None:
            axes.axvline(median, color=colour, linestyle="--")
            label += f", median {median:.2f} nat"
        axes.stairs(counts, entropy.edges, color=colour, hatch=hatch, label=label)
    axes.set(
        xlim=(0, entropy.edges[-1]),
        ylim=(0, 1.05 * max(1, *entropy.right, *entropy.wrong)),
        xlabel="entropy (nat)",
        ylabel="candidates",
    )
    legend_above(figure, axes)
    return figure


@journal_style
def coverage_curve(curve: RiskCoverage, width: float = SINGLE) -> Figure:
    """Accuracy on the candidates of lowest entropy, with its 95 % interval."""
    figure = Figure(figsize=(width, width * 0.75))
    axes = figure.add_subplot()
    shares = [
        (point.coverage, point.accuracy.value, point.accuracy.low, point.accuracy.high)
        for point in curve.points
    ]
    coverage, accuracy, low, high = 100 * np.array(shares, dtype=float).reshape(-1, 4).T
    axes.fill_between(coverage, low, high, color=RIGHT, alpha=0.2, linewidth=0)
    axes.plot(coverage, accuracy, "o-", color=RIGHT)
    axes.set(xlim=(0, 102), xlabel="candidates kept, most certain first (%)", ylabel="accuracy (%)")
    if curve.area is not None:
        axes.set_title(f"area under 1 − accuracy: {curve.area:.3f}", loc="right", fontsize=7)
    return figure


@journal_style
def reliability_diagram(calibration: Calibration, width: float = SINGLE) -> Figure:
    """Accuracy against confidence, before and after, above the number of candidates in each bin."""
    figure = Figure(figsize=(width, width * 1.15))
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    temperature = calibration.temperature
    after = "after" if temperature is None else f"after, T = {temperature:.2f}"
    _reliability(upper, lower, calibration.before, "before", WRONG, "s")
    _reliability(upper, lower, calibration.after, after, RIGHT, "o")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
    if calibration.before:
        legend_above(figure, upper)
    lower.set(xlabel="probability of the most probable class", ylabel="candidates")
    return figure


def _reliability(
    upper: Axes, lower: Axes, found: Reliability | None, name: str, colour: str, marker: str
) -> None:
    if found is None:
        return
    points = [(one.confidence, one.accuracy) for one in found.bins]
    confidence, accuracy = np.array(points, dtype=float).T
    label = f"{name}: ECE {found.expected_calibration_error:.3f}"
    upper.plot(confidence, accuracy, marker=marker, color=colour, label=label, clip_on=False)
    edges = [*(one.low for one in found.bins), 1.0]
    lower.stairs([one.count for one in found.bins], edges, color=colour)
