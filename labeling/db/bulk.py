"""Bulk writes of numbers, faster than Django's `bulk_create` and `bulk_update`."""

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

from labeling.db.prepared import column, db_values

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

M = TypeVar("M", bound=Model)
T = TypeVar("T")
Row = Sequence[float | None]

BATCH_SIZE = 1000
"""Rows in one SQL statement; SQLite takes some thousands."""


def batches(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the rows in batches that fit in one SQL statement."""
    for first in range(0, len(rows), BATCH_SIZE):
        yield rows[first : first + BATCH_SIZE]


class BulkUpdate(Generic[M]):
    """Update numeric fields of many rows in one statement for each batch.

    `bulk_update` writes a CASE with a condition for each value, which databases evaluate slowly.
    """

    def __init__(self, model: type[M], *fields: str) -> None:
        self._model = model
        self._names = fields

    def __call__(self, rows: Sequence[M]) -> None:
        """Write the present values of the rows."""
        marks = f"({', '.join(['%s'] * (1 + len(self._names)))})"
        with connection.cursor() as cursor:
            for batch in batches(rows):
                values = [
                    value
                    for row in batch
                    for value in (row.pk, *db_values(row, self._fields, connection, add=False))
                ]
                cursor.execute(self._sql.format(", ".join([marks] * len(batch))), values)

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._names]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        key = f"{table}.{column(self._model._meta.pk)}"
        # Both databases name the columns of VALUES so. A column of nulls has no type of its own.
        updates = ", ".join(
            f"{column(field)} = CAST(column{number} AS {field.cast_db_type(connection)})"
            for number, field in enumerate(self._fields, 2)
        )
        return f"UPDATE {table} SET {updates} FROM (VALUES {{}}) AS new WHERE {key} = column1"


class BulkInsert(Generic[M]):
    """Insert many rows of numbers as they come: on PostgreSQL by COPY.

    COPY runs in small batches with a pause after each, because a vote that comes meanwhile waits
    until the disk has what was written before it.
    """

    COPY_BATCH = 500
    PAUSE = 0.75
    """Pause after a batch, as a share of the time that the batch took."""

    def __init__(self, model: type[M], *columns: str) -> None:
        names = ", ".join(connection.ops.quote_name(name) for name in columns)
        self._into = f"{connection.ops.quote_name(model._meta.db_table)} ({names})"
        self._marks = ", ".join(["%s"] * len(columns))
        fields = {field.attname: field for field in model._meta.concrete_fields}
        self._types = [str(fields[name].db_type(connection)) for name in columns]

    def __call__(self, rows: Iterable[Row]) -> None:
        """Insert the rows, without holding them all in memory."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                self._copy(iter(rows), cursor)
            else:
                insert = f"INSERT INTO {self._into} VALUES ({self._marks})"
                for row in rows:
                    cursor.execute(insert, row)

    def _copy(self, rows: Iterator[Row], cursor: CursorWrapper) -> None:
        copy = f"COPY {self._into} FROM STDIN (FORMAT binary)"
        while batch := list(islice(rows, self.COPY_BATCH)):
            start = time.monotonic()
            cursor.copy_expert(copy, BytesIO(copy_binary(batch, self._types)))
            # Otherwise all foreign keys are checked at the end, and votes wait for that.
            connection.check_constraints()
            time.sleep(self.PAUSE * (time.monotonic() - start))


_BINARY = {"bigint": ">i8", "integer": ">i4", "smallint": ">i2", "double precision": ">f8"}
"""PostgreSQL's binary form of numbers by column type."""


def copy_binary(rows: Iterable[Row], types: Sequence[str]) -> bytes:
    """Return rows of columns of these types in the binary format of PostgreSQL's COPY.

    Rows with nulls in the same columns come together, so their order may change.
    """
    groups: defaultdict[tuple[bool, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(x is None for x in row)].append(row)
    tuples = [_copy_tuples(group, types, nulls) for nulls, group in groups.items()]
    return b"".join([b"PGCOPY\n\xff\r\n\0", bytes(8), *tuples, b"\xff\xff"])


def _copy_tuples(rows: Sequence[Row], types: Sequence[str], nulls: Sequence[bool]) -> bytes:
    """Return the tuples of rows that have nulls in the same columns."""
    dtypes = [None if null else np.dtype(_BINARY[t]) for t, null in zip(types, nulls, strict=True)]
    layout: list[tuple[str, Any]] = [("columns", ">i2")]
    for number, dtype in enumerate(dtypes):
        layout.append((f"size{number}", ">i4"))
        if dtype:
            layout.append((f"value{number}", dtype))
    tuples = np.empty(len(rows), layout)
    tuples["columns"] = len(dtypes)
    for number, (dtype, values) in enumerate(zip(dtypes, zip(*rows, strict=True), strict=True)):
        tuples[f"size{number}"] = dtype.itemsize if dtype else -1
        if dtype:
            tuples[f"value{number}"] = values
    return tuples.tobytes()
