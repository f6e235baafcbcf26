"""Consensus catalogues as CSV, ECSV, FITS and VOTable."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table

from classifier.core.csv_files import csv_lines
from labeling.export.columns import COLUMNS, Column
from labeling.export.rows import Row
from labeling.files.fits_text import ascii_text, printable_text


def consensus_csv(rows: Iterable[Row], kept: Sequence[str] = ()) -> Iterator[str]:
    """Yield the consensus catalogue as CSV, line by line, with these kept columns at the end."""
    return csv_lines([*(column.name for column in COLUMNS), *kept], rows)


def consensus_table(rows: Iterable[Row], kept: Sequence[str] = ()) -> Table:
    """Return the consensus catalogue as a table with units; unknown values are masked.

    Texts are printable: ECSV and VOTable could not be read back otherwise.
    """
    rows = list(rows)
    columns = [*COLUMNS, *(_kept_column(name, [row[name] for row in rows]) for name in kept)]
    table = Table([_column(column, [row[column.name] for row in rows]) for column in columns])
    table.meta["RADESYS"] = "ICRS"
    table.meta["comments"] = ["Asterism consensus catalogue"]
    return table


def _kept_column(name: str, values: list[Any]) -> Column:
    """Return the column of a survey's values: numbers if all are, texts otherwise."""
    kinds = {type(value) for value in values if value is not None}
    kind = int if kinds == {int} else float if kinds and kinds <= {int, float} else str
    return Column(name, kind, "as in the survey's catalogue")


def _column(column: Column, values: list[Any]) -> MaskedColumn:
    """Return one typed column; None is masked."""
    is_text = column.kind is str
    blank: Any = "" if is_text else 0
    filled = [blank if value is None else value for value in values]
    return MaskedColumn(
        data=np.array(
            [printable_text(str(v)) if is_text else v for v in filled], dtype=column.kind
        ),
        mask=[value is None for value in values],
        name=column.name,
        unit=column.unit or None,
        description=column.description,
    )


def _encode(rows: Iterable[Row], kept: Sequence[str] = (), *, fmt: str) -> bytes:
    """Encode the table in one of astropy's formats."""
    table = consensus_table(rows, kept)
    if fmt == "fits":
        for name in (name for name in table.colnames if table[name].dtype.kind == "U"):
            table[name] = [ascii_text(text) for text in table[name].filled("")]
    if fmt == "ascii.ecsv":
        text = io.StringIO()
        table.write(text, format=fmt)
        return text.getvalue().encode()
    binary = io.BytesIO()
    table.write(binary, format=fmt)
    return binary.getvalue()


Writer = Callable[..., Iterable[str] | bytes]
"""Takes rows, and optional names of kept columns; returns text or bytes."""

WRITERS: dict[str, tuple[str, Writer]] = {
    "csv": ("text/csv; charset=utf-8", consensus_csv),
    "ecsv": ("text/plain; charset=utf-8", partial(_encode, fmt="ascii.ecsv")),
    "fits": ("application/fits", partial(_encode, fmt="fits")),
    "vot": ("application/x-votable+xml", partial(_encode, fmt="votable")),
}
"""Media type and writer of each format, by file ending."""
