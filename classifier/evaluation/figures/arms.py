"""Arms of an experiment side by side: another crop, architecture or set of filters, more labels.

Accuracy in one class is the share of its candidates that are found, as in figure 7 of Wei et al.
2020. An arm's error bars come in percent as (value, below, above), NaN where there is no candidate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter
from numpy.typing import ArrayLike, NDArray

from classifier.core.statistics import Proportion
from classifier.evaluation.figures.style import (
    DOUBLE,
    GREY,
    SINGLE,
    colour_and_marker,
    journal_style,
    legend_above,
)
from classifier.evaluation.metrics import ClassFigures, Confusion, Evaluation

Of = Literal["ensemble", "members"]


@dataclass(frozen=True)
class Measure:
    """One accuracy of an evaluation: of its ensemble, and of its members one by one."""

    name: str
    ensemble: Proportion
    member_mean: float | None
    member_std: float | None

    def bar(self, of: Of) -> NDArray[np.float64]:
        """(3,) value, and how far its error bar reaches below and above."""
        if of == "members":
            return 100 * np.array([self.member_mean, self.member_std, self.member_std], dtype=float)
        share = self.ensemble
        value, low, high = np.array([share.value, share.low, share.high], dtype=float)
        # Rounding can leave the end of the interval of none, or of all, inside its value.
        return 100 * np.array([value, max(value - low, 0), max(high - value, 0)])


def measures(evaluation: Evaluation) -> Iterator[Measure]:
    """Accuracy over all classes, over two if there are four, and in each; of these also in 1+2."""
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
    for i, (label, figures) in enumerate(evaluation.classes.items()):
        yield _found(f"class {label}", figures, evaluation.confusion, i)
    if evaluation.clusters and evaluation.binary_confusion:
        yield _found("class 1+2", evaluation.clusters, evaluation.binary_confusion, 0)


def _found(name: str, figures: ClassFigures, confusion: Confusion, place: int) -> Measure:
    """Found of the candidates that truly are of the class at this place of the confusion."""
    mean, std = confusion.percent.mean[place][place], confusion.percent.std[place][place]
    return Measure(
        name,
        figures.recall,
        None if mean is None else mean / 100,
        None if std is None else std / 100,
    )


@journal_style
def arm_comparison(
    arms: Mapping[str, Evaluation], of: Of = "ensemble", width: float = DOUBLE
) -> Figure:
    """Accuracy of each arm, over all classes and in each.

    `of` ensemble: with its 95 % interval; members: their mean and standard deviation, as in the
    paper. Raises ValueError where arms do not tell the same classes apart.
    """
    found = {arm: {m.name: m.bar(of) for m in measures(one)} for arm, one in arms.items()}
    names = list(next(iter(found.values()), {}))
    if any(list(bars) != names for bars in found.values()):
        raise ValueError("Arms of one figure must tell the same classes apart.")
    figure = Figure(figsize=(width, 2.6))
    axes = figure.add_subplot()
    places = np.arange(len(names))
    for i, (arm, bars) in enumerate(found.items()):
        shift = (i - (len(arms) - 1) / 2) * 0.8 / len(arms)
        _error_bars(axes, places + shift, list(bars.values()), i, label=arm)
    for place in places[:-1]:
        axes.axvline(place + 0.5, color="0.85", linewidth=0.5, zorder=0)
    axes.set_xticks(places, [name.replace(" ", "\n", 1) for name in names])
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylabel=f"accuracy of the {of} (%)")
    legend_above(figure, axes)
    return figure


@journal_style
def learning_curve(
    curves: Mapping[str, Mapping[int, Sequence[Evaluation]]], width: float = SINGLE
) -> Figure:
    """Accuracy against the number of labels trained on, of one or more ways to choose them.

    Each number of labels has one run or more. Markers and lines are the ensembles' mean accuracy
    over the runs with the 95 % interval of one, small dots each run; the dashed line and the band
    are the members' mean accuracy and standard deviation.
    """
    figure = Figure(figsize=(width, width * 0.8))
    axes = figure.add_subplot()
    for i, (name, curve) in enumerate(curves.items()):
        _curve(axes, {labels: curve[labels] for labels in sorted(curve)}, i, name)
    # As error bars, so that the legend has it after the others.
    axes.errorbar([], [], linestyle="--", color=GREY, linewidth=0.8, label="one network alone")
    numbers = sorted({labels for curve in curves.values() for labels in curve})
    if numbers and numbers[-1] > 5 * numbers[0]:
        axes.set_xscale("log")
    # More than eight would touch.
    axes.set_xticks(numbers[:: -(-len(numbers) // 8) or 1])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set(xlabel="labels trained on", ylabel="accuracy (%)")
    legend_above(figure, axes)
    return figure


def _curve(axes: Axes, runs: Mapping[int, Sequence[Evaluation]], series: int, name: str) -> None:
    """One way to choose labels: runs by the number of labels, rising."""
    overall = {labels: [next(measures(one)) for one in found] for labels, found in runs.items()}
    x = list(overall)
    ensembles = [np.array([m.bar("ensemble") for m in found]) for found in overall.values()]
    members = [np.array([m.bar("members") for m in found]) for found in overall.values()]
    colour, _ = colour_and_marker(series)
    _error_bars(axes, x, [bars.mean(axis=0) for bars in ensembles], series, name, line="-")
    for labels, bars in zip(x, ensembles, strict=True):
        if len(bars) > 1:
            axes.plot([labels] * len(bars), bars[:, 0], ".", color=colour)
    mean = np.array([bars[:, 0].mean() for bars in members])
    std = np.array([np.sqrt((bars[:, 1] ** 2).mean()) for bars in members])
    axes.plot(x, mean, "--", color=colour, linewidth=0.8)
    axes.fill_between(x, mean - std, mean + std, color=colour, alpha=0.15, linewidth=0)


def _error_bars(
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
