"""Draw uncertainty and errors: entropy, accuracy against coverage, reliability."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.core.figure_style import (
    GREY,
    RIGHT,
    SINGLE,
    WRONG,
    journal_style,
    legend_above,
)
from classifier.evaluation.calibration import Calibration, Reliability
from classifier.evaluation.metrics import EntropyFigures, RiskCoverage


@journal_style
def entropy_histogram(entropy: EntropyFigures, width: float = SINGLE) -> Figure:
    """Draw the entropy of right and wrong answers, with their medians (figure 5)."""
    figure = Figure(figsize=(width, width * 0.75))
    axes = figure.add_subplot()
    series = (
        ("right", entropy.right, entropy.right_median, RIGHT, ""),
        ("wrong", entropy.wrong, entropy.wrong_median, WRONG, "////"),
    )
    for name, counts, median, colour, hatch in series:
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
    """Draw the accuracy on the candidates of lowest entropy, with its 95 % interval."""
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
    """Draw accuracy against confidence, before and after calibration, and the bins' counts."""
    figure = Figure(figsize=(width, width * 1.15))
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    temperature = calibration.temperature
    after = "after" if temperature is None else f"after, T = {temperature:.2f}"
    _draw_reliability(upper, lower, calibration.before, "before", WRONG, "s")
    _draw_reliability(upper, lower, calibration.after, after, RIGHT, "o")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
    if calibration.before:
        legend_above(figure, upper)
    lower.set(xlabel="probability of the most probable class", ylabel="candidates")
    return figure


def _draw_reliability(
    upper: Axes, lower: Axes, reliability: Reliability | None, name: str, colour: str, marker: str
) -> None:
    if reliability is None:
        return
    points = [(b.confidence, b.accuracy) for b in reliability.bins]
    confidence, accuracy = np.array(points, dtype=float).T
    label = f"{name}: ECE {reliability.expected_calibration_error:.3f}"
    upper.plot(confidence, accuracy, marker=marker, color=colour, label=label, clip_on=False)
    edges = [*(b.low for b in reliability.bins), 1.0]
    lower.stairs([b.count for b in reliability.bins], edges, color=colour)
