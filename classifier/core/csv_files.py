"""CSV files that read back to the same values, and that a spreadsheet does not execute."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_EXECUTED = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a text that spreadsheets take for a formula."""


def csv_lines(names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a CSV file line by line, header first."""
    names = list(names)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([csv_cell(row[name]) for name in names])
        yield buffer.getvalue()


def csv_cell(value: Any) -> Any:
    """Return a value as a CSV cell: empty for None, and never a formula.

    A float is written so that it reads back to the same value. A text that a spreadsheet would
    execute gets an apostrophe in front; a text that is a number does not.
    """
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_EXECUTED) and not _is_number(value):
        return f"'{value}"
    return repr(value) if isinstance(value, float) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
