"""Read catalogues of surveys, LEGUS `.tab` files and tables with named columns, into one form.

Every error names the file, the row, counted from 1 at the first row of data, and the reason.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io.ascii import convert_numpy
from astropy.io.registry import IORegistryError
from astropy.table import MaskedColumn, Table
from numpy.typing import NDArray

from classifier.core.bands import BANDS, band_of
from labeling.files.limits import UNPACKING_ERRORS, LimitExceeded, check_table
from labeling.ingest.errors import BadInput
from labeling.ingest.table_format import table_format
from labeling.ingest.table_options import TableOptions

Numbers = NDArray[np.float64]

SENTINELS = (99.999, 66.666, 44.444)
"""LEGUS's magnitudes for missing: not detected, outside the frame, no aperture correction."""

_LEGUS_FIRST_COLUMNS = ("id", "x", "y", "ra", "dec")
_LEGUS_CI_COLUMN, _LEGUS_MIN_COLUMNS = 16, 33
_CSV = ("ascii", "ascii.csv")
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
"""Columns of classes, counted from 1, by the number of columns of a LEGUS file."""


@dataclass
class Catalogue:
    """A survey's catalogue: one value per row and column, NaN where missing.

    x, y are in px and count from the catalogue's own origin, and are NaN in all rows if the table
    gives sky positions only; ra, dec are ICRS degrees, magnitudes Vega, ci is in mag. References
    are classes 1 to 4 by source, 0 for none; `kept` holds JSON values by column, None for missing.
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
    kept: dict[str, list[Any]] = field(default_factory=dict)
    sky_rounding_deg: float = 0.0
    """Step to which RA and Dec are rounded in the file; 0 if they are not."""
    notes: list[str] = field(default_factory=list)
    """Sentences on what was noticed: missing values by kind, converted units, unused columns."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def has_pixels(self) -> bool:
        """True if x, y are in the table; otherwise every row has RA and Dec."""
        return bool(np.isfinite(self.x).all())


def read_catalogue(path: Path, options: TableOptions | None = None) -> Catalogue:
    """Read a LEGUS `.tab` file, or any table with named columns that astropy reads.

    Raises BadInput.
    """
    options = options or TableOptions()
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    legus = path.suffix.lower() == ".tab"
    table = _read_legus(path) if legus else read_table(path)
    if not len(table):
        raise BadInput(f"{path}: the catalogue is empty.")
    if legus:
        class_columns = options.references or LEGUS_CLASSES.get(len(table.columns), {})
        sources = {source: f"col{number}" for source, number in {**class_columns}.items()}
        names = _legus_names()
    else:
        names = dict(options.columns)
        sources = dict(options.references)
    return _to_catalogue(path, table, names, sources)


def _read_legus(path: Path) -> Table:
    """Read the cells as text, in columns named col1, col2 ..."""
    rows = [line.split() for line in data_lines(read_text(path))]
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise BadInput(f"{path}, row {number}: has {len(row)} columns where row 1 has {width}.")
    if rows and width < _LEGUS_MIN_COLUMNS:
        raise BadInput(
            f"{path}: a LEGUS table has {_LEGUS_MIN_COLUMNS} columns or more, not {width}."
        )
    names = [f"col{n}" for n in range(1, width + 1)]
    return Table(rows=rows, names=names, dtype=[str] * width) if rows else Table(names=names)


def data_lines(text: str) -> list[str]:
    """Return the lines that are neither empty nor comments."""
    return [line for line in text.splitlines() if line.strip()[:1] not in {"", "#"}]


def sha256_of(path: Path) -> Any:
    """Return the SHA-256 of a table file, to be updated further. Raises BadInput if too large."""
    if not path.is_file():
        return sha256()
    try:
        check_table(path)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    return sha256(path.read_bytes())


def read_text(path: Path) -> str:
    """Read the file as UTF-8. Raises BadInput."""
    try:
        check_table(path)
        return path.read_text(encoding="utf-8")
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not a text file ({error}).") from None


def _legus_names() -> dict[str, str]:
    """Return LEGUS's columns by their standard names; the filters are in order of wavelength."""
    names = {name: f"col{n}" for n, name in enumerate(_LEGUS_FIRST_COLUMNS, 1)}
    for n, band in enumerate(BANDS):
        names[f"mag_{band}"] = f"col{6 + 2 * n}"
        names[f"err_{band}"] = f"col{7 + 2 * n}"
    return names | {"ci": f"col{_LEGUS_CI_COLUMN}"}


