"""Calibrated probabilities of a run: its own, changed by the temperature of its calibration.

They are given only if the control labels determine a temperature, and its effect on candidates
that it was not fitted to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from classifier.core.temperature import FLOOR

DIGITS = 6
"""Decimals of calibrated probabilities: the last bits of a power differ between machines."""

MIN_LABELS = 50
"""Control labels below which no calibrated probabilities are given.

Fitted to 20 labels, a temperature changes the negative log-likelihood of new candidates by +0.03,
+0.02 and -0.11 nats on average for networks whose best temperature is 1, 1.3 and 2; fitted to 50
labels, by +0.01, -0.00 and -0.13 (docs/figures.md, Calibrated probabilities).
"""

_IMPORTED = "The network was trained elsewhere; its probabilities are not calibrated here."
_UNMEASURED = "The run’s calibration was not measured."
_EARLIER = "The calibration is of an earlier version, whose control labels were not all blind."
_TOO_FEW = f"{MIN_LABELS} control labels are needed, and there were {{}}."
_NO_BETTER = (
    "On control candidates that the temperature was not fitted to, calibrated probabilities are no "
    "better than the network’s own."
)
_LOSS = "negative_log_likelihood"


@dataclass(frozen=True)
class RunCalibration:
    """The temperature of a run's probabilities, or why there is none."""

    temperature: float | None
    labels: int
    """Control labels that the temperature was fitted to; 0 without one."""
    note: str
    """Why there are no calibrated probabilities; empty if there are."""

    @classmethod
    def of_run(cls, calibration: Mapping[str, Any] | None, network: str) -> Self:
        """Return that of a run's stored calibration; `network` is the name of an imported one."""
        if network or not calibration:
            return cls(None, 0, _IMPORTED if network else _UNMEASURED)
        if calibration["count"] < MIN_LABELS:
            return cls(None, 0, _TOO_FEW.format(calibration["count"]))
        if calibration["temperature"] is None or calibration["after"] is None:
            return cls(None, 0, calibration["note"])
        if "chance" not in calibration["before"]:
            return cls(None, 0, _EARLIER)
        before, after = (calibration[name][_LOSS] for name in ("before", "after"))
        if after >= before:
            return cls(None, 0, _NO_BETTER)
        return cls(calibration["temperature"], calibration["count"], "")

    def calibrated(self, probabilities: Sequence[float]) -> list[float] | None:
        """Return p^(1/T), normalised to 1, of one candidate's probabilities; None without a T."""
        if self.temperature is None:
            return None
        # As apply_temperature of arrays, which takes ten times as long for each row of an export.
        powers = [max(p, FLOOR) ** (1 / self.temperature) for p in probabilities]
        return [round(power / sum(powers), DIGITS) for power in powers]

    @property
    def sentence(self) -> str:
        """Return a sentence on the basis of the calibrated probabilities, or on their absence."""
        if self.temperature is None:
            return f"There are no calibrated probabilities. {self.note}"
        return (
            f"Calibrated with the temperature {self.temperature:.2f}, fitted to {self.labels} "
            "control labels."
        )
