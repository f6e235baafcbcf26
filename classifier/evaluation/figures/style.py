"""How figures look: sizes in inches, type in points, colours that the colour-blind tell apart.

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
"""Told apart by hatching or markers as well, for print without colours."""

_SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", SKY, BLUE, "#00375A"])
"""From 0 % to 100 %; its lightness falls evenly."""

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
        # So that the two numbers of a corner do not touch.
        "xtick.major.pad": 5.0,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "text.usetex": False,
        "figure.constrained_layout.use": True,
        # Journals refuse matplotlib's default, Type 3.
        "pdf.fonttype": 42,
        # Names inside the file come from this, not from chance.
        "svg.hashsalt": "asterism",
    }
)
"""Decorates what draws; leaves matplotlib's own settings as they were."""


def colour_and_marker(series: int) -> tuple[str, str]:
    """Both differ between series, for print without colours; pairs come again after 49."""
    turn, place = divmod(series, len(_SERIES))
    return _SERIES[place], _MARKERS[(place + turn) % len(_MARKERS)]


def legend_above(figure: Figure, axes: Axes) -> None:
    """A legend that hides no data, in as many columns as its texts leave room for."""
    handles, labels = axes.get_legend_handles_labels()
    # About 0.06 in a letter of 7 points, and the handle.
    column = 0.45 + 0.06 * max(map(len, labels), default=0)
    ncols = max(1, int(figure.get_figwidth() / column))
    figure.legend(handles, labels, loc="outside upper center", ncols=ncols)
