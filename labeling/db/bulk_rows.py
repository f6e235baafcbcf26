"""Bulk inserts of rows of any type: on PostgreSQL by COPY."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)

PAUSE = 0.5
"""Pause after a batch, as a share of the time that the batch took."""

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class BulkInsertRows(Generic[M]):
    """Insert rows that are tuples of texts, numbers, booleans and None, in the order of `columns`.

    JSON fields take JSON texts.
    """

    def __init__(self, model: type[M], *columns: str) -> None:
        fields = {field.attname: field for field in model._meta.concrete_fields}
        names = ", ".join(connection.ops.quote_name(str(fields[n].column)) for n in columns)
        self._into = f"{connection.ops.quote_name(model._meta.db_table)} ({names})"
        self._marks = ", ".join(["%s"] * len(columns))

    def __call__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert the rows in their order."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                lines = "".join(map(_copy_line, rows))
                cursor.copy_expert(f"COPY {self._into} FROM STDIN", StringIO(lines))
            else:
                cursor.executemany(f"INSERT INTO {self._into} VALUES ({self._marks})", list(rows))


@contextmanager
def pause_after() -> Iterator[None]:
    """Let others write after what is done in this block, which is one batch of many.

    A vote that comes meanwhile waits for the lock, or until the disk has what was written before.
    """
    start = time.monotonic()
    yield
    time.sleep(PAUSE * (time.monotonic() - start))


def _copy_line(row: tuple[Any, ...]) -> str:
    """Return a row in the text format of PostgreSQL's COPY."""
    return "\t".join(map(_copy_cell, row)) + "\n"


def _copy_cell(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    return str(value)
