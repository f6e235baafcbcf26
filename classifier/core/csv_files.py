"""CSV files that read back to the same values, and that a spreadsheet does not execute.

Form    RFC 4180 in UTF-8 with lines that end in a line feed; the first line is the header.
Texts   A text that a spreadsheet would take for a formula gets an apostrophe in front. A text is
        quoted if any reader could split or trim it otherwise: one with a quotation mark, a
        separator (comma, semicolon, tab), a line break or another control character, or a space at
        an end. Python's csv module before 3.11.9 does not quote a bare carriage return.
Numbers Floats read back to the same value; None and NaN are empty cells.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import isnan
from typing import Any

_EXECUTED = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a text that spreadsheets take for a formula."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

_QUOTED = re.compile(r'[",;\x00-\x1f\x7f-\x9f\u2028\u2029]|^\s|\s$')
"""Matches texts that need quotation marks; semicolons and tabs separate in some spreadsheets."""


def csv_lines(names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a CSV file row by row, header first."""
    names = list(names)
    yield _line(names)
    for row in rows:
        yield _line([row[name] for name in names])


def csv_cell(value: Any) -> str:
    """Return a value as a CSV cell: empty for None, quoted where needed, and never a formula.

    A text that a spreadsheet would execute gets an apostrophe in front; a text that is a number
    does not.
    """
    if isinstance(value, float):
        # numpy's floats are floats, but have another repr.
        return "" if isnan(value) else repr(float(value))
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    executed = value.startswith(_EXECUTED) and not _NUMBER.fullmatch(value)
    text = f"'{value}" if executed else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _line(values: list[Any]) -> str:
    # Readers skip an empty line: a single empty cell is quoted.
    return (",".join(map(csv_cell, values)) or ('""' if values else "")) + "\n"
