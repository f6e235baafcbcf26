"""Draw the selection of candidates: the concentration index, and the magnitude against it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.core.figure_files import save
from classifier.core.figure_style import (
    BLACK,
    BLUE,
    GREY,
    SINGLE,
    VERMILION,
    journal_style,
    legend_above,
)
from labeling.imaging.source_photometry import Photometry
from labeling.rules.selection import Cuts, Selection

_CI_RANGE = (0.0, 3.0)
_CI_BINS = 60


def draw_selection(
    folder: Path, photometry: Photometry, selection: Selection, cuts: Cuts
) -> list[Path]:
    """Draw both figures, each in PDF, PNG and SVG with its data as CSV; return the files."""
    return [
        *save(
            ci_histogram(photometry, selection, cuts),
            folder / "concentration",
            _histogram_rows(photometry, selection),
        ),
        *save(
            magnitude_against_ci(photometry, selection, cuts),
            folder / "magnitude-concentration",
            _source_rows(photometry, selection),
        ),
    ]


@journal_style
def ci_histogram(
    photometry: Photometry, selection: Selection, cuts: Cuts, width: float = SINGLE
) -> Figure:
    """Draw the concentration index of all sources, of isolated bright ones, and of candidates."""
    figure = Figure(figsize=(width, width * 0.75))
    axes = figure.add_subplot()
    for row in _series(photometry, selection):
        name, values, colour, line = row
        counts, edges = _histogram(values)
        label = f"{name}: {len(values)}"
        axes.stairs(counts, edges, color=colour, linestyle=line, label=label)
    _mark_threshold(axes, cuts)
    band = photometry.ci_band
    axes.set(xlim=_CI_RANGE, xlabel=f"concentration index in {band} (mag)", ylabel="sources")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    legend_above(figure, axes)
    return figure


@journal_style
def magnitude_against_ci(
    photometry: Photometry, selection: Selection, cuts: Cuts, width: float = SINGLE
) -> Figure:
    """Draw magnitude against concentration index of candidates and of what the cuts removed."""
    figure = Figure(figsize=(width, width * 0.9))
    axes = figure.add_subplot()
    magnitude, selected = photometry.magnitudes[photometry.ci_band], selection.selected
    groups = (("removed", ~selected, GREY, "."), ("candidates", selected, BLUE, "o"))
    for name, chosen, colour, marker in groups:
        axes.plot(
            photometry.ci[chosen],
            magnitude[chosen],
            marker,
            color=colour,
            markersize=1.5,
            markeredgewidth=0,
            alpha=0.6,
            rasterized=True,  # tens of thousands of points
            label=f"{name}: {int(chosen.sum())}",
        )
    _mark_threshold(axes, cuts)
    if np.isfinite(cuts.faintest_v):
        axes.axhline(cuts.faintest_v, color=BLACK, linestyle=":", linewidth=0.8)
    band = photometry.ci_band
    axes.set(
        xlim=_CI_RANGE,
        xlabel=f"concentration index in {band} (mag)",
        ylabel=f"magnitude in {band} (Vega)",
    )
    axes.invert_yaxis()
    legend_above(figure, axes)
    return figure


def _mark_threshold(axes: Axes, cuts: Cuts) -> None:
    if cuts.min_ci is not None:
        axes.axvline(cuts.min_ci, color=VERMILION, linestyle="--", linewidth=0.8)


def _series(photometry: Photometry, selection: Selection) -> list[tuple[str, np.ndarray, str, str]]:
    """Return name, concentration indices, colour and line of each histogram."""
    return [
        ("all sources", photometry.ci, GREY, "-"),
        ("bright, isolated", photometry.ci_of_stars, VERMILION, "-"),
        ("candidates", photometry.ci[selection.selected], BLUE, "-"),
    ]


def _histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts and edges of the bins; the outer bins also count what lies beyond."""
    within = np.clip(values[np.isfinite(values)], *_CI_RANGE)
    return np.histogram(within, _CI_BINS, _CI_RANGE)


def _histogram_rows(photometry: Photometry, selection: Selection) -> list[dict[str, object]]:
    """Return the counts of each bin, one row a bin."""
    histograms = [_histogram(values)[0] for _, values, *_ in _series(photometry, selection)]
    edges = np.linspace(*_CI_RANGE, _CI_BINS + 1)
    return [
        {
            "ci_from": round(float(edges[bin_]), 3),
            "ci_to": round(float(edges[bin_ + 1]), 3),
            "all_sources": int(histograms[0][bin_]),
            "bright_isolated": int(histograms[1][bin_]),
            "candidates": int(histograms[2][bin_]),
        }
        for bin_ in range(_CI_BINS)
    ]


def _source_rows(photometry: Photometry, selection: Selection) -> list[dict[str, object]]:
    """Return index, magnitude and outcome of each source; empty where not measured."""
    magnitudes, selected = photometry.magnitudes[photometry.ci_band], selection.selected
    return [
        {
            "ci": _finite(ci),
            "magnitude": _finite(magnitude),
            **{f"passed_{result.name}": int(result.passed[row]) for result in selection.results},
            "selected": int(selected[row]),
        }
        for row, (ci, magnitude) in enumerate(zip(photometry.ci, magnitudes, strict=True))
    ]


def _finite(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
