"""The section of the gate on a run's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classifier.core.statistics import Proportion
from labeling.rules.gate_comparison import MARGIN


def gate_details(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparisons with other runs, and the classes whose floor cannot be checked.

    Verdicts of earlier versions have no comparisons.
    """
    return {
        "margin_points": round(100 * MARGIN),
        "comparisons": [
            {
                **comparison,
                "name": _name(comparison["run"]),
                "score_gain": -comparison["score_loss"],
            }
            for comparison in verdict.get("comparisons", [])
        ],
        "unchecked": [
            f"{share['name']} ({share['new']['of']})"
            for share in verdict.get("shares", [])
            if share["floor"] is not None and not _is_checked(share)
        ],
    }


def _name(run: int | None) -> str:
    return "the promoted run" if run is None else f"run {run}"


def _is_checked(share: Mapping[str, Any]) -> bool:
    """True if a network that finds no candidate of the class would be refused."""
    none = Proportion.measure(0, share["new"]["of"])
    return none.high is not None and none.high < share["floor"]
