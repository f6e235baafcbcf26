"""Many rows of numbers at once, faster than Django's `bulk_create` and `bulk_update`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from django.db import connection
from django.db.models import Model

from labeling.db.prepared import column, saved

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

M = TypeVar("M", bound=Model)
T = TypeVar("T")
Row = Sequence[float | None]

AT_A_TIME = 1000
"""Rows in one statement; SQLite takes some thousands."""


def parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """So many after the other as one statement takes."""
    for first in range(0, len(rows), AT_A_TIME):
        yield rows[first : first + AT_A_TIME]


class ChangeMany(Generic[M]):
    """Writes some fields of many rows that are there, in one statement, where they are numbers.

    `bulk_update` makes a condition of each value, over which databases take long.
    """

    def __init__(self, model: type[M], *fields: str) -> None:
        self._model = model
        self._names = fields

    def __call__(self, rows: Sequence[M]) -> None:
        """Write them as the rows have them now."""
        place = f"({', '.join(['%s'] * (1 + len(self._names)))})"
        with connection.cursor() as cursor:
            for some in parts(rows):
                values = [
                    x
                    for row in some
                    for x in (row.pk, *saved(row, self._fields, connection, add=False))
                ]
                cursor.execute(self._sql.format(", ".join([place] * len(some))), values)

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._names]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        key = f"{table}.{column(self._model._meta.pk)}"
        # Both databases call the columns of VALUES so; of one full of nulls they know no type.
        new = ", ".join(
            f"{column(field)} = CAST(column{number} AS {field.cast_db_type(connection)})"
            for number, field in enumerate(self._fields, 2)
        )
        return f"UPDATE {table} SET {new} FROM (VALUES {{}}) AS new WHERE {key} = column1"


class Load(Generic[M]):
    """Inserts many rows, of numbers, as they come: by COPY on PostgreSQL.

    In small parts, with a rest after each: the vote that comes next waits until the disk has what
    was written before it.
    """

    PART = 500
    REST = 0.75
    """As a share of the time that a part took."""

    def __init__(self, model: type[M], *columns: str) -> None:
        names = ", ".join(connection.ops.quote_name(name) for name in columns)
        self._into = f"{connection.ops.quote_name(model._meta.db_table)} ({names})"
        self._places = ", ".join(["%s"] * len(columns))
        fields = {field.attname: field for field in model._meta.concrete_fields}
        self._types = [str(fields[name].db_type(connection)) for name in columns]

    def __call__(self, rows: Iterable[Row]) -> None:
        """Insert them; they are not all held in memory."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                self._copy(iter(rows), cursor)
            else:
                insert = f"INSERT INTO {self._into} VALUES ({self._places})"
                for row in rows:
                    cursor.execute(insert, row)

    def _copy(self, rows: Iterator[Row], cursor: CursorWrapper) -> None:
        copy = f"COPY {self._into} FROM STDIN (FORMAT binary)"
        while part := list(islice(rows, self.PART)):
            began = time.monotonic()
            cursor.copy_expert(copy, BytesIO(packed(part, self._types)))
            # Foreign keys, which would all wait for the end of the transaction, and votes for them.
            connection.check_constraints()
            time.sleep(self.REST * (time.monotonic() - began))


_BINARY = {"bigint": ">i8", "integer": ">i4", "smallint": ">i2", "double precision": ">f8"}
"""Numbers as PostgreSQL sends them, by their type in the database."""


def packed(rows: Iterable[Row], types: Sequence[str]) -> bytes:
    """Rows of columns of these types in the binary format of PostgreSQL's COPY.

    Those with nulls in the same columns come together.
    """
    alike: defaultdict[tuple[bool, ...], list[Row]] = defaultdict(list)
    for row in rows:
        alike[tuple(x is None for x in row)].append(row)
    tuples = [_alike(some, types, missing) for missing, some in alike.items()]
    return b"".join([b"PGCOPY\n\xff\r\n\0", bytes(8), *tuples, b"\xff\xff"])


def _alike(rows: Sequence[Row], types: Sequence[str], missing: Sequence[bool]) -> bytes:
    """Rows with nulls in the same columns."""
    kinds = [None if null else np.dtype(_BINARY[t]) for t, null in zip(types, missing, strict=True)]
    layout: list[tuple[str, Any]] = [("columns", ">i2")]
    for number, kind in enumerate(kinds):
        layout.append((f"size{number}", ">i4"))
        if kind:
            layout.append((f"value{number}", kind))
    written = np.empty(len(rows), layout)
    written["columns"] = len(kinds)
    for number, (kind, values) in enumerate(zip(kinds, zip(*rows, strict=True), strict=True)):
        written[f"size{number}"] = kind.itemsize if kind else -1
        if kind:
            written[f"value{number}"] = values
    return written.tobytes()
