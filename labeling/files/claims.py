"""Claims: files that a process locks while it writes something that must be whole or absent.

The system releases the lock when the process ends, however it ends. A claim whose lock is free is
therefore abandoned, and whoever finds it removes what was left unfinished.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import DatabaseError


@contextmanager
def claimed(claim: Path, content: str, settle: Callable[[], object]) -> Iterator[None]:
    """Hold a claim with this content; call `settle` in the end, and remove the claim.

    Waits for another process that holds it.
    """
    claim.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with claim.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have removed the file just before it was locked.
            if not claim.exists() or not os.path.samestat(os.fstat(lock.fileno()), claim.stat()):
                continue
            lock.truncate(0)
            lock.write(content)
            lock.flush()
            os.fsync(lock.fileno())
            try:
                yield
            finally:
                # Without the database nobody knows what is stored: the next process decides.
                with suppress(DatabaseError):
                    settle()
                    claim.unlink(missing_ok=True)
            return


def settle_abandoned(
    folder: Path, pattern: str, settle: Callable[[Path, str], list[str]]
) -> list[str]:
    """Call `settle` with each abandoned claim in a folder and its content, and remove the claims.

    Returns what `settle` has removed.
    """
    removed: list[str] = []
    for claim in folder.glob(pattern):
        with suppress(FileNotFoundError, BlockingIOError), claim.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The process that held it may have ended well, and another one hold a new file.
            if os.path.samestat(os.fstat(lock.fileno()), claim.stat()):
                removed += settle(claim, lock.read())
                claim.unlink(missing_ok=True)
    return removed
