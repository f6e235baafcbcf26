"""What a long computation tells its caller while it runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["prepare", "train", "predict"]

SECONDS_BETWEEN_REPORTS = 0.5


@dataclass(frozen=True)
class Progress:
    """How far a training or a prediction is."""

    stage: Stage
    member: int
    """Counts from 0."""
    members: int
    batch: int
    """Batches of this member that are done; in a prediction, of those whose stamps are read."""
    batches: int
    loss: float | None = None
    """Cross-entropy of the last batch, nats."""
    images_per_second: float | None = None
    seconds_left: float | None = None
    """Of the whole stage, all members."""
    fraction: float = 0.0
    """Of the whole stage, 0 to 1."""
    parts: int = 1
    """Pieces in which a batch is computed: above 1 where the device's memory is too small."""


Report = Callable[[Progress], None]
"""Called about twice a second. An exception that it raises ends the computation: so one cancels."""


class Clock:
    """Counts images against the wall clock, and says when a report is due."""

    def __init__(self, images: int):
        """Expect so many images in all."""
        self.images = images
        self.seen = 0
        self.start = time.perf_counter()
        self.reported = -float("inf")

    def count(self, images: int) -> bool:
        """Add images that were just finished; True if a report is due."""
        self.seen += images
        now = time.perf_counter()
        if now - self.reported < SECONDS_BETWEEN_REPORTS and self.seen < self.images:
            return False
        self.reported = now
        return True

    def leave_out(self, images: int) -> None:
        """Expect so many fewer: they were done before."""
        self.images -= images

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self.start

    @property
    def fraction(self) -> float:
        """Share of the images that are done."""
        return self.seen / self.images if self.images else 1.0

    @property
    def rate(self) -> float:
        """Images per second so far."""
        return self.seen / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """At the rate so far, or None before the first image."""
        return (self.images - self.seen) / self.rate if self.seen else None
