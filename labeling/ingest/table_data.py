"""A table in memory, one column at a time, whatever file it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Column, MaskedColumn, Table
from numpy.typing import NDArray

from labeling.files.limits import MAX_COLUMNS, MAX_ROWS
from labeling.ingest.errors import BadInput

ROWS_PER_CHUNK = 2**14

Chunk = NDArray[Any]
"""Cells of one column: bytes of UTF-8 text, or any dtype, masked where there is no value."""


class CompactColumn(Sequence[Any]):
    """A column as one array of cells, of which values are made when they are read.

    A list of Python's objects takes up to ten times as much memory.
    """

    def __init__(self, cells: Chunk, values: Callable[[Chunk], list[Any]]) -> None:
        self._cells, self._values = cells, values

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> CompactColumn:
        """Return a column whose values are these texts."""
        return cls(compact_texts(texts), np.ndarray.tolist)

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._values(self._cells[index])
        return self._values(self._cells[[index]])[0]

    def __iter__(self) -> Iterator[Any]:
        for first in range(0, len(self), ROWS_PER_CHUNK):
            yield from self[first : first + ROWS_PER_CHUNK]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def compact_texts(texts: Iterable[str]) -> Chunk:
    """Return texts as an array in which each takes as many bytes as it is long."""
    return np.array(list(texts), dtype=np.dtypes.StringDType())


class Choice(Protocol):
    """Chooses the columns to read from the names of all columns of a file."""

    def __call__(self, names: list[str], *, has_header: bool) -> set[str]:
        """Return the chosen ones; without a header, the names are col1, col2 …"""
        ...


@dataclass
class TableData:
    """The columns of one table that were read, in chunks of rows."""

    path: Path
    names: list[str]
    """Of all columns of the file."""
    columns: dict[str, list[Chunk]]
    n_rows: int
    has_header: bool = True
    units: dict[str, str] = field(default_factory=dict)
    frame: str | None = None
    """Sky frame that the file states, NAME or NAME:EQUINOX."""
    decimal_commas: bool = False
    notes: list[str] = field(default_factory=list)

    def chunks(self, name: str) -> Iterator[tuple[int, Chunk]]:
        """Yield the first row, from 0, and the cells of each chunk of a column."""
        start = 0
        if name not in self.columns:
            raise BadInput(
                f"{self.path}: column {name!r} has a type that is not read; save it as numbers or "
                "UTF-8 text."
            )
        for chunk in self.columns[name]:
            if chunk.ndim > 1 or any(isinstance(cell, np.ndarray) for cell in _objects(chunk)):
                raise BadInput(
                    f"{self.path}: column {name!r} holds arrays, not one value in each row; save "
                    "the table with a column for each value."
                )
            yield start, chunk
            start += len(chunk)


def _objects(chunk: Chunk) -> list[Any]:
    return list(np.ma.compressed(chunk)) if chunk.dtype.kind == "O" else []


def check_shape(path: Path, n_columns: int, n_rows: int = 0) -> None:
    """Raise BadInput if a table has more columns or rows than are read."""
    if n_columns > MAX_COLUMNS:
        raise BadInput(
            f"{path}: it has {n_columns} columns, and at most {MAX_COLUMNS} are read; save the "
            "table with the columns that you need."
        )
    if n_rows > MAX_ROWS:
        raise BadInput(f"{path}: it has more than {MAX_ROWS} rows; split it.")


def from_astropy(path: Path, table: Table, *, frame: str | None = None) -> TableData:
    """Return an astropy table; a SkyCoord column becomes the columns ra and dec, ICRS degrees."""
    check_shape(path, len(table.colnames), len(table))
    data = TableData(path, [], {}, len(table), frame=frame)
    for name in table.colnames:
        column = table[name]
        if isinstance(column, SkyCoord):
            if {"ra", "dec"} & {other.lower() for other in table.colnames}:
                continue
            for axis, values in zip(("ra", "dec"), _icrs_degrees(column), strict=True):
                _add(data, axis, values, "deg")
            data.frame = "icrs"
            continue
        if isinstance(column, Column):
            is_masked = isinstance(column, MaskedColumn)
            cells = np.ma.asarray(column) if is_masked else np.asarray(column)
        else:
            cells = np.array([str(value) for value in column])
        if _is_text_of_another_encoding(cells):
            data.names.append(name)
            continue
        _add(data, name, cells, str(getattr(column, "unit", None) or ""))
    return data


def _is_text_of_another_encoding(cells: Chunk) -> bool:
    """True for bytes that are not UTF-8; to read such a column is an error."""
    if cells.dtype.kind != "S":
        return False
    try:
        np.strings.decode(np.ma.getdata(cells), "utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _icrs_degrees(coordinates: SkyCoord) -> tuple[Chunk, Chunk]:
    sky = coordinates.icrs
    return np.asarray(sky.ra.deg), np.asarray(sky.dec.deg)


def _add(data: TableData, name: str, cells: Chunk, unit: str) -> None:
    data.names.append(name)
    data.columns[name] = [
        cells[start : start + ROWS_PER_CHUNK] for start in range(0, len(cells), ROWS_PER_CHUNK)
    ]
    if unit:
        data.units[name] = unit
