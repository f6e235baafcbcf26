"""The style of figures: sizes in inches, type in points, colours for the colour-blind.

Source  Okabe and Ito 2008, "Color Universal Design".
"""

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

SINGLE = 3.4
"""Width of one column."""

DOUBLE = 7.0
"""Width of two columns."""

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GREY = "#666666"

RIGHT, WRONG = BLUE, VERMILION
"""Colours of right and wrong answers; hatching or markers also differ, for print in grey."""

_SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", SKY, BLUE, "#00375A"])
"""Colour map from 0 % to 100 %, of evenly falling lightness."""

journal_style = rc_context(
    {
        "font.family": "sans-serif",
        "font.size": 8,
        "axes.labelsize": 8,
        "axes.titlesize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 1.6,
        "axes.linewidth": 0.6,
        "lines.linewidth": 1.0,
        "lines.markersize": 3.5,
        "patch.linewidth": 0.6,
        "hatch.linewidth": 0.4,
        "xtick.direction": "in",
        "ytick.direction": "in",
        "xtick.top": True,
        "ytick.right": True,
        # Keeps the two numbers of a corner apart.
        "xtick.major.pad": 5.0,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "text.usetex": False,
        "figure.constrained_layout.use": True,
        # Journals refuse Type 3, the default of matplotlib.
        "pdf.fonttype": 42,
        # Fixes the names inside the file, which are random otherwise.
        "svg.hashsalt": "asterism",
    }
)
"""Decorator that draws in this style, and restores matplotlib's settings."""


def colour_and_marker(series: int) -> tuple[str, str]:
    """Return colour and marker of a series; both differ, and pairs repeat after 49 series."""
    cycle, index = divmod(series, len(_SERIES))
    return _SERIES[index], _MARKERS[(index + cycle) % len(_MARKERS)]


def legend_above(figure: Figure, axes: Axes) -> None:
    """Draw a legend above the axes, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    # The handle, and about 0.06 in for a letter of 7 points.
    column_in = 0.45 + 0.06 * max(map(len, labels), default=0)
    ncols = max(1, int(figure.get_figwidth() / column_in))
    figure.legend(handles, labels, loc="outside upper center", ncols=ncols)
