"""Catalogues of surveys, read into one common shape: LEGUS `.tab` files and named columns.

Every error names the file, the row as a person counts it (the first row of data is 1) and the
reason.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io.ascii import convert_numpy
from astropy.io.registry import IORegistryError
from astropy.table import MaskedColumn, Table
from numpy.typing import NDArray

from classifier.core.bands import BANDS, band_of
from labeling.ingest.errors import BadInput

Numbers = NDArray[np.float64]

SENTINELS = (99.999, 66.666, 44.444)
"""LEGUS: not detected, outside the frame, aperture correction undefined; all mean missing."""

_LEGUS_FIRST = ("id", "x", "y", "ra", "dec")
_LEGUS_CI, _LEGUS_LEAST = 16, 33
_CI_LIMIT = 10.0  # mag; beyond it one of the two magnitudes was a sentinel

LEGUS_CLASSES: Mapping[int, Mapping[str, int]] = {
    35: {"LEGUS, mode": 34},
    39: {
        "LEGUS, hybrid": 34,
        "LEGUS, mode of three": 36,
        "LEGUS, machine": 37,
        "LEGUS, one person after the machine": 38,
        "LEGUS, re-inspection of class 4": 39,
    },
}
"""Columns (from 1) that hold classes, by the number of columns of a LEGUS file."""


@dataclass
class Catalogue:
    """A survey's catalogue: one value per row and column, NaN where missing.

    x, y are pixels counted from the catalogue's own origin; ra, dec degrees; magnitudes Vega.
    """

    path: Path
    ids: list[str]
    x: Numbers
    y: Numbers
    ra: Numbers
    dec: Numbers
    magnitudes: dict[str, Numbers]
    errors: dict[str, Numbers]
    ci: Numbers
    references: dict[str, NDArray[np.int_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


def read_catalogue(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    references: Mapping[str, str] | None = None,
) -> Catalogue:
    """Read a LEGUS `.tab` file, or any table with named columns that astropy reads.

    `columns` maps our names (id, x, y, ra, dec, ci, mag_F555W or mag_V, err_F555W ...) to the
    file's; `references` maps sources of reference labels to the file's columns (numbers from 1
    in a file without a header). Raises BadInput.
    """
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    legus = path.suffix.lower() == ".tab"
    table = _read_legus(path) if legus else read_table(path)
    if not len(table):
        raise BadInput(f"{path}: the catalogue is empty.")
    if legus:
        known = LEGUS_CLASSES.get(len(table.columns), {})
        sources = {s: f"col{n}" for s, n in {**(references or known)}.items()}
        names = _legus_names()
    else:
        names = dict(columns or {})
        sources = dict(references or {})
    return _common_shape(path, table, names, sources)


def _read_legus(path: Path) -> Table:
    """All cells as text, columns called col1, col2 ..."""
    rows = [
        line.split() for line in read_text(path).splitlines() if line.strip()[:1] not in {"", "#"}
    ]
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise BadInput(f"{path}, row {number}: has {len(row)} columns where row 1 has {width}.")
    if rows and width < _LEGUS_LEAST:
        raise BadInput(f"{path}: a LEGUS table has {_LEGUS_LEAST} columns or more, not {width}.")
    names = [f"col{n}" for n in range(1, width + 1)]
    return Table(rows=rows, names=names, dtype=[str] * width) if rows else Table(names=names)


def data_lines(text: str) -> list[str]:
    """The lines that are neither empty nor comments."""
    return [line for line in text.splitlines() if line.strip()[:1] not in {"", "#"}]


def read_text(path: Path) -> str:
    """The whole file as UTF-8; raises BadInput."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not a text file ({error}).") from None


def _legus_names() -> dict[str, str]:
    """Our names for LEGUS's columns; the five filters stand in order of wavelength."""
    names = {name: f"col{n}" for n, name in enumerate(_LEGUS_FIRST, 1)}
    for n, band in enumerate(BANDS):
        names[f"mag_{band}"] = f"col{6 + 2 * n}"
        names[f"err_{band}"] = f"col{7 + 2 * n}"
    return names | {"ci": f"col{_LEGUS_CI}"}


