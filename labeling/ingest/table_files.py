"""Read the table of a file, whatever its format; and the SHA-256 of such files."""

from __future__ import annotations

import struct
import warnings
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from astropy.io.fits import VerifyError
from astropy.io.registry import IORegistryError
from astropy.table.meta import YamlParseError

from labeling.files.limits import UNPACKING_ERRORS, LimitExceeded, check_table
from labeling.ingest.binary_tables import read_ascii, read_fits, read_votable
from labeling.ingest.column_descriptions import load_description
from labeling.ingest.errors import BadInput
from labeling.ingest.linked_tables import read_hdf5, read_parquet
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.table_data import Choice, TableData
from labeling.ingest.table_format import (
    DELIMITED,
    FITS,
    HDF5,
    PARQUET,
    VOTABLE,
    table_format,
)
from labeling.ingest.table_options import TableOptions
from labeling.ingest.text_tables import read_text_table

# What astropy, h5py and pyarrow raise for files that are damaged: almost anything.
_UNREADABLE = (
    *UNPACKING_ERRORS,
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    IORegistryError,
    LookupError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    VerifyError,
    YamlParseError,
    struct.error,
)


def load_table(
    path: Path, options: TableOptions, choose: Choice, progress: Progress = no_progress
) -> TableData:
    """Read the chosen columns of the table. Raises BadInput."""
    fmt = table_format(path, options.format)
    if options.table is not None and fmt not in {FITS, VOTABLE, HDF5}:
        raise BadInput(f"{path}: a file of the format {fmt} holds one table; leave out --table.")
    has_header = options.header and not _is_by_number(options)
    try:
        if fmt in DELIMITED:
            return read_text_table(path, fmt, choose, progress, header=has_header)
        return _load_whole(path, fmt, options, choose)
    except MemoryError:
        raise BadInput(f"{path}: there is not enough memory to read it.") from None


def _is_by_number(options: TableOptions) -> bool:
    """True if the description numbers the columns, so that the file has no header."""
    return bool(options.description) and load_description(str(options.description)).by_number


def _load_whole(path: Path, fmt: str, options: TableOptions, choose: Choice) -> TableData:
    """Read a table of which astropy or another package is the reader."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if fmt == PARQUET:
                return read_parquet(path, choose)
            data = _load_all_columns(path, fmt, options)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except _UNREADABLE as error:
        reason = next(iter(str(error).strip().splitlines()), "damaged, or another format")
        raise BadInput(f"{path}: not a readable table ({reason[:200]}).") from None
    choose(data.names, has_header=True)
    return data


def _load_all_columns(path: Path, fmt: str, options: TableOptions) -> TableData:
    if fmt == FITS:
        return read_fits(path, options.table)
    if fmt == VOTABLE:
        return read_votable(path, options.table)
    return read_hdf5(path, options.table) if fmt == HDF5 else read_ascii(path, fmt)


def sha256_of(path: Path) -> Any:
    """Return the SHA-256 of a table file, to be updated further. Raises BadInput if too large."""
    if not path.is_file():
        return sha256()
    try:
        check_table(path)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    with path.open("rb") as file:
        return file_digest(file, "sha256")
