"""Many rows of numbers at once, faster than Django's `bulk_create` and `bulk_update`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

from labeling.statements import column, saved

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

M = TypeVar("M", bound=Model)
T = TypeVar("T")

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

    def __call__(self, rows: Iterable[list[float | None]]) -> None:
        """Insert them; they are not all held in memory."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                self._copy(iter(rows), cursor)
            else:
                insert = f"INSERT INTO {self._into} VALUES ({self._places})"
                for row in rows:
                    cursor.execute(insert, row)

    def _copy(self, rows: Iterator[list[float | None]], cursor: CursorWrapper) -> None:
        while part := list(islice(rows, self.PART)):
            began = time.monotonic()
            cursor.copy_expert(f"COPY {self._into} FROM STDIN", _Lines(part))
            # Foreign keys, which would all wait for the end of the transaction, and votes for them.
            connection.check_constraints()
            time.sleep(self.REST * (time.monotonic() - began))


class _Lines:
    """Rows of numbers as a file in the text format of PostgreSQL's COPY."""

    def __init__(self, rows: Iterable[list[float | None]]) -> None:
        self._rows = iter(rows)

    def read(self, _size: int) -> str:
        """The next lines, about so many as a network likes; empty at the end."""
        # As Python writes a list of numbers, for that takes a third of the time of writing each.
        return "".join(
            str(row)[1:-1].replace(", ", "\t").replace("None", r"\N") + "\n"
            for row in islice(self._rows, 200)
        )
