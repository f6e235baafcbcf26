"""Bulk writes of numbers, faster than Django's `bulk_create` and `bulk_update`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from django.db import connection
from django.db.models import Model
from numpy.typing import NDArray

from labeling.db.prepared import column, db_values

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

M = TypeVar("M", bound=Model)
T = TypeVar("T")

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
    """Insert many rows of numbers from arrays, one for each column: on PostgreSQL by COPY.

    Masked numbers and NaN become NULL. COPY runs in small batches with a pause after each, because
    a vote that comes meanwhile waits until the disk has what was written before it.
    """

    COPY_BATCH = 500
    PAUSE = 0.75
    """Pause after a batch, as a share of the time that the batch took."""

    def __init__(self, model: type[M], *columns: str) -> None:
        names = ", ".join(connection.ops.quote_name(name) for name in columns)
        self._columns = columns
        self._into = f"{connection.ops.quote_name(model._meta.db_table)} ({names})"
        self._marks = ", ".join(["%s"] * len(columns))
        fields = {field.attname: field for field in model._meta.concrete_fields}
        self._types = [str(fields[name].db_type(connection)) for name in columns]

    def __call__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Insert the rows that the columns (N,) make up."""
        arrays = [columns[name] for name in self._columns]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                self._copy(arrays, cursor)
            else:
                self._insert(arrays, cursor)

    def _insert(self, arrays: Sequence[NDArray[Any]], cursor: CursorWrapper) -> None:
        insert = f"INSERT INTO {self._into} VALUES ({self._marks})"
        for batch in _slices(arrays, BATCH_SIZE):
            rows = list(zip(*(array.tolist() for array in batch), strict=True))
            cursor.executemany(insert, rows)

    def _copy(self, arrays: Sequence[NDArray[Any]], cursor: CursorWrapper) -> None:
        copy = f"COPY {self._into} FROM STDIN (FORMAT binary)"
        for batch in _slices(arrays, self.COPY_BATCH):
            start = time.monotonic()
            cursor.copy_expert(copy, BytesIO(copy_binary(batch, self._types)))
            # Otherwise all foreign keys are checked at the end, and votes wait for that.
            connection.check_constraints()
            time.sleep(self.PAUSE * (time.monotonic() - start))


def _slices(arrays: Sequence[NDArray[Any]], size: int) -> Iterator[list[NDArray[Any]]]:
    """Yield so many rows of the columns (N,) after the other."""
    for first in range(0, len(arrays[0]), size):
        yield [array[first : first + size] for array in arrays]


_BINARY = {"bigint": ">i8", "integer": ">i4", "smallint": ">i2", "double precision": ">f8"}
"""PostgreSQL's binary form of numbers by column type."""


def copy_binary(arrays: Sequence[NDArray[Any]], types: Sequence[str]) -> bytes:
    """Return columns (N,) of these types in the binary format of PostgreSQL's COPY.

    Rows with nulls in the same columns come together, so their order may change.
    """
    nulls_NC = np.column_stack([_is_null(array) for array in arrays])
    pattern_N = nulls_NC @ (1 << np.arange(len(arrays)))
    patterns, rows = np.unique(pattern_N, return_index=True)
    tuples = [
        _copy_tuples([array[pattern_N == pattern] for array in arrays], types, nulls_NC[row])
        for pattern, row in zip(patterns, rows, strict=True)
    ]
    return b"".join([b"PGCOPY\n\xff\r\n\0", bytes(8), *tuples, b"\xff\xff"])


def _is_null(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Return True (N,) where a column is masked or NaN."""
    is_nan = np.isnan(np.ma.getdata(array))
    return np.asarray(np.ma.getmaskarray(array) | is_nan)


def _copy_tuples(
    arrays: Sequence[NDArray[Any]], types: Sequence[str], nulls_C: NDArray[np.bool_]
) -> bytes:
    """Return the tuples of rows that have nulls in the same columns."""
    dtypes = [
        None if null else np.dtype(_BINARY[t]) for t, null in zip(types, nulls_C, strict=True)
    ]
    layout: list[tuple[str, Any]] = [("columns", ">i2")]
    for number, dtype in enumerate(dtypes):
        layout.append((f"size{number}", ">i4"))
        if dtype:
            layout.append((f"value{number}", dtype))
    tuples = np.empty(len(arrays[0]), layout)
    tuples["columns"] = len(dtypes)
    for number, (dtype, array) in enumerate(zip(dtypes, arrays, strict=True)):
        tuples[f"size{number}"] = dtype.itemsize if dtype else -1
        if dtype:
            tuples[f"value{number}"] = np.ma.getdata(array)
    return tuples.tobytes()
