"""The format of a table file, by its content and its name."""

from __future__ import annotations

import re
from pathlib import Path

from labeling.files.limits import UNPACKING_ERRORS, LimitExceeded, check_table, open_unpacked
from labeling.ingest.errors import BadInput

CSV, TSV, TEXT = "csv", "tsv", "text"
ECSV, SEXTRACTOR, MRT, IPAC = "ecsv", "sextractor", "mrt", "ipac"
FITS, VOTABLE, PARQUET, HDF5 = "fits", "votable", "parquet", "hdf5"
FORMATS = (CSV, TSV, TEXT, ECSV, SEXTRACTOR, MRT, IPAC, FITS, VOTABLE, PARQUET, HDF5)
DELIMITED = (CSV, TSV, TEXT)
"""Formats of lines with cells between delimiters; `text` has spaces, or what the lines show."""

_BY_SUFFIX = {
    ".csv": CSV,
    ".tsv": TSV,
    **dict.fromkeys((".tab", ".txt", ".dat", ".cat", ".asc"), TEXT),
    ".ecsv": ECSV,
    ".mrt": MRT,
    ".tbl": IPAC,
    **dict.fromkeys((".fits", ".fit", ".fts"), FITS),
    **dict.fromkeys((".vot", ".votable", ".xml"), VOTABLE),
    ".parquet": PARQUET,
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), HDF5),
}
_PACKED = {".gz", ".bz2", ".xz"}
_WORKBOOKS = {".xlsx", ".xls", ".ods", ".numbers"}
_BY_CONTENT = (
    (re.compile(rb"SIMPLE  ="), FITS),
    (re.compile(rb"PAR1"), PARQUET),
    (re.compile(rb"\x89HDF\r\n"), HDF5),
    (re.compile(rb"\s*<(?!\?|!)[^>]*VOTABLE|\s*<[?!].*<[^>]*VOTABLE", re.DOTALL), VOTABLE),
    (re.compile(rb"\s*(# )?%ECSV"), ECSV),
    (re.compile(rb"#\s+1\s+[A-Z]\w*"), SEXTRACTOR),
    (re.compile(rb".*\n\s*Byte-by-byte Description of file", re.DOTALL), MRT),
    (re.compile(rb"\\|\|.*\|\s*\n"), IPAC),
)
_HTML = re.compile(rb"\s*(<!doctype html|<html|<table)", re.IGNORECASE)
_START = 2**16
_BOM = b"\xef\xbb\xbf"


def suffix_of(path: Path) -> str:
    """Return the file's suffix in small letters, without that of a compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def table_format(path: Path, requested: str | None = None) -> str:
    """Return the one of FORMATS that is requested, or that content and suffix show.

    Raises BadInput for a file that is too large, damaged or of no such format.
    """
    if suffix_of(path) in _WORKBOOKS:
        raise BadInput(f"{path}: workbooks are not read; save the sheet as CSV UTF-8.")
    try:
        check_table(path)
        with open_unpacked(path) as file:
            start = file.read(_START).removeprefix(_BOM)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except UNPACKING_ERRORS as error:
        raise BadInput(f"{path}: not a readable table ({error}).") from None
    if requested is not None:
        return requested
    if suffix_of(path) in {".html", ".htm"} or _HTML.match(start):
        raise BadInput(f"{path}: web pages are not read; save the table as CSV, ECSV or FITS.")
    for pattern, fmt in _BY_CONTENT:
        if pattern.match(start):
            return fmt
    if fmt_of_suffix := _BY_SUFFIX.get(suffix_of(path)):
        return fmt_of_suffix
    raise BadInput(
        f"{path}: not a readable table (unknown format); name it with --table-format, one of "
        f"{', '.join(FORMATS)}."
    )
