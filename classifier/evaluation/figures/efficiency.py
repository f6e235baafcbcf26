"""Accuracy against votes: what an order of asking people is worth."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.active.label_efficiency import BASELINE, SHARES, Curves
from classifier.evaluation.figures.style import (
    DOUBLE,
    GREY,
    SINGLE,
    colour_and_marker,
    journal_style,
    legend_above,
)

MARKED = 6
"""One point in so many has a marker, not the same ones on every line."""


@journal_style
def label_efficiency(worlds: Mapping[str, Curves], width: float | None = None) -> Figure:
    """Accuracy on the control sample by strategy, mean over the replays; a panel a world.

    The bands of random order and of the strategy that is the best on average are one standard error
    of the mean; dotted lines are the accuracy that the whole pool's labels give, and 98 % of it.
    """
    wide = width or (SINGLE if len(worlds) == 1 else DOUBLE)
    figure = Figure(figsize=(wide, 3.0))
    panels = figure.subplots(1, len(worlds), squeeze=False)[0]
    for axes, (name, found) in zip(panels, worlds.items(), strict=True):
        _panel(axes, found)
        axes.set_title(name)
    panels[0].set_ylabel("accuracy on the control sample (%)")
    legend_above(figure, panels[0])
    return figure


def _panel(axes: Axes, found: Curves) -> None:
    means = {name: 100 * rows.mean(axis=0) for name, rows in found.accuracy.items()}
    best = max(means, key=lambda name: float(means[name].mean()))
    for series, (name, mean) in enumerate(means.items()):
        colour, marker = colour_and_marker(series)
        marked = (series % MARKED, MARKED)
        axes.plot(found.votes, mean, color=colour, marker=marker, markevery=marked, label=name)
        rows = found.accuracy[name]
        if name in (BASELINE, best) and len(rows) > 1:
            error = 100 * rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
            low, high = mean - error, mean + error
            axes.fill_between(found.votes, low, high, color=colour, alpha=0.15, linewidth=0)
    for share in SHARES:
        target = 100 * share * float(found.full.mean())
        axes.axhline(target, color=GREY, linewidth=0.6, linestyle=":")
    axes.set(xlim=(0, None), xlabel="votes")
