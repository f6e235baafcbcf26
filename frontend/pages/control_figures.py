"""The control candidates on a run's page: shared sky, and accuracy by property."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from classifier.core.properties import FIELD, MIN_IN_BIN, PROPERTIES
from frontend.templatetags.formats import decimal, percent

Share = Mapping[str, Any]
"""A proportion as it is stored."""


@dataclass(frozen=True)
class PropertyRow:
    """The accuracy in one bin of a property."""

    name: str
    share: Share


@dataclass(frozen=True)
class PropertyRows:
    """The bins of one property."""

    title: str
    p_value: float | None
    rows: list[PropertyRow]


def control_figures(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of a run's page; empty for runs of earlier versions."""
    return {**_shared_sky(outcome.get("shared_sky")), **_properties(outcome.get("properties", []))}


def _shared_sky(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    if not stored:
        return {}
    width = stored["width_px"]
    names = {
        "apart": f"no training label within {width} px",
        "shared": f"a training label within {width} px",
        "unknown": "position not known",
    }
    rows = [(text, stored[name]) for name, text in names.items()]
    return {"sky": {**stored, "rows": rows}}


def _properties(stored: list[Mapping[str, Any]]) -> dict[str, Any]:
    if not stored:
        return {}
    tested = [accuracy for accuracy in stored if accuracy["p_value"] is not None]
    without_trend = [accuracy for accuracy in tested if not accuracy["has_trend"]]
    return {
        "properties": [_property(accuracy) for accuracy in stored],
        "trends": [_trend(accuracy) for accuracy in tested if accuracy["has_trend"]],
        "without_trend": _alternatives(_titles(without_trend)),
        "not_tested": ", ".join(_titles(a for a in stored if a["p_value"] is None)),
        "min_in_bin": MIN_IN_BIN,
        "min_tested": 2 * MIN_IN_BIN,
    }


def _titles(properties: Iterable[Mapping[str, Any]]) -> list[str]:
    return [PROPERTIES[accuracy["name"]][0] for accuracy in properties]


def _alternatives(titles: list[str]) -> str:
    """Return "V, V − I or field"; empty without titles."""
    return " or ".join(filter(None, (", ".join(titles[:-1]), *titles[-1:])))


def _property(accuracy: Mapping[str, Any]) -> PropertyRows:
    title, _ = PROPERTIES[accuracy["name"]]
    bins = [(_range(accuracy["name"], part), part["accuracy"]) for part in accuracy["bins"]]
    rows = [PropertyRow(*row) for row in [*bins, ("value not known", accuracy["unknown"])]]
    return PropertyRows(
        title, accuracy["adjusted_p_value"], [row for row in rows if row.share["of"]]
    )


def _range(name: str, part: Mapping[str, Any]) -> str:
    """Return the values of a bin as a text."""
    if name == FIELD:
        return str(part["name"])
    places = 0 if name in ("crowding", "nearest") else 2
    low, high = (decimal(part[end], places) for end in ("low", "high"))
    unit = PROPERTIES[name][1]
    return f"{low} to {high} {unit}".rstrip()


def _trend(accuracy: Mapping[str, Any]) -> str:
    """Return a sentence on a property with a trend: its first and last bin, or its extreme ones."""
    bins = accuracy["bins"]
    if accuracy["name"] == FIELD:
        tested = [part for part in bins if part["accuracy"]["of"] >= MIN_IN_BIN]
        bins = sorted(tested, key=lambda part: part["accuracy"]["value"])
    ends = [
        f"{percent(share['value'])} ({percent(share['low'])} – {percent(share['high'])}) "
        f"{'in' if accuracy['name'] == FIELD else 'at'} {_range(accuracy['name'], part)}"
        for part in (bins[0], bins[-1])
        for share in [part["accuracy"]]
    ]
    title, _ = PROPERTIES[accuracy["name"]]
    return f"Accuracy changes with {title}: {' and '.join(ends)}."
