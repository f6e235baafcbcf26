"""Draw the accuracy by property of the candidates, as in Hannon et al. 2023."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.core.figure_style import DOUBLE, GREY, RIGHT, journal_style
from classifier.core.properties import PROPERTIES
from classifier.evaluation.properties import PropertyAccuracy

_COLUMNS = 3
_ROW_IN = 1.9


@journal_style
def accuracy_by_property(properties: Sequence[PropertyAccuracy], width: float = DOUBLE) -> Figure:
    """Draw a panel for each property: accuracy in each bin with its 95 % interval.

    A mark is at the median of its bin, the horizontal bar reaches from its lowest to its highest
    value. The dotted line is the accuracy on all candidates of the panel.
    """
    rows = -(-len(properties) // _COLUMNS)
    figure = Figure(figsize=(width, _ROW_IN * rows))
    panels = figure.subplots(rows, _COLUMNS, sharey=True, squeeze=False).ravel()
    for axes, accuracy in zip(panels, properties, strict=False):
        _draw_property(axes, accuracy)
    for axes in panels[len(properties) :]:
        axes.set_visible(False)
    for axes in panels[::_COLUMNS]:
        axes.set(ylim=(0, 100), ylabel="accuracy (%)")
    return figure


def _draw_property(axes: Axes, accuracy: PropertyAccuracy) -> None:
    bins = [part for part in accuracy.bins if part.accuracy.of]
    shares = [(part.accuracy.value, part.accuracy.low, part.accuracy.high) for part in bins]
    value, low, high = 100 * np.array(shares, dtype=float).T
    names = [part.name for part in bins]
    x = np.arange(len(bins), dtype=float)
    across = None
    if not any(names):
        x = np.array([part.median for part in bins], dtype=float)
        limits = np.array([(part.low, part.high) for part in bins], dtype=float).T
        across = np.array([x - limits[0], limits[1] - x])
    axes.errorbar(
        x, value, yerr=[value - low, high - value], xerr=across, fmt="o", color=RIGHT, capsize=1.5
    )
    right = sum(part.accuracy.right for part in bins)
    overall = 100 * right / sum(part.accuracy.of for part in bins)
    axes.axhline(overall, color=GREY, linewidth=0.8, linestyle=":")
    if any(names):
        axes.set_xticks(x, names, rotation=30, ha="right")
        axes.set_xlim(-0.5, len(bins) - 0.5)
    title, unit = PROPERTIES[accuracy.name]
    axes.set_xlabel(f"{title} ({unit})" if unit else title)
    if accuracy.has_trend:
        axes.set_title("trend", loc="right", fontsize=7)
