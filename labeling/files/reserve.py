"""Reserved space on the disk of ASTERISM_HOME, for what must go on where SQLite finds it full.

The reserve is one file. A request that may use it empties the file and repeats its write in the
space that this frees; while the file is empty, all other writes are refused. It is filled again
as soon as the disk has twice its size.
"""

import logging
import os
import shutil
from contextlib import suppress

from django.conf import settings

SIZE = 16 * 2**20
"""Bytes: a few thousand log-ins and leases, and SQLite's write-ahead log, 4 MiB."""

_FILE, _PART = "reserve", "reserve.partial"
_CHUNK = 2**20

logger = logging.getLogger(__name__)


def fill() -> None:
    """Write the reserve if there is space for twice as much, unless it is there."""
    reserve, part = settings.HOME / _FILE, settings.HOME / _PART
    try:
        if reserve.exists() and reserve.stat().st_size:
            return
        if shutil.disk_usage(settings.HOME).free < 2 * SIZE:
            return
        with part.open("wb") as file:
            for _ in range(SIZE // _CHUNK):
                # Random, because some file systems store zeros without using space.
                file.write(os.urandom(_CHUNK))
        part.replace(reserve)
    except OSError:
        with suppress(OSError):
            part.unlink()


def is_used() -> bool:
    """True while the disk is full and the reserve has been given up; fills it again if it can."""
    if not _is_empty():
        return False
    fill()
    return _is_empty()


def release() -> bool:
    """Free the reserve; return whether there was any."""
    reserve = settings.HOME / _FILE
    try:
        if not reserve.stat().st_size:
            return False
        os.truncate(reserve, 0)
    except OSError:
        return False
    logger.critical(
        "The disk of %s is full. Log-ins and the queue go on in %d MiB that were reserved; votes "
        "wait in the browsers. Make space.",
        settings.HOME,
        SIZE // 2**20,
    )
    return True


def _is_empty() -> bool:
    try:
        return (settings.HOME / _FILE).stat().st_size == 0
    except OSError:
        return False
