"""Memory that the C library (glibc) keeps when it is freed; others are left as they are."""

import ctypes
from contextlib import suppress

_MMAP_THRESHOLD = -3
_LARGE = 2**20


def return_large_arrays() -> None:
    """From now on, give the memory of freed arrays of 1 MiB and more back to the system.

    By default glibc keeps that of up to 32 MiB, with gaps between what is still in use.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)


def return_free_memory() -> None:
    """Give all freed memory back to the system, that of many small arrays too."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
