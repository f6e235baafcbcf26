"""Draw confusion matrices as in tables 4 to 7 of Wei et al. 2020."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from classifier.core.classes import CLASSES
from classifier.core.figure_style import DOUBLE, SHADES, SINGLE, journal_style
from classifier.core.published import CLASS_AGREEMENT
from classifier.evaluation.metrics import Confusion

DARK_PERCENT = 62
"""Cells from this percentage on are dark, and their text is white."""

CELL_HEIGHT = 0.52
"""Height in inches: three lines of text."""


@journal_style
def confusion_matrix(
    confusion: Confusion,
    people: Mapping[int, tuple[float, float]] = CLASS_AGREEMENT,
    width: float | None = None,
) -> Figure:
    """Draw the percentages of each true class, mean ± spread over the members, and the counts.

    With the paper's four classes, `people` are the lowest and highest shares, by class, on
    which people agree; they stand beside the matrix, to be compared with its diagonal. `width` is
    one column, two for more than five classes.
    """
    side = len(confusion.classes)
    figure = Figure(figsize=(width or (SINGLE if side <= 5 else DOUBLE), CELL_HEIGHT * side + 0.5))
    if side == len(CLASSES):
        axes, people_axes = figure.subplots(1, 2, width_ratios=(side, 1))
        _draw_people(people_axes, [people[int(name)] for name in confusion.classes])
    else:
        axes = figure.add_subplot()
    _draw_shades(axes, np.array(confusion.percent.mean, dtype=float))
    for row in range(side):
        for column in range(side):
            _write_cell(axes, confusion, row, column)
    ticks = np.arange(side) + 0.5
    axes.set_xticks(ticks, confusion.classes)
    axes.set_yticks(ticks, confusion.classes)
    axes.set(xlabel="class by the networks", ylabel="true class")
    return figure


def _draw_shades(axes: Axes, percent: NDArray[np.float64]) -> None:
    axes.pcolormesh(percent, cmap=SHADES, vmin=0, vmax=100, edgecolors="white", linewidth=0.8)
    axes.invert_yaxis()
    axes.tick_params(length=0)


def _write_cell(axes: Axes, confusion: Confusion, row: int, column: int) -> None:
    mean, std = confusion.percent.mean[row][column], confusion.percent.std[row][column]
    lines = (
        (8.5, 8.0, "–" if mean is None else f"{mean:.1f} %"),
        (-1.5, 6.5, "" if std is None else f"± {std:.1f}"),
        (-10.5, 6.0, f"n = {confusion.ensemble[row][column]}"),
    )
    for above, size, text in lines:
        _write(axes, (column, row), text, mean or 0, above=above, size=size)


def _draw_people(axes: Axes, ranges: list[tuple[float, float]]) -> None:
    middles = [50 * (low + high) for low, high in ranges]
    _draw_shades(axes, np.array(middles)[:, None])
    for row, (low, high) in enumerate(ranges):
        _write(axes, (0, row), f"{100 * low:.0f}–{100 * high:.0f} %", middles[row])
    axes.set(xticks=[], yticks=[], xlabel="people\nagree")


def _write(
    axes: Axes,
    cell: tuple[int, int],
    text: str,
    percent: float,
    *,
    above: float = 0,
    size: float = 7,
) -> None:
    """Write text in a cell (column, row), `above` points above its centre."""
    column, row = cell
    axes.annotate(
        text,
        (column + 0.5, row + 0.5),
        xytext=(0, above),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        color="white" if percent >= DARK_PERCENT else "black",
    )