def read_table(path: Path) -> Table:
    """CSV, ECSV, FITS, VOTable: whatever astropy knows by the file's name."""
    # Text as it stands: guessing types would make the ids 007 and 7 the same.
    as_text = {"converters": {"*": [convert_numpy(str)]}}
    formats = {".csv": "ascii.csv", ".txt": "ascii", ".dat": "ascii"}
    fmt = formats.get(path.suffix.lower())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Table.read(path, format=fmt, **as_text) if fmt else Table.read(path)
    except (OSError, ValueError, TypeError, KeyError, IndexError, IORegistryError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else "unknown format"
        raise BadInput(f"{path}: not a table that can be read ({first_line}).") from None


def _common_shape(
    path: Path, table: Table, names: Mapping[str, str], sources: Mapping[str, str]
) -> Catalogue:
    """The table's columns under our names, checked cell by cell."""
    reader = Columns(path, table, names)
    magnitudes, errors = reader.photometry("mag"), reader.photometry("err")
    dec = reader.numbers("dec", required=False)
    ci = reader.numbers("ci", required=False)
    if (beyond := np.flatnonzero(np.abs(dec) > 90)).size:
        raise BadInput(f"{path}, row {beyond[0] + 1}: Dec {dec[beyond[0]]} is not on the sky.")
    for source in sources:
        if not 0 < len(source) <= 80:
            raise BadInput(
                f"{path}: a reference label's source has 1 to 80 characters: {source!r}."
            )
    return Catalogue(
        path=path,
        ids=reader.ids(),
        x=reader.numbers("x"),
        y=reader.numbers("y"),
        ra=reader.numbers("ra", required=False),
        dec=dec,
        magnitudes=magnitudes,
        errors=errors,
        ci=np.where(np.abs(ci) < _CI_LIMIT, ci, np.nan),
        references={source: reader.classes(column) for source, column in sources.items()},
    )


class Columns:
    """Reads one table's cells, naming file, row and column when one is not what it must be."""

    def __init__(self, path: Path, table: Table, names: Mapping[str, str]) -> None:
        self._path, self._table, self._names = path, table, names
        self._lower = {name.lower(): name for name in table.colnames}
        for ours, theirs in names.items():
            if theirs not in table.colnames:
                raise self._missing(theirs, ours)

    def _missing(self, column: str, ours: str) -> BadInput:
        have = ", ".join(self._table.colnames[:40])
        return BadInput(
            f"{self._path}: has no column {column!r} (it has {have}); "
            f"say which one it is with --column {ours}=NAME."
        )

    def _find(self, ours: str) -> str | None:
        """The file's name of our column: as told, or the same word in any case."""
        return self._names.get(ours) or self._lower.get(ours.lower())

    def _cells(self, column: str) -> Sequence[Any]:
        if column not in self._table.colnames:
            raise self._missing(column, column)
        values = self._table[column]
        if isinstance(values, MaskedColumn):
            return [None if hidden else v for v, hidden in zip(values, values.mask, strict=True)]
        return list(values)

    def ids(self) -> list[str]:
        """The catalogue ids as texts, each one once."""
        column = self._find("id") or self._find("catalogue_id")
        if column is None:
            raise self._missing("id", "id")
        ids = [_id_text(value) for value in self._cells(column)]
        for row, text in enumerate(ids, 1):
            if not text:
                raise BadInput(f"{self._path}, row {row}: has no id in column {column!r}.")
            if len(text) > 64 or not text.isprintable():
                what = "the id must be printable and at most 64 characters long"
                raise BadInput(f"{self._path}, row {row}: {what}.")
        if len(set(ids)) < len(ids):
            twice = next(text for text, n in Counter(ids).items() if n > 1)
            rows = [row for row, text in enumerate(ids, 1) if text == twice]
            raise BadInput(f"{self._path}, rows {rows[0]} and {rows[1]}: both have the id {twice}.")
        return ids

    def numbers(self, ours: str, *, required: bool = True, sentinels: bool = False) -> Numbers:
        """One column as floats; NaN where a cell is empty or, if asked, says "missing"."""
        column = self._find(ours)
        if column is None:
            if required:
                raise self._missing(ours, ours)
            return np.full(len(self._table), np.nan)
        values = np.empty(len(self._table))
        for row, cell in enumerate(self._cells(column), 1):
            values[row - 1] = self._number(cell, row, column)
        if sentinels:
            values[np.isclose(values[:, None], SENTINELS, atol=1e-4, rtol=0).any(axis=1)] = np.nan
        elif required and not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise BadInput(f"{self._path}, row {row}: has no {ours} in column {column!r}.")
        return values

    def _number(self, cell: Any, row: int, column: str) -> float:
        if cell is None or cell == "":
            return np.nan
        try:
            return float(cell)
        except (TypeError, ValueError):
            what = f"{str(cell)!r} in column {column!r} is not a number"
            raise BadInput(f"{self._path}, row {row}: {what}.") from None

    def photometry(self, kind: str) -> dict[str, Numbers]:
        """`mag_…` or `err_…` columns by band, called after the band or one of its filters."""
        prefix, found = f"{kind}_", {}
        for name in [*self._names, *self._table.colnames]:
            if not name.lower().startswith(prefix):
                continue
            try:
                band = band_of(name[len(prefix) :])
            except ValueError:
                continue
            if band not in found:
                found[band] = self.numbers(name, required=False, sentinels=True)
        return found

    def classes(self, column: str) -> NDArray[np.int_]:
        """A column of classes; 0 where not inspected."""
        values = np.zeros(len(self._table), dtype=int)
        for row, cell in enumerate(self._cells(column), 1):
            number = self._number(cell, row, column)
            if np.isnan(number):
                continue
            if number not in {0, 1, 2, 3, 4}:
                what = f"{str(cell)!r} in column {column!r} is not a class from 0 to 4"
                raise BadInput(f"{self._path}, row {row}: {what}.")
            values[row - 1] = int(number)
        return values


def _id_text(value: Any) -> str:
    """An id as text; whole numbers without a decimal point."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()
