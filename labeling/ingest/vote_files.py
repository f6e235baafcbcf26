"""Read votes that were cast elsewhere: CSV files, and Zooniverse's classification exports.

A CSV file has a header and a row for each vote: catalogue id, person, class, and optionally field
and time. Errors name the file, the row, counted from 1 at the first row of data, and the reason.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from labeling.files.limits import LimitExceeded, check_table
from labeling.ingest.errors import BadInput
from labeling.ingest.vote_options import VoteOptions
from labeling.ingest.vote_tables import LeftOut, VoteFile, VoteTableReader
from labeling.ingest.zooniverse_votes import ZOONIVERSE_COLUMNS, ZooniverseReader
from labeling.number_texts import count_text

_MAX_CELL = 2**20


def read_votes(path: Path, field_name: str, options: VoteOptions) -> VoteFile:
    """Read a CSV file of votes, or a Zooniverse export, for one field. Raises BadInput."""
    options.check()
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    try:
        check_table(path)
        with _long_cells(), path.open(encoding="utf-8-sig", newline="") as stream:
            return _read_stream(path, stream, field_name, options)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not a text file ({error}).") from None


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let csv read cells as long as Zooniverse's; its limit is one of the process."""
    former = csv.field_size_limit(_MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(former)


def _read_stream(path: Path, stream: IO[str], field_name: str, options: VoteOptions) -> VoteFile:
    """Read the votes of an open file."""
    header, rows = _csv_rows(path, stream)
    is_zooniverse = {name.casefold() for name in header} >= ZOONIVERSE_COLUMNS
    reader = (ZooniverseReader if is_zooniverse else VoteTableReader)(path, header, options)
    for number, cells in rows:
        reader.file.rows = number
        try:
            reader.file.votes.append(reader.vote(number, cells, field_name))
        except LeftOut as reason:
            reader.file.left_out[str(reason)] += 1
    if not reader.file.rows:
        raise BadInput(f"{path}: the file has no rows.")
    reader.finish()
    return reader.file


def _csv_rows(
    path: Path, stream: IO[str]
) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Return the header, and each row's number and cells by column."""
    first_line = stream.readline(_MAX_CELL)
    stream.seek(0)
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise BadInput(f"{path}, header: {error}.") from None
    if not any(header):
        raise BadInput(f"{path}: the file is empty.")
    if repeated := [name for name, n in Counter(header).items() if n > 1 and name]:
        raise BadInput(f"{path}: two columns are called {repeated[0]!r}.")

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        number = 0
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise BadInput(f"{path}, row {number + 1}: {error}.") from None
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            if len(cells) != len(header):
                raise BadInput(
                    f"{path}, row {number}: has {count_text(len(cells), 'cell')} where the header "
                    f"has {len(header)}."
                )
            yield number, dict(zip(header, (cell.strip() for cell in cells), strict=True))

    return header, rows()
