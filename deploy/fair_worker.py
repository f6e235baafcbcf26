"""A threaded worker of gunicorn that shares connections evenly with the other processes."""

import socket
import time
from multiprocessing.sharedctypes import RawArray
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

GONE = -1
PAUSE_S = 0.002

_held = RawArray("i", [GONE] * 256)
"""Number of connections of each process, by its age; shared, since all are forked from one."""


class FairWorker(ThreadWorker):
    """Leave a new connection to a process that holds fewer.

    The kernel wakes all idle processes for it, always in the same order. The first would take
    them all, and since browsers keep connections open, it alone would serve everybody.
    """

    @property
    def nr_conns(self) -> int:
        """Number of connections that this process holds, as gunicorn counts them."""
        return int(_held[self.age % len(_held)])

    @nr_conns.setter
    def nr_conns(self, number: int) -> None:
        _held[self.age % len(_held)] = number

    def accept(self, server: Any, listener: socket.socket) -> None:
        """Accept a connection, unless another process has accepted it meanwhile."""
        if self.nr_conns > min(number for number in _held if number != GONE):
            time.sleep(PAUSE_S)
        super().accept(server, listener)


def forget(worker: FairWorker) -> None:
    """Record that the worker has ended and holds no connections."""
    worker.nr_conns = GONE
