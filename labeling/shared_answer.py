"""Answers to expensive questions, shared by all threads and processes of a server."""

import fcntl
import json
import mmap
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_COMPUTING, _MEMORY = 0, 1
_BYTES = 16384


class SharedAnswer:
    """The JSON value of a function, computed by one thread at a time and at most every `seconds`.

    Processes that are forked after this was made share it. The kernel releases the locks of a
    process that dies.
    """

    def __init__(self, compute: Callable[[], Any], *, seconds: float, oldest_s: float) -> None:
        self._compute = compute
        self._seconds = seconds
        self._oldest_s = oldest_s
        self._memory = mmap.mmap(-1, _BYTES)
        self._lock_file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server runs
        self._thread_locks = threading.Lock(), threading.Lock()

    def get(self) -> Any | None:
        """Return the value; None if another thread is computing it and there is none of late."""
        value, age = self._stored()
        if age <= self._seconds:
            return value
        with self._locked(_COMPUTING, wait=False) as acquired:
            if not acquired:
                return value if age <= self._oldest_s else None
            value, age = self._stored()
            if age > self._seconds:
                value = self._compute()
                self._store(value)
            return value

    def _stored(self) -> tuple[Any, float]:
        """Return the stored value and its age in seconds, infinite if there is none."""
        with self._locked(_MEMORY):
            text = self._memory[:].rstrip(b"\0")
        if not text:
            return None, float("inf")
        stored_at, value = json.loads(text)
        return value, time.monotonic() - stored_at

    def _store(self, value: Any) -> None:
        # The clock counts from the start of the machine, the same in all its processes.
        text = json.dumps([time.monotonic(), value]).encode()
        with self._locked(_MEMORY):
            self._memory[:] = text.ljust(_BYTES, b"\0")

    @contextmanager
    def _locked(self, byte: int, *, wait: bool = True) -> Iterator[bool]:
        """Hold one of the locks among threads and processes; False if it is taken."""
        # A lock of a file excludes other processes, not other threads of this one.
        if not self._thread_locks[byte].acquire(blocking=wait):
            yield False
            return
        try:
            mode = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
            try:
                fcntl.lockf(self._lock_file, mode, 1, byte)
            except BlockingIOError:
                yield False
                return
            try:
                yield True
            finally:
                fcntl.lockf(self._lock_file, fcntl.LOCK_UN, 1, byte)
        finally:
            self._thread_locks[byte].release()
