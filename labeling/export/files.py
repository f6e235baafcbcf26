"""Consensus catalogues as CSV, ECSV, FITS and VOTable."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table

from classifier.core.csv_files import csv_lines
from labeling.export.columns import COLUMNS, Column
from labeling.export.rows import Row
from labeling.files.fits_text import ascii_text, printable_text


def consensus_csv(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the consensus catalogue as CSV, line by line."""
    return csv_lines((column.name for column in COLUMNS), rows)


def consensus_table(rows: Iterable[Row]) -> Table:
    """Return the consensus catalogue as a table with units; unknown values are masked.

    Texts are printable: ECSV and VOTable could not be read back otherwise.
    """
    rows = list(rows)
    table = Table([_column(column, [row[column.name] for row in rows]) for column in COLUMNS])
    table.meta["RADESYS"] = "ICRS"
    table.meta["comments"] = ["Asterism consensus catalogue"]
    return table


def _column(column: Column, values: list[Any]) -> MaskedColumn:
    """Return one typed column; None is masked."""
    is_text = column.kind is str
    blank: Any = "" if is_text else 0
    filled = [blank if value is None else value for value in values]
    return MaskedColumn(
        data=np.array([printable_text(v) if is_text else v for v in filled], dtype=column.kind),
        mask=[value is None for value in values],
        name=column.name,
        unit=column.unit or None,
        description=column.description,
    )


def _encode(rows: Iterable[Row], fmt: str) -> bytes:
    """Encode the table in one of astropy's formats."""
    table = consensus_table(rows)
    if fmt == "fits":
        for name in (column.name for column in COLUMNS if column.kind is str):
            table[name] = [ascii_text(text) for text in table[name].filled("")]
    if fmt == "ascii.ecsv":
        text = io.StringIO()
        table.write(text, format=fmt)
        return text.getvalue().encode()
    binary = io.BytesIO()
    table.write(binary, format=fmt)
    return binary.getvalue()


WRITERS: dict[str, tuple[str, Callable[[Iterable[Row]], Iterable[str] | bytes]]] = {
    "csv": ("text/csv; charset=utf-8", consensus_csv),
    "ecsv": ("text/plain; charset=utf-8", lambda rows: _encode(rows, "ascii.ecsv")),
    "fits": ("application/fits", lambda rows: _encode(rows, "fits")),
    "vot": ("application/x-votable+xml", lambda rows: _encode(rows, "votable")),
}
"""Media type and writer of each format, by file ending."""
