"""Read tables of delimited text: CSV, TSV, semicolons, spaces; with or without a header.

astropy's readers keep every cell as an object; these read a million rows in bounded memory, and
only the chosen columns. Cells stay as they are written, so that the ids 007 and 7 differ.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO

import numpy as np

from labeling.files.limits import UNPACKING_ERRORS, LimitExceeded, open_unpacked
from labeling.ingest.errors import BadInput
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.table_data import (
    ROWS_PER_CHUNK,
    Choice,
    Chunk,
    TableData,
    check_shape,
)
from labeling.ingest.table_format import CSV, TSV
from labeling.number_texts import count_text

MAX_CELL = 1000
"""Characters of a cell in a column that is read."""
_MAX_LINE = 2**20
_STEP = "reading the catalogue (MB)"
_SAMPLE = 30
_DELIMITERS = (",", "\t", ";", "|")
_SPACES = " "


def read_text_table(
    path: Path,
    fmt: str,
    choose: Choice,
    progress: Progress = no_progress,
    *,
    header: bool = True,
) -> TableData:
    """Read the chosen columns of a table of text. Raises BadInput, naming file and row."""
    try:
        with open_unpacked(path) as file:
            text = _text_of(path, file)
            size_mb = 1 + path.stat().st_size // 2**20
            # The position in a file packed by gzip; in those packed otherwise, it is unpacked.
            packed = getattr(file, "fileobj", file)

            def report() -> None:
                progress(min(packed.tell() // 2**20, size_mb), size_mb, _STEP)

            return _read(path, text, fmt, choose, report, header=header)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path}: not a readable table: not a text file in UTF-8 ({error.reason}); save it "
            "as UTF-8."
        ) from None
    except UNPACKING_ERRORS as error:
        raise BadInput(f"{path}: not a readable table ({error}).") from None


def _text_of(path: Path, file: IO[bytes]) -> io.TextIOWrapper:
    if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
        raise BadInput(f"{path}: not a readable table: it is UTF-16 text; save it as UTF-8.")
    file.seek(0)
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _read(
    path: Path,
    text: io.TextIOWrapper,
    fmt: str,
    choose: Choice,
    report: Callable[[], None],
    *,
    header: bool,
) -> TableData:
    comments: list[str] = []
    lines = _data_lines(path, text, comments)
    sample = list(islice(lines, _SAMPLE))
    if not sample:
        return TableData(path, [], {}, 0, has_header=header)
    delimiter = _delimiter(fmt, sample)
    rows = _rows(path, chain(sample, lines), delimiter)
    first = [cell.strip() for cell in next(rows)]
    check_shape(path, len(first))
    names, has_header = first, header
    if not header or _holds_numbers(first):
        rows = chain([first], rows)
        numbers = [f"col{n}" for n in range(1, len(first) + 1)]
        commented = _commented_header(comments, delimiter, len(first)) if header else None
        names, has_header = commented or numbers, commented is not None
    units: dict[str, str] = {}
    if has_header:
        names = _checked_names(path, names)
        units, rows = _units_below(names, rows)
    chosen = choose(names, has_header=has_header)
    standard = "the header" if has_header else "row 1"
    rows = _of_one_width(path, rows, len(names), standard)
    columns, n_rows = _columns(path, names, chosen, rows, report)
    return TableData(
        path, names, columns, n_rows, has_header, units, decimal_commas=delimiter == ";"
    )


def _data_lines(path: Path, text: io.TextIOWrapper, comments: list[str]) -> Iterator[str]:
    """Yield the lines that are neither blank nor comments; collect the comments before them."""
    is_data = False
    while line := text.readline(_MAX_LINE):
        if len(line) == _MAX_LINE:
            raise BadInput(
                f"{path}: not a readable table: a line is longer than {_MAX_LINE} characters."
            )
        if "\0" in line:
            raise BadInput(f"{path}: not a table: a line holds a NUL character: {line[:40]!r}.")
        content = line.strip()
        if content.startswith("#"):
            if not is_data:
                comments[:] = [*comments[-100:], content]
        elif content:
            is_data = True
            yield line


def _delimiter(fmt: str, sample: list[str]) -> str:
    """Return the delimiter that each of the first lines holds as often as the first one."""
    if fmt == TSV:
        return "\t"
    if fmt == CSV:
        counts = {delimiter: sample[0].count(delimiter) for delimiter in _DELIMITERS}
        best = max(counts, key=lambda delimiter: counts[delimiter])
        return best if counts[best] else ("," if len(sample[0].split()) == 1 else _SPACES)
    for delimiter in _DELIMITERS:
        counts_in_lines = {line.rstrip("\r\n").count(delimiter) for line in sample}
        if len(counts_in_lines) == 1 and counts_in_lines != {0}:
            return delimiter
    return _SPACES


def _rows(path: Path, lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each line; spaces may follow them."""
    if delimiter == _SPACES:
        lines = (" ".join(line.split()) for line in lines)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    row = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(
                f"{path}, row {row or 1}: not a readable table ({error}): is a quotation mark not "
                "closed, or a cell too long?"
            ) from None
        yield cells
        row += 1


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _holds_numbers(cells: list[str]) -> bool:
    """True if a line is one of data, not of names: half of its cells are numbers."""
    return 2 * sum(map(_is_number, cells)) >= len(cells)


