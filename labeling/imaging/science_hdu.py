"""Which HDU of a FITS file is the image: never its weights, errors, flags, context or a mask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from astropy.io import fits

from labeling.number_texts import count_text

_SCIENCE = {"SCI", "SCIENCE"}
_NOT_SCIENCE = {
    *("CON", "CONTEXT", "CTX", "DQ", "FLAG", "FLAGS"),
    *("BPM", "MASK", "MSK", "SEG", "SEGM", "SEGMAP", "SEGMENTATION"),
    *("ERR", "ERROR", "ERRORS", "NOISE", "RMS", "SIGMA", "STD", "UNC"),
    *("IVAR", "VAR", "VARIANCE", "WEIGHT", "WEIGHTS", "WHT"),
    *("COVERAGE", "EXP", "EXPTIME", "SAMP", "TIME"),
    *("BACKGROUND", "BKG", "PSF"),
    *("D2IMARR", "NPOLFILE", "WCSDVARR"),
}
_NOT_SCIENCE_FILES = _NOT_SCIENCE - {"CON", "EXP", "SAMP", "STD", "TIME"}
"""Words that end the name of a file without an image; LEGUS writes `exp` for a kind of weight."""
_UNNAMED = {"", "PRIMARY", "COMPRESSED_IMAGE"}
_LISTED = 8


class NoScienceImage(Exception):
    """A file has no image, or several; the text is the reason, to follow the name of the file."""


def science_hdu(file: Sequence[fits.hdu.base._BaseHDU], path: Path) -> int:
    """Return the number of the HDU with the image, (y, x) or (band, y, x).

    HDUs named SCI come before all others. Raises NoScienceImage if none or several remain.
    """
    images = [n for n, hdu in enumerate(file) if hdu.is_image and len(image_shape(hdu)) in (2, 3)]
    if not images:
        where = "its only HDU is not" if len(file) == 1 else f"none of its {len(file)} HDUs is"
        raise NoScienceImage(f"{where} a two-dimensional image")
    usable = [n for n in images if not _NOT_SCIENCE & _words(name_of(file[n]))]
    chosen = [n for n in usable if _SCIENCE & _words(name_of(file[n]))] or usable
    if not chosen:
        raise NoScienceImage(
            "it holds weights, errors, flags or masks only: " + _list_of(file, images)
        )
    if len(chosen) > 1:
        raise NoScienceImage(
            f"{len(chosen)} of its HDUs may be the image: {_list_of(file, chosen)}; "
            f"choose one by its number, as in {path.name}[{chosen[0]}]"
        )
    number = chosen[0]
    if _file_word(path) in _NOT_SCIENCE_FILES and not name_of(file[number]):
        raise NoScienceImage(
            f"its name says that it holds weights, errors, flags or a mask; if it is the image, "
            f"give the number of the HDU: {path.name}[{number}]"
        )
    return number


def image_shape(hdu: fits.hdu.base._BaseHDU) -> tuple[int, ...]:
    """Return the shape of an image HDU without leading axes of size 1; () without pixels."""
    shape = tuple(hdu.shape)
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def name_of(hdu: fits.hdu.base._BaseHDU) -> str:
    """Return EXTNAME in capitals, with EXTVER if there are several; empty if it says nothing."""
    name = str(hdu.header.get("EXTNAME", "")).strip().upper()
    return "" if name in _UNNAMED else name


def describe_hdu(number: int, hdu: fits.hdu.base._BaseHDU) -> str:
    """Return number, name, size and unit of an image HDU."""
    *planes, height, width = image_shape(hdu)
    name, version = name_of(hdu), hdu.header.get("EXTVER", 1)
    title = f" {name}" if name else ""
    title += f",{version}" if name and version != 1 else ""
    size = f"{width} x {height} px"
    size = f"{count_text(planes[0], 'plane')} of {size}" if planes else size
    unit = str(hdu.header.get("BUNIT", "")).strip() or "no unit"
    return f"HDU {number}{title} ({size}, {unit})"


def _list_of(file: Sequence[fits.hdu.base._BaseHDU], numbers: Sequence[int]) -> str:
    texts = [describe_hdu(number, file[number]) for number in numbers[:_LISTED]]
    more = len(numbers) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _words(name: str) -> set[str]:
    return set(re.split(r"[^A-Z0-9]+", name))


def _file_word(path: Path) -> str:
    """Return the last word of a file's name, in capitals, without endings such as .fits.gz."""
    stem = path.name.split(".fit")[0].split(".fz")[0]
    return re.split(r"[^A-Z0-9]+", stem.upper())[-1]