def read_table(path: Path) -> Table:
    """Read CSV, ECSV, FITS, VOTable, or what else astropy reads by the name. Raises BadInput."""
    # With guessed types the ids 007 and 7 would be the same.
    as_text = {"converters": {"*": [convert_numpy(str)]}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fmt = table_format(path)
            return Table.read(path, format=fmt, **(as_text if fmt in _CSV else {}))
    except MemoryError:
        raise BadInput(f"{path}: there is not enough memory to read it.") from None
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except (
        *UNPACKING_ERRORS,
        ImportError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        IORegistryError,
    ) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else "unknown format"
        raise BadInput(f"{path}: not a readable table ({first_line}).") from None


def _to_catalogue(
    path: Path, table: Table, names: Mapping[str, str], sources: Mapping[str, str]
) -> Catalogue:
    """Check the table cell by cell, and return its columns under the standard names."""
    reader = TableReader(path, table, names)
    magnitudes, errors = reader.photometry("mag"), reader.photometry("err")
    dec = reader.numbers("dec", required=False)
    ci = reader.numbers("ci", required=False)
    if (rows := np.flatnonzero(np.abs(dec) > 90)).size:
        raise BadInput(f"{path}, row {rows[0] + 1}: Dec {dec[rows[0]]} is not on the sky.")
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


class TableReader:
    """Reads the columns of one table; errors name file, row and column.

    `names` maps standard names to the table's. All methods raise BadInput.
    """

    def __init__(self, path: Path, table: Table, names: Mapping[str, str]) -> None:
        self._path, self._table, self._names = path, table, names
        self._lower = {name.lower(): name for name in table.colnames}
        for name, column in names.items():
            if column not in table.colnames:
                raise self._no_column(column, name)

    def _no_column(self, column: str, name: str) -> BadInput:
        columns = ", ".join(self._table.colnames[:40])
        return BadInput(
            f"{self._path}: has no column {column!r} (it has {columns}); "
            f"name it with --column {name}=NAME."
        )

    def _error(self, row: int, reason: str) -> BadInput:
        return BadInput(f"{self._path}, row {row}: {reason}.")

    def _find(self, name: str) -> str | None:
        """Return the table's column of this standard name: as mapped, or equal in any case."""
        return self._names.get(name) or self._lower.get(name.lower())

    def _cells(self, column: str) -> Sequence[Any]:
        if column not in self._table.colnames:
            raise self._no_column(column, column)
        values = self._table[column]
        if isinstance(values, MaskedColumn):
            return [None if masked else v for v, masked in zip(values, values.mask, strict=True)]
        return list(values)

    def ids(self) -> list[str]:
        """Return the catalogue ids as unique texts."""
        column = self._find("id") or self._find("catalogue_id")
        if column is None:
            raise self._no_column("id", "id")
        ids = [_id_text(value) for value in self._cells(column)]
        for row, text in enumerate(ids, 1):
            if not text:
                raise self._error(row, f"has no id in column {column!r}")
            if len(text) > 64 or not text.isprintable():
                raise self._error(row, "the id must be printable and at most 64 characters long")
        self._check_unique(ids)
        return ids

    def _check_unique(self, ids: list[str]) -> None:
        text, count = Counter(ids).most_common(1)[0] if ids else ("", 0)
        if count > 1:
            rows = [row for row, other_text in enumerate(ids, 1) if other_text == text]
            raise BadInput(f"{self._path}, rows {rows[0]} and {rows[1]}: both have the id {text}.")

    def numbers(self, name: str, *, required: bool = True, sentinels: bool = False) -> Numbers:
        """Return one column as floats; NaN where a cell is empty or, if asked, a sentinel."""
        column = self._find(name)
        if column is None:
            if required:
                raise self._no_column(name, name)
            return np.full(len(self._table), np.nan)
        values = np.empty(len(self._table))
        for row, cell in enumerate(self._cells(column), 1):
            values[row - 1] = self._number(cell, row, column)
        if sentinels:
            values[np.isclose(values[:, None], SENTINELS, atol=1e-4, rtol=0).any(axis=1)] = np.nan
        elif required and not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise self._error(row, f"has no {name} in column {column!r}")
        return values

    def _number(self, cell: Any, row: int, column: str) -> float:
        if cell is None or cell == "":
            return np.nan
        try:
            return float(cell)
        except (TypeError, ValueError):
            reason = f"{str(cell)!r} in column {column!r} is not a number"
            raise self._error(row, reason) from None

    def photometry(self, kind: str) -> dict[str, Numbers]:
        """Return the columns `mag_…` or `err_…` by band, named after the band or its filter."""
        prefix = f"{kind}_"
        by_band: dict[str, Numbers] = {}
        for name in [*self._names, *self._table.colnames]:
            if not name.lower().startswith(prefix):
                continue
            try:
                band = band_of(name[len(prefix) :])
            except ValueError:
                continue
            if band not in by_band:
                by_band[band] = self.numbers(name, required=False, sentinels=True)
        return by_band

    def classes(self, column: str) -> NDArray[np.int_]:
        """Return a column of classes 1 to 4; 0 where not inspected."""
        values = np.zeros(len(self._table), dtype=int)
        for row, cell in enumerate(self._cells(column), 1):
            number = self._number(cell, row, column)
            if np.isnan(number):
                continue
            if number not in {0, 1, 2, 3, 4}:
                reason = f"{str(cell)!r} in column {column!r} is not a class from 0 to 4"
                raise self._error(row, reason)
            values[row - 1] = int(number)
        return values


def _id_text(value: Any) -> str:
    """Return an id as text; whole numbers without a decimal point."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()
