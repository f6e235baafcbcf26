"""Draw accuracy against votes, for each order of labelling."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.active.label_efficiency import BASELINE, TARGET_SHARES, EfficiencyCurves
from classifier.core.figure_style import (
    DOUBLE,
    GREY,
    SINGLE,
    colour_and_marker,
    journal_style,
    legend_above,
)

MARKER_INTERVAL = 6
"""Points from one marker to the next; lines have their markers at different points."""


@journal_style
def label_efficiency_curves(
    panels: Mapping[str, EfficiencyCurves], width: float | None = None
) -> Figure:
    """Draw the accuracy on the control sample by strategy, mean over the replays.

    There is a panel for each name. Random order and the strategy that is best on average have
    bands of one standard error of the mean; dotted lines are the accuracy with the labels of the
    whole pool, and 98 % of it.
    """
    wide = width or (SINGLE if len(panels) == 1 else DOUBLE)
    figure = Figure(figsize=(wide, 3.0))
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, curves) in zip(all_axes, panels.items(), strict=True):
        _draw_panel(axes, curves)
        axes.set_title(name)
    all_axes[0].set_ylabel("accuracy on the control sample (%)")
    legend_above(figure, all_axes[0])
    return figure


def _draw_panel(axes: Axes, curves: EfficiencyCurves) -> None:
    means = {name: 100 * rows.mean(axis=0) for name, rows in curves.accuracy.items()}
    best = max(means, key=lambda name: float(means[name].mean()))
    for series, (name, mean) in enumerate(means.items()):
        colour, marker = colour_and_marker(series)
        marked_points = (series % MARKER_INTERVAL, MARKER_INTERVAL)
        axes.plot(
            curves.votes, mean, color=colour, marker=marker, markevery=marked_points, label=name
        )
        rows = curves.accuracy[name]
        if name in (BASELINE, best) and len(rows) > 1:
            error = 100 * rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
            low, high = mean - error, mean + error
            axes.fill_between(curves.votes, low, high, color=colour, alpha=0.15, linewidth=0)
    for share in TARGET_SHARES:
        target = 100 * share * float(curves.full.mean())
        axes.axhline(target, color=GREY, linewidth=0.6, linestyle=":")
    axes.set(xlim=(0, None), xlabel="votes")
