"""Small charts as plain SVG, drawn by the server: no script, and the same on paper.

Coordinates are those of a view box of WIDTH by HEIGHT units, y downwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from labeling.rules.learning_curve import Measurement

WIDTH, HEIGHT = 320, 120
MOST_ENTROPY = log(4)
"""Nats: the entropy of four equal probabilities."""


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram and what it says."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Curve:
    """One line: the `points` of an SVG polyline, and whose it is."""

    points: str
    title: str


@dataclass(frozen=True)
class Curves:
    """Lines on common axes, with the largest values of both."""

    lines: list[Curve]
    x_most: float
    y_most: float


@dataclass(frozen=True)
class Dot:
    """A measured share with the ends of its interval."""

    x: float
    y: float
    low: float
    high: float
    title: str


def learning_dots(measured: Sequence[Measurement]) -> list[Dot]:
    """Accuracy from 0 at the bottom to 1 at the top, against the logarithm of the labels."""
    if not measured:
        return []
    labels = [one.labels for one in measured]
    first, last = log(min(labels) / 1.02), log(max(labels) * 1.02)
    return [
        Dot(
            x=round(WIDTH * (log(one.labels) - first) / (last - first), 1),
            y=round(HEIGHT * (1 - one.accuracy), 1),
            low=round(HEIGHT * (1 - max(0.0, one.accuracy - 1.96 * one.error)), 1),
            high=round(HEIGHT * (1 - min(1.0, one.accuracy + 1.96 * one.error)), 1),
            title=f"run {one.run}: {one.correct} of {one.total} right, {one.labels} labels",
        )
        for one in measured
    ]


@dataclass(frozen=True)
class GateRow:
    """A share of right answers beside that of the network in use, and where both lie from 0 to 1.

    `marks` are the names of shapes and their places in units of WIDTH.
    """

    name: str
    new: Mapping[str, Any]
    live: Mapping[str, Any] | None
    floor: float | None
    marks: Mapping[str, float | None]


def gate_rows(verdict: Mapping[str, Any]) -> list[GateRow]:
    """The shares that the gate looked at; none before it did, or of no candidate."""
    return [
        GateRow(one["name"], one["new"], one["live"], one["floor"], _marks(one))
        for one in verdict.get("shares", [])
        if one["new"]["of"]
    ]


def _marks(one: Mapping[str, Any]) -> dict[str, float | None]:
    live = one["live"] or {}
    places = {
        "value": one["new"]["value"],
        "low": one["new"]["low"],
        "high": one["new"]["high"],
        "live": live.get("value"),
        "floor": one["floor"],
    }
    return {name: None if x is None else round(WIDTH * x, 1) for name, x in places.items()}


def entropy_histogram(values: Iterable[float], bins: int = 28) -> list[Bar]:
    """How often each entropy in [0, ln 4] occurs; no bars without values."""
    counts, edges = np.histogram(list(values), bins=bins, range=(0, MOST_ENTROPY))
    most = counts.max()
    if most == 0:
        return []
    width = WIDTH / bins
    return [
        Bar(
            x=round(i * width + 0.5, 2),
            y=round(HEIGHT * (1 - count / most), 2),
            width=round(width - 1, 2),
            height=round(HEIGHT * count / most, 2),
            title=f"{count} candidates from {edges[i]:.2f} to {edges[i + 1]:.2f} nat",
        )
        for i, count in enumerate(counts.tolist())
    ]


def loss_curves(history: Sequence[Mapping[str, Any]]) -> Curves | None:
    """The loss of each member against the batch; None before any member is done."""
    members = [(entry["batch"], entry["loss"]) for entry in history if entry.get("batch")]
    if not members:
        return None
    x_most = max(max(batches) for batches, _ in members)
    y_most = max(max(losses) for _, losses in members)
    lines = [
        Curve(_points(batches, losses, x_most, y_most), f"member {number}")
        for number, (batches, losses) in enumerate(members, 1)
    ]
    return Curves(lines, x_most, y_most)


def _points(x: Sequence[float], y: Sequence[float], x_most: float, y_most: float) -> str:
    """Data as the points of a polyline."""
    return " ".join(
        f"{WIDTH * a / x_most:.1f},{HEIGHT * (1 - b / (y_most or 1)):.1f}"
        for a, b in zip(x, y, strict=True)
    )
