"""How imports report their progress."""

import time
from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with the steps that are complete, the number of all steps, and what is being done."""


def no_progress(_complete: int, _total: int, _step: str) -> None:
    """Report nothing."""


class StepClock:
    """Tells when the step at work will have ended, at the speed that it had until now."""

    LEAST_S = 1.0
    """Before, nobody knows the speed."""

    def __init__(self) -> None:
        self._step, self._started = "", 0.0

    def seconds_left(self, complete: int, total: int, step: str) -> float | None:
        """Return the seconds left of a step, of which each report is passed on; None if unknown."""
        now = time.monotonic()
        if step != self._step:
            self._step, self._started = step, now
        spent = now - self._started
        if spent < self.LEAST_S or not 0 < complete < total:
            return None
        return spent / complete * (total - complete)
