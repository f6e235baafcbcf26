"""Draw the arms of an experiment side by side.

The accuracy in one class is its recall, as in figure 7 of Wei et al. 2020. Error bars (3,) are in
percent: the value and the lengths below and above it, NaN without candidates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter
from numpy.typing import ArrayLike, NDArray

from classifier.core.figure_style import (
    DOUBLE,
    GREY,
    SINGLE,
    colour_and_marker,
    journal_style,
    legend_above,
)
from classifier.core.statistics import Proportion
from classifier.evaluation.metrics import ClassFigures, Confusion, Evaluation

Source = Literal["ensemble", "members"]
"""Whose accuracy is drawn: the ensemble's with its 95 % interval, or the members' mean and standard
deviation, as in the paper."""


@dataclass(frozen=True)
class Measure:
    """One accuracy of an evaluation, of the ensemble and of its members."""

    name: str
    ensemble: Proportion
    member_mean: float | None
    member_std: float | None

    def error_bar(self, source: Source) -> NDArray[np.float64]:
        """Return the value and the lengths of its error bar below and above (3,)."""
        if source == "members":
            return 100 * np.array([self.member_mean, self.member_std, self.member_std], dtype=float)
        share = self.ensemble
        value, low, high = np.array([share.value, share.low, share.high], dtype=float)
        # Rounding can put the end of an interval at 0 or 1 beyond the value.
        return 100 * np.array([value, max(value - low, 0), max(high - value, 0)])


def measures(evaluation: Evaluation) -> Iterator[Measure]:
    """Yield the accuracy over all classes, in each, and of two-class answers if there are four."""
    yield Measure(
        "all classes",
        evaluation.accuracy,
        evaluation.member_accuracy_mean,
        evaluation.member_accuracy_std,
    )
    if evaluation.binary_accuracy:
        yield Measure(
            "1+2 or not",
            evaluation.binary_accuracy,
            evaluation.binary_member_accuracy_mean,
            evaluation.binary_member_accuracy_std,
        )
    for index, (label, figures) in enumerate(evaluation.classes.items()):
        yield _recall(f"class {label}", figures, evaluation.confusion, index)
    if evaluation.clusters and evaluation.binary_confusion:
        yield _recall("class 1+2", evaluation.clusters, evaluation.binary_confusion, 0)


def _recall(name: str, figures: ClassFigures, confusion: Confusion, index: int) -> Measure:
    """Return the recall of the class at an index of the confusion."""
    mean, std = confusion.percent.mean[index][index], confusion.percent.std[index][index]
    return Measure(
        name,
        figures.recall,
        None if mean is None else mean / 100,
        None if std is None else std / 100,
    )


@journal_style
def arm_comparison(
    arms: Mapping[str, Evaluation], source: Source = "ensemble", width: float = DOUBLE
) -> Figure:
    """Draw the accuracy of each arm, over all classes and in each.

    Raises ValueError for arms with different classes.
    """
    bars_of_arm = {
        arm: {measure.name: measure.error_bar(source) for measure in measures(evaluation)}
        for arm, evaluation in arms.items()
    }
    names = list(next(iter(bars_of_arm.values()), {}))
    if any(list(bars) != names for bars in bars_of_arm.values()):
        raise ValueError("Arms of one figure must have the same classes.")
    figure = Figure(figsize=(width, 2.6))
    axes = figure.add_subplot()
    x = np.arange(len(names))
    for series, (arm, bars) in enumerate(bars_of_arm.items()):
        shift = (series - (len(arms) - 1) / 2) * 0.8 / len(arms)
        _draw_error_bars(axes, x + shift, list(bars.values()), series, label=arm)
    for position in x[:-1]:
        axes.axvline(position + 0.5, color="0.85", linewidth=0.5, zorder=0)
    axes.set_xticks(x, [name.replace(" ", "\n", 1) for name in names])
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylabel=f"accuracy of the {source} (%)")
    legend_above(figure, axes)
    return figure


@journal_style
def learning_curve(
    curves: Mapping[str, Mapping[int, Sequence[Evaluation]]], width: float = SINGLE
) -> Figure:
    """Draw the accuracy against the number of training labels, for each way to choose them.

    Each number of labels has one run or more. Markers and lines are the ensembles' mean accuracy
    over the runs with the 95 % interval of one, small dots each run; the dashed line and the band
    are the members' mean accuracy and standard deviation.
    """
    figure = Figure(figsize=(width, width * 0.8))
    axes = figure.add_subplot()
    for series, (name, curve) in enumerate(curves.items()):
        _draw_curve(axes, {labels: curve[labels] for labels in sorted(curve)}, series, name)
    # As error bars, which the legend lists last.
    axes.errorbar([], [], linestyle="--", color=GREY, linewidth=0.8, label="one network alone")
    numbers = sorted({labels for curve in curves.values() for labels in curve})
    if numbers and numbers[-1] > 5 * numbers[0]:
        axes.set_xscale("log")
    # At most eight, which do not touch.
    axes.set_xticks(numbers[:: -(-len(numbers) // 8) or 1])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set(xlabel="labels trained on", ylabel="accuracy (%)")
    legend_above(figure, axes)
    return figure


def _draw_curve(
    axes: Axes, runs: Mapping[int, Sequence[Evaluation]], series: int, name: str
) -> None:
    """Draw one way to choose labels; runs are by the number of labels, rising."""
    x = list(runs)
    ensembles = [_overall_bars(evaluations, "ensemble") for evaluations in runs.values()]
    members = [_overall_bars(evaluations, "members") for evaluations in runs.values()]
    colour, _ = colour_and_marker(series)
    _draw_error_bars(axes, x, [bars_R3.mean(axis=0) for bars_R3 in ensembles], series, name, "-")
    for labels, bars_R3 in zip(x, ensembles, strict=True):
        if len(bars_R3) > 1:
            axes.plot([labels] * len(bars_R3), bars_R3[:, 0], ".", color=colour)
    mean = np.array([bars_R3[:, 0].mean() for bars_R3 in members])
    std = np.array([np.sqrt((bars_R3[:, 1] ** 2).mean()) for bars_R3 in members])
    axes.plot(x, mean, "--", color=colour, linewidth=0.8)
    axes.fill_between(x, mean - std, mean + std, color=colour, alpha=0.15, linewidth=0)


def _overall_bars(evaluations: Sequence[Evaluation], source: Source) -> NDArray[np.float64]:
    """Return the error bars (R, 3) of the accuracy over all classes, of R runs."""
    return np.array([next(measures(evaluation)).error_bar(source) for evaluation in evaluations])


def _draw_error_bars(
    axes: Axes,
    x: ArrayLike,
    bars: Sequence[NDArray[np.float64]],
    series: int,
    label: str,
    line: str = "none",
) -> None:
    values, below, above = np.array(bars).reshape(-1, 3).T
    colour, marker = colour_and_marker(series)
    axes.errorbar(
        x,
        values,
        [below, above],
        color=colour,
        marker=marker,
        linestyle=line,
        elinewidth=0.8,
        capsize=1.5,
        capthick=0.8,
        label=label,
    )