def _commented_header(comments: list[str], delimiter: str, n_columns: int) -> list[str] | None:
    """Return the names in the last comment before the data if it has one for each column."""
    if not comments:
        return None
    text = comments[-1].lstrip("#").strip()
    names = text.split() if delimiter == _SPACES else [n.strip() for n in text.split(delimiter)]
    return names if len(names) == n_columns and not _holds_numbers(names) else None


def _checked_names(path: Path, names: list[str]) -> list[str]:
    """Return the names; one that is empty is named by its number."""
    for n, name in enumerate(names):
        if name and name in names[:n]:
            raise BadInput(f"{path}: two columns have the name {name!r}; rename one of them.")
    return [name or f"col{n}" for n, name in enumerate(names, 1)]


def _units_below(
    names: list[str], rows: Iterator[list[str]]
) -> tuple[dict[str, str], Iterator[list[str]]]:
    """Return the units that VizieR writes below the names, above a line of dashes."""
    first = [[cell.strip() for cell in cells] for cells in islice(rows, 2)]
    is_vizier = len(first) == 2 and all(cell and not cell.strip("-") for cell in first[1])
    if is_vizier and len(first[0]) == len(names):
        units = {name: unit for name, unit in zip(names, first[0], strict=True) if unit}
        return units, rows
    return {}, chain(first, rows)


def _of_one_width(
    path: Path, rows: Iterator[list[str]], width: int, standard: str
) -> Iterator[list[str]]:
    """Yield the rows; raise BadInput at one that has not as many cells as the standard."""
    for row, cells in enumerate(rows, 1):
        if len(cells) != width:
            raise BadInput(
                f"{path}, row {row}: has {count_text(len(cells), 'column')} where {standard} has "
                f"{width}: not a readable table."
            )
        yield cells


def _columns(
    path: Path,
    names: list[str],
    chosen: set[str],
    rows: Iterator[list[str]],
    report: Callable[[], None],
) -> tuple[dict[str, list[Chunk]], int]:
    """Return the cells of the chosen columns in chunks, and the number of rows."""
    places = [(k, name) for k, name in enumerate(names) if name in chosen]
    columns: dict[str, list[Chunk]] = {name: [] for _, name in places}
    n_rows = 0
    while chunk := list(islice(rows, ROWS_PER_CHUNK)):
        by_column = list(zip(*chunk, strict=True))
        for k, name in places:
            columns[name].append(_as_bytes(path, name, by_column[k], n_rows))
        n_rows += len(chunk)
        report()
        check_shape(path, len(names), n_rows)
    return columns, n_rows


def _as_bytes(path: Path, name: str, cells: Sequence[str], start: int) -> Chunk:
    """Return cells as UTF-8; `start` rows come before them."""
    longest = max(map(len, cells))
    if longest > MAX_CELL:
        row = start + 1 + next(k for k, cell in enumerate(cells) if len(cell) == longest)
        raise BadInput(
            f"{path}, row {row}: the cell in column {name!r} has {longest} characters; at most "
            f"{MAX_CELL} are read."
        )
    try:
        column = np.array(cells, dtype=np.bytes_)
    except UnicodeEncodeError:
        column = np.array([cell.encode() for cell in cells], dtype=np.bytes_)
    if not re.search(rb"\s", column.tobytes()):
        return column
    stripped: Chunk = np.strings.strip(column)
    return stripped
