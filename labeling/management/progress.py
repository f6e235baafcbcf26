"""Progress of a command, a line now and then, with the time left."""

from __future__ import annotations

import time
from typing import IO

from labeling.ingest.progress import StepClock

_EVERY_S = 1.0


class PrintedProgress:
    """Prints to a stream what is being done, at most once a second."""

    def __init__(self, stream: IO[str]) -> None:
        """Take the stream, stderr as a rule, so that the output holds the result only."""
        self._stream = stream
        self._clock = StepClock()
        self._step = ""
        self._printed = 0.0

    def __call__(self, complete: int, total: int, step: str) -> None:
        """Print a step when it starts, and then how far it is."""
        now = time.monotonic()
        left = self._clock.seconds_left(complete, total, step)
        if step == self._step and now - self._printed < _EVERY_S and complete < total:
            return
        self._step, self._printed = step, now
        text = "" if left is None else f", {left:.0f} s left"
        self._stream.write(f"{step}: {complete} of {total}{text}\n")
