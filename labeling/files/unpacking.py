"""Compressed FITS files, unpacked once to a scratch file.

A scratch file has no name: the system removes it when its last user closes it, or ends, however it
ends. Sizes are bytes.
"""

from __future__ import annotations

import io
import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import DTypeLike, NDArray

from labeling.files.limits import (
    HEADER_DAMAGE,
    MAX_UNPACKED,
    LimitExceeded,
    check_hdus,
    open_unpacked,
)

_CHUNK = 2**20
_SPARE = 2**26
"""What must stay free on the disk of the scratch file."""


FileVersion = tuple[Any, ...]


class ScratchFile:
    """An unnamed file in a folder, written once, and read at any position by any number of users.

    The folder None is that for temporary files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115

    def reserve(self, size: int) -> None:
        """Raise LimitExceeded unless the disk has room for so many bytes more."""
        folder = self._folder or Path(gettempdir())
        free = shutil.disk_usage(folder).free
        if free < size + _SPARE:
            raise LimitExceeded(
                f"unpacking it needs {_megabytes(size + _SPARE)} MB, and the disk of {folder} has "
                f"only {_megabytes(free)} MB free; make space, or move ASTERISM_HOME"
            )

    def write(self, content: bytes | memoryview) -> None:
        """Append to the file."""
        self._file.write(content)

    def open(self) -> io.BufferedReader:
        """Open the file to read it, from its start."""
        self._file.flush()
        return io.BufferedReader(_Reader(self._file.fileno(), self))

    def map(self, dtype: DTypeLike, offset: int, shape: tuple[int, int]) -> NDArray[Any]:
        """Return a part of the file as an array (y, x) that is a read-only memory map."""
        self._file.flush()
        return np.memmap(self._file, dtype, "r", offset, shape)


class _Reader(io.RawIOBase):
    """A file that is read by its descriptor, at a position of its own."""

    def __init__(self, descriptor: int, owner: ScratchFile) -> None:
        self._descriptor, self._position = descriptor, 0
        self._owner = owner  # which closes the descriptor when it is no longer used

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._descriptor, [buffer], self._position)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        size = os.fstat(self._descriptor).st_size
        self._position = offset + {0: 0, 1: self._position, 2: size}[whence]
        return self._position


class _Copied:
    """A stream, all of which is copied to a scratch file while it is read or skipped."""

    def __init__(self, stream: IO[bytes], scratch: ScratchFile) -> None:
        self._stream, self._scratch = stream, scratch

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._scratch.write(content)
        return content

    def skip(self, size: int) -> None:
        """Go forward, not beyond the end. Raises LimitExceeded if the disk has too little room."""
        if self._stream.tell() + size > MAX_UNPACKED:
            raise LimitExceeded(f"it unpacks to more than {MAX_UNPACKED // 2**30} GiB")
        self._scratch.reserve(size)
        while size > 0 and (content := self.read(min(size, _CHUNK))):
            size -= len(content)


# A command reads the mosaics of a field several times, to plan and to write.
_unpacked: WeakValueDictionary[FileVersion, ScratchFile] = WeakValueDictionary()


def unpack_fits(path: Path, folder: Path | None) -> ScratchFile | None:
    """Unpack a compressed FITS file to a scratch file in a folder; return None for any other file.

    All of it is read, so that its own checksum is checked. While somebody has the scratch file of
    an unchanged file, it is returned again. Raises LimitExceeded, and what reading a damaged
    compressed file raises.
    """
    key = version_of(path)
    if scratch := _unpacked.get(key):
        return scratch
    with open_unpacked(path) as stream:
        if isinstance(stream, io.BufferedReader):
            return None
        scratch = ScratchFile(folder)
        # What astropy says of a damaged header is better; what follows it is not needed.
        with suppress(*HEADER_DAMAGE):
            check_hdus(_Copied(stream, scratch))
        read_to_end(stream)
    _unpacked[key] = scratch
    return scratch


def version_of(path: Path) -> FileVersion:
    """Return what is different once a file has changed."""
    status = path.stat()
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return (path.resolve(), status.st_dev, status.st_ino, status.st_size, *times)


def read_to_end(stream: IO[bytes]) -> None:
    """Read a compressed file to its end, where its own checksum is. Raises LimitExceeded."""
    while stream.read(_CHUNK):
        if stream.tell() > MAX_UNPACKED:
            raise LimitExceeded(f"it unpacks to more than {MAX_UNPACKED // 2**30} GiB")


def _megabytes(size: int) -> int:
    return -(-size // 10**6)
