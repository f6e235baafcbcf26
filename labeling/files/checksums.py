"""Checksums of FITS files: CHECKSUM and DATASUM of an HDU.

Seaman, Pence & Rots 2012 (the FITS checksum proposal): 32-bit sums in ones' complement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import IO

import numpy as np
from astropy.io import fits

_CHUNK = 2880 * 1024
_ONES = 2**32 - 1


class ChecksumError(Exception):
    """The content of a file is not what was written; the text says which part, and the remedy."""


def check_sums(
    open_file: Callable[[], AbstractContextManager[IO[bytes]]], hdus: Collection[int]
) -> list[str]:
    """Check the sums in the headers of these HDUs of a file that is not compressed.

    Returns a note for each header that was edited after its sum was written. Raises ChecksumError
    if the data are not those that were written.
    """
    notes: list[str] = []
    with (
        open_file() as content,
        fits.open(content, disable_image_compression=True, memmap=False) as file,
        open_file() as stream,
    ):
        for number, hdu in enumerate(file):
            if number in hdus:
                notes += _check_hdu(number, hdu, stream)
    return notes


def _check_hdu(number: int, hdu: fits.hdu.base._BaseHDU, stream: IO[bytes]) -> list[str]:
    """Check one HDU; return a note if only its header was changed."""
    if not {"CHECKSUM", "DATASUM"} & set(hdu.header):
        return []
    info = hdu.fileinfo()
    stream.seek(info["hdrLoc"])
    header = _sum(stream, info["datLoc"] - info["hdrLoc"])
    data = _sum(stream, info["datSpan"])
    written = _datasum(hdu.header)
    if written is not None and (written - data) % _ONES:
        raise ChecksumError(
            f"the DATASUM of HDU {number} does not match its pixels, the file is damaged; copy it "
            "again (if you changed the pixels on purpose: fitscheck --write FILE)"
        )
    if "CHECKSUM" not in hdu.header or not (header + data) % _ONES:
        return []
    if written is None:
        raise ChecksumError(
            f"the CHECKSUM of HDU {number} does not match, the file is damaged; copy it again "
            "(if you changed it on purpose: fitscheck --write FILE)"
        )
    return [f"the header of HDU {number} was edited after its CHECKSUM was written"]


def _datasum(header: fits.Header) -> int | None:
    """Return the card DATASUM; None if there is none, or no number."""
    text = str(header.get("DATASUM", "")).strip()
    return int(text) if text.isdecimal() else None


def _sum(stream: IO[bytes], size: int) -> int:
    """Return the sum of the next bytes as big-endian words, in ones' complement."""
    total = 0
    while size > 0 and (chunk := stream.read(min(size, _CHUNK))):
        size -= len(chunk)
        words = np.frombuffer(chunk[: len(chunk) // 4 * 4], ">u4")
        total += int(words.sum(dtype=np.uint64))
    return total % _ONES
