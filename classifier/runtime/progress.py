"""Report the progress of a long computation to its caller."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["prepare", "train", "predict"]

REPORT_INTERVAL_S = 0.5
"""Least time between two reports."""


@dataclass(frozen=True)
class Progress:
    """The progress of a training or a prediction."""

    stage: Stage
    member: int
    """Index of the member, from 0."""
    members: int
    batch: int
    """Completed batches of this member; in a prediction, of those stamps that are in memory."""
    batches: int
    loss: float | None = None
    """Cross-entropy of the last batch, nats."""
    images_per_second: float | None = None
    seconds_left: float | None = None
    """Until the stage ends, for all members."""
    fraction: float = 0.0
    """Completed part of the stage, for all members, 0 to 1."""
    parts: int = 1
    """Parts in which a batch is computed: above 1 if the device's memory is too small for it."""


Report = Callable[[Progress], None]
"""Called about twice a second. An exception from it ends the computation: this cancels it."""


class ProgressMeter:
    """Count completed images, estimate the time left, and tell when a report is due."""

    def __init__(self, total: int):
        """Start the clock for `total` images."""
        self.total = total
        self.completed = 0
        self._start = time.perf_counter()
        self._reported = -float("inf")

    def add(self, images: int) -> bool:
        """Count images that were just completed; True if a report is due."""
        self.completed += images
        now = time.perf_counter()
        if now - self._reported < REPORT_INTERVAL_S and self.completed < self.total:
            return False
        self._reported = now
        return True

    def skip(self, images: int) -> None:
        """Take images that were completed earlier from the total."""
        self.total -= images

    @property
    def fraction(self) -> float:
        """Completed part of the images, 0 to 1."""
        return self.completed / self.total if self.total else 1.0

    @property
    def rate(self) -> float:
        """Images per second so far."""
        return self.completed / max(time.perf_counter() - self._start, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Time left at the rate so far, or None before the first image."""
        return (self.total - self.completed) / self.rate if self.completed else None
