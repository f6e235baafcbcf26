"""Limits on files from outside, checked before a reader parses them.

A small file can unpack to terabytes, declare any number of pixels, or have a header without end.
Sizes are bytes; astropy reads the same compressions, except those that are refused here.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import zlib
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Protocol

from astropy.io import fits

MAX_PIXELS = 2**29
"""Of one image; 2 GiB as float32. The largest mosaics of Hubble's fields have a quarter of that."""
MAX_UNPACKED = 2**33
"""Of a compressed FITS file."""
MAX_TABLE = 2**28
"""Of a table, unpacked; its rows as Python's objects take ten times that."""
MAX_ROWS = 10**7
MAX_COLUMNS = 2000
MAX_OBJECTS = 10_000
"""Of an HDF5 file."""
MAX_HDUS = 1000

_BLOCK, _CARD = 2880, 80
_MAX_HEADER = 2000 * _BLOCK
_MAX_DATA = 2**50
"""Of one HDU; no disk holds more."""
_CHUNK = 2**20
_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_REFUSED = {b"PK\x03\x04": "zip", b"\x1f\x9d": "compress"}
UNPACKING_ERRORS = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""Errors that reading a damaged compressed file raises."""
HEADER_DAMAGE = (KeyError, OverflowError, TypeError, ValueError, fits.VerifyError)
"""Errors that reading a damaged FITS header raises."""


class LimitExceeded(Exception):
    """A file exceeds a limit; the text says which."""


def check_table(path: Path) -> None:
    """Raise LimitExceeded if a file of any table format is too large."""
    if path.stat().st_size > MAX_TABLE:
        raise LimitExceeded(f"larger than {MAX_TABLE // 2**20} MiB; split it")
    size = 0
    with open_unpacked(path) as stream, suppress(*UNPACKING_ERRORS):
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_TABLE:
                raise LimitExceeded(f"unpacks to more than {MAX_TABLE // 2**20} MiB; split it")


def check_fits(path: Path, *, table: bool = False) -> None:
    """Raise LimitExceeded if astropy could not read the file in bounded memory and time.

    `table` is for files of which a table is read. Damage is left to astropy.
    """
    with open_unpacked(path) as stream, suppress(*UNPACKING_ERRORS, *HEADER_DAMAGE):
        check_hdus(_Skipping(stream), table=table)


class SkippingStream(Protocol):
    """What `check_hdus` needs of a file."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, or those that are left."""

    def skip(self, size: int, /) -> None:
        """Go forward by so many bytes."""


def check_hdus(stream: SkippingStream, *, table: bool = False) -> None:
    """Raise LimitExceeded as `check_fits`, and other errors where headers are damaged."""
    for _ in range(MAX_HDUS):
        text = _read_header(stream)
        if not text:
            return
        header = fits.Header.fromstring(text)
        _check_tiles(header)
        if table:
            _check_columns(header)
        stream.skip(_data_size(header))
    raise LimitExceeded(f"it has more than {MAX_HDUS} HDUs")


def open_unpacked(path: Path) -> IO[bytes]:
    """Open a file to read what it holds, unpacked if it is compressed."""
    with path.open("rb") as file:
        start = file.read(6)
    for magic, name in _REFUSED.items():
        if start.startswith(magic):
            raise LimitExceeded(f"it is packed by {name}; unpack it")
    for magic, opener in _OPENERS.items():
        if start.startswith(magic):
            return opener(path, "rb")  # type: ignore[no-any-return,operator]
    return path.open("rb")


def _read_header(stream: SkippingStream) -> bytes:
    """Return the cards of the next header; nothing if the file ends before its END."""
    blocks: list[bytes] = []
    while len(blocks) * _BLOCK < _MAX_HEADER:
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK:
            return b""
        blocks.append(block)
        if any(block[k : k + _CARD].rstrip() == b"END" for k in range(0, _BLOCK, _CARD)):
            return b"".join(blocks)
    raise LimitExceeded(f"a header has more than {_MAX_HEADER // _CARD} cards")


def _data_size(header: fits.Header) -> int:
    axes = [int(header[f"NAXIS{n}"]) for n in range(1, int(header["NAXIS"]) + 1)]
    elements = int(header.get("PCOUNT", 0)) + math.prod(axes)
    size = abs(int(header["BITPIX"])) // 8 * int(header.get("GCOUNT", 1)) * elements
    if not axes:
        return 0
    if min(axes) < 0 or size < 0:
        raise LimitExceeded("a header declares a negative size")
    if size > _MAX_DATA:
        raise LimitExceeded(f"a header declares {size:.1e} bytes of data")
    return -(-size // _BLOCK) * _BLOCK


def _check_tiles(header: fits.Header) -> None:
    """Check that one tile of a compressed image is not larger than an image may be."""
    if header.get("ZIMAGE") is True:
        tile = math.prod(int(header.get(f"ZTILE{n}", 1)) for n in (1, 2, 3))
        if not 0 < tile <= MAX_PIXELS:
            raise LimitExceeded(f"its tiles have {tile} pixels")


def _check_columns(header: fits.Header) -> None:
    """Check a table's rows and columns; those of variable length may all share the same values."""
    if header.get("XTENSION", "").strip() != "BINTABLE" or header.get("ZIMAGE") is True:
        return
    if int(header["NAXIS2"]) > MAX_ROWS:
        raise LimitExceeded(f"it has more than {MAX_ROWS} rows")
    if int(header["TFIELDS"]) > MAX_COLUMNS:
        raise LimitExceeded(f"it has more than {MAX_COLUMNS} columns; save it with those you need")
    for n in range(1, int(header["TFIELDS"]) + 1):
        if {"P", "Q"} & set(str(header.get(f"TFORM{n}", ""))):
            name = header.get(f"TTYPE{n}", n)
            raise LimitExceeded(
                f"column {name} has values of variable length; save the table without it"
            )


class _Skipping:
    """A file, of which what is compressed is unpacked on the way, as far as the limit."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.read = stream.read
        self._stream = stream

    def skip(self, size: int) -> None:
        """Go forward. Raises LimitExceeded."""
        is_packed = not isinstance(self._stream, io.BufferedReader)
        if is_packed and self._stream.tell() + size > MAX_UNPACKED:
            raise LimitExceeded(f"it unpacks to more than {MAX_UNPACKED // 2**30} GiB")
        self._stream.seek(size, 1)


def check_hdf5(path: Path) -> None:
    """Raise LimitExceeded if an HDF5 file refers to other files or has too many objects.

    External links, raw data in other files and virtual datasets would let its maker choose what
    this machine reads. Needs h5py, and opens nothing but the file itself.
    """
    h5py = import_module("h5py")
    with h5py.File(path, "r") as file:
        groups, n_objects = [file], 0
        while groups:
            group = groups.pop()
            for name in group:
                n_objects += 1
                if n_objects > MAX_OBJECTS:
                    raise LimitExceeded(f"it holds more than {MAX_OBJECTS} objects")
                link = group.get(name, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    raise LimitExceeded(
                        f"{name!r} is not in this file but a link to {link.filename!r}; save it "
                        "in one file"
                    )
                if isinstance(link, h5py.SoftLink):
                    continue
                item = group[name]
                if isinstance(item, h5py.Group):
                    groups.append(item)
                elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                    raise LimitExceeded(
                        f"the data of {name!r} are in other files; save them in one file"
                    )
