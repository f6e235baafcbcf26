"""gunicorn's threaded worker, but one of several that share the work."""

import socket
import time
from multiprocessing.sharedctypes import RawArray
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

GONE = -1
PAUSE_S = 0.002

_held = RawArray("i", [GONE] * 256)
"""Connections of each process, by its age; all of them see it, for they were forked from one."""


class FairWorker(ThreadWorker):
    """Lets a process that holds fewer connections go first when there is a new one.

    The kernel wakes all idle processes for it, always in the same order, so that the first would
    take them all; and as browsers keep them open, it alone would serve everybody.
    """

    @property
    def nr_conns(self) -> int:
        """How many connections it holds; gunicorn counts."""
        return int(_held[self.age % len(_held)])

    @nr_conns.setter
    def nr_conns(self, number: int) -> None:
        _held[self.age % len(_held)] = number

    def accept(self, server: Any, listener: socket.socket) -> None:
        """Take one, unless another has taken it meanwhile."""
        if self.nr_conns > min(number for number in _held if number != GONE):
            time.sleep(PAUSE_S)
        super().accept(server, listener)


def forget(worker: FairWorker) -> None:
    """It has ended, and holds nothing."""
    worker.nr_conns = GONE
