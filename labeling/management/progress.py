"""Progress of a command, a line now and then, with the time left."""

from __future__ import annotations

import time
from typing import IO

_EVERY_S = 1.0


class PrintedProgress:
    """Prints to a stream what is being done, at most once a second."""

    def __init__(self, stream: IO[str]) -> None:
        """Take the stream, stderr as a rule, so that the output holds the result only."""
        self._stream = stream
        self._step = ""
        self._started = self._printed = time.monotonic()

    def __call__(self, complete: int, total: int, step: str) -> None:
        """Print a step when it starts, and then how far it is."""
        now = time.monotonic()
        if step != self._step:
            self._step, self._started = step, now
        elif now - self._printed < _EVERY_S and complete < total:
            return
        self._printed = now
        self._stream.write(f"{step}: {complete} of {total}{self._time_left(complete, total)}\n")

    def _time_left(self, complete: int, total: int) -> str:
        spent = time.monotonic() - self._started
        if spent < _EVERY_S or not 0 < complete < total:
            return ""
        return f", {spent / complete * (total - complete):.0f} s left"
