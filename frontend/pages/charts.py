"""Small charts as plain SVG, drawn by the server: they need no script and print well.

Coordinates are those of a view box of WIDTH by HEIGHT units, y downwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from classifier.core.statistics import Z
from labeling.rules.learning_curve import Measurement

WIDTH, HEIGHT = 320, 120
MAX_ENTROPY = log(4)
"""Nats: the entropy of four equal probabilities."""


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram, and its count as text."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Curve:
    """One line: the `points` of an SVG polyline, and its name."""

    points: str
    title: str


@dataclass(frozen=True)
class LossCurves:
    """Lines on common axes from zero to the largest value of any line."""

    lines: list[Curve]
    x_max: float
    y_max: float


@dataclass(frozen=True)
class LearningDot:
    """The accuracy of one run, with its interval."""

    x: float
    y: float
    low: float
    high: float
    title: str


def learning_dots(measurements: Sequence[Measurement]) -> list[LearningDot]:
    """Return accuracies, 0 at the bottom and 1 at the top, against the logarithm of the labels."""
    if not measurements:
        return []
    labels = [point.labels for point in measurements]
    first, last = log(min(labels) / 1.02), log(max(labels) * 1.02)
    return [
        LearningDot(
            x=round(WIDTH * (log(point.labels) - first) / (last - first), 1),
            y=round(HEIGHT * (1 - point.accuracy), 1),
            low=round(HEIGHT * (1 - max(0.0, point.accuracy - Z * point.error)), 1),
            high=round(HEIGHT * (1 - min(1.0, point.accuracy + Z * point.error)), 1),
            title=f"run {point.run}: {point.correct} of {point.total} right, {point.labels} labels",
        )
        for point in measurements
    ]


@dataclass(frozen=True)
class GateRow:
    """A share of right answers beside the promoted network's, and its marks on a bar."""

    name: str
    new: Mapping[str, Any]
    promoted: Mapping[str, Any] | None
    floor: float | None
    marks: Mapping[str, float | None]
    """Positions of the shapes along the bar, in units of WIDTH, by name."""


def gate_rows(verdict: Mapping[str, Any]) -> list[GateRow]:
    """Return the shares that the gate compared; none before its verdict, or without candidates."""
    return [
        GateRow(share["name"], share["new"], share["live"], share["floor"], _marks(share))
        for share in verdict.get("shares", [])
        if share["new"]["of"]
    ]


def _marks(share: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the positions along the bar; None for a shape that is not drawn."""
    values = {
        "value": share["new"]["value"],
        "low": share["new"]["low"],
        "high": share["new"]["high"],
        "promoted": (share["live"] or {}).get("value"),
        "floor": share["floor"],
    }
    return {name: None if x is None else round(WIDTH * x, 1) for name, x in values.items()}


def entropy_bars(entropies: Iterable[float], bins: int = 28) -> list[Bar]:
    """Return the histogram of entropies from 0 to ln 4; no bars without entropies."""
    counts, edges = np.histogram(list(entropies), bins=bins, range=(0, MAX_ENTROPY))
    highest = counts.max()
    if highest == 0:
        return []
    width = WIDTH / bins
    return [
        Bar(
            x=round(i * width + 0.5, 2),
            y=round(HEIGHT * (1 - count / highest), 2),
            width=round(width - 1, 2),
            height=round(HEIGHT * count / highest, 2),
            title=f"{count} candidates from {edges[i]:.2f} to {edges[i + 1]:.2f} nat",
        )
        for i, count in enumerate(counts.tolist())
    ]


def loss_curves(history: Sequence[Mapping[str, Any]]) -> LossCurves | None:
    """Return the loss of each member against the batch; None before a member is trained."""
    members = [(entry["batch"], entry["loss"]) for entry in history if entry.get("batch")]
    if not members:
        return None
    x_max = max(max(batches) for batches, _ in members)
    y_max = max(max(losses) for _, losses in members)
    lines = [
        Curve(_points(batches, losses, x_max, y_max), f"member {number}")
        for number, (batches, losses) in enumerate(members, 1)
    ]
    return LossCurves(lines, x_max, y_max)


def _points(x: Sequence[float], y: Sequence[float], x_max: float, y_max: float) -> str:
    """Return the points of a polyline."""
    return " ".join(
        f"{WIDTH * a / x_max:.1f},{HEIGHT * (1 - b / (y_max or 1)):.1f}"
        for a, b in zip(x, y, strict=True)
    )
