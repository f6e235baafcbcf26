"""Read catalogues of surveys into one form: LEGUS, PHANGS-HST and tables with named columns.

Every error names the file, the row, counted from 1 at the first row of data, and the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labeling.files.memory import return_free_memory, return_large_arrays
from labeling.ingest.catalogue_columns import CatalogueColumns, SkyPositions
from labeling.ingest.column_descriptions import (
    SHIPPED,
    ColumnDescription,
    is_phangs,
    legus_description,
    load_description,
    phangs_photometry,
)
from labeling.ingest.column_names import is_standard, near, standard_names
from labeling.ingest.errors import BadInput
from labeling.ingest.missing_values import MissingValues, Numbers
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.table_data import CompactColumn, TableData
from labeling.ingest.table_files import load_table
from labeling.ingest.table_format import suffix_of
from labeling.ingest.table_options import TableOptions
from labeling.ingest.table_reader import MAX_ID_LENGTH, ColumnNames, TableReader
from labeling.ingest.text_tables import MAX_CELL
from labeling.number_texts import count_text

_MAX_SOURCE = 80
_DECLARED_CLASSES = 33
"""Columns of a LEGUS table before those of classes."""


@dataclass
class Catalogue:
    """A survey's catalogue: one value per row and column, NaN where missing.

    x, y are in px and count from the catalogue's own origin, and are NaN in all rows if the table
    gives sky positions only; ra, dec are ICRS degrees, magnitudes Vega, ci is in mag. References
    are classes 1 to 4 by source, 0 for none; `kept` holds JSON values by column, None for missing.
    """

    path: Path
    ids: Sequence[str]
    x: Numbers
    y: Numbers
    ra: Numbers
    dec: Numbers
    magnitudes: dict[str, Numbers]
    errors: dict[str, Numbers]
    ci: Numbers
    references: dict[str, NDArray[np.int_]] = field(default_factory=dict)
    kept: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    sky_rounding_deg: float = 0.0
    """Step to which RA and Dec are rounded in the file; 0 if they are not."""
    notes: list[str] = field(default_factory=list)
    """Sentences on what was noticed: missing values by kind, converted units, unused columns."""
    columns: dict[str, str] = field(default_factory=dict)
    """The file's columns by the standard names that they were recognised as."""
    shown_columns: dict[str, str] = field(default_factory=dict)
    """The same, with the words of the column description."""
    origin: int | None = None
    """Number of the first pixel in x and y, if the column description says it."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def has_pixels(self) -> bool:
        """True if x, y are in the table; otherwise every row has RA and Dec."""
        return bool(np.isfinite(self.x).all())

    def bands_without_mosaic(self, bands: Collection[str]) -> list[str]:
        """Return a sentence on the magnitudes in bands that a field with these bands lacks."""
        lacking = [band for band in self.magnitudes if band not in bands]
        if not lacking:
            return []
        columns = ", ".join(self.shown_columns.get(f"mag_{band}", band) for band in lacking)
        return [
            f"The field has no mosaic in {', '.join(lacking)}; the magnitudes in {columns} are "
            "stored all the same."
        ]


def read_catalogue(
    path: Path, options: TableOptions | None = None, progress: Progress = no_progress
) -> Catalogue:
    """Read a table of any format in table_format.FORMATS. Raises BadInput."""
    options = options or TableOptions()
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    _check_options(path, options)
    return_large_arrays()
    chosen = _ColumnChoice(path, options)
    data = load_table(path, options, chosen.choose, progress)
    if not data.n_rows:
        raise BadInput(f"{path}: the catalogue is empty.")
    catalogue = chosen.read(data, progress)
    del data
    return_free_memory()
    return catalogue


def _check_options(path: Path, options: TableOptions) -> None:
    """Raise BadInput for column names that do not exist here, and for names of sources."""
    for option, names in (("--column", options.columns), ("--unit", options.units)):
        for name, value in names.items():
            if option == "--column" and not is_standard(name):
                raise BadInput(
                    f"{path}: {option} {name}={value}: {name!r} is not a column of a catalogue "
                    f"(id, x, y, ra, dec, ci, mag_FILTER, err_FILTER)"
                    f"{near(name, standard_names()) or '.'}"
                )
    for source in options.references:
        if not 0 < len(source) <= _MAX_SOURCE:
            raise BadInput(
                f"{path}: a reference label's source has 1 to {_MAX_SOURCE} characters: {source!r}."
            )


class _ColumnChoice:
    """Which columns of one file are read, and as what: by options, a description, their names."""

    def __init__(self, path: Path, options: TableOptions) -> None:
        self._path, self._options = path, options
        self._description: ColumnDescription | None = None
        self._names = ColumnNames(path, [], {})
        self._references: dict[str, str] = {}
        self._kept: dict[str, str] = {}

    def choose(self, names: list[str], *, has_header: bool) -> set[str]:
        """Return the columns to read of those that the file has."""
        path, options = self._path, self._options
        description = self._describe(names, has_header=has_header)
        self._description = description
        mapped: dict[str, str] = {}
        if description:
            self._check_width(description, names)
            mapped = {k: v for k, v in description.columns.items() if v in names}
            if not description.by_number:
                mapped |= phangs_photometry(names)
        replaced = {name.lower() for name in options.columns}
        mapped = {k: v for k, v in mapped.items() if k.lower() not in replaced}
        texts = description.texts if description else {}
        self._names = ColumnNames(path, names, mapped | dict(options.columns), texts)
        self._references = self._reference_columns(names)
        self._kept = self._kept_columns(names)
        return self._columns_to_read(names)

    def _describe(self, names: list[str], *, has_header: bool) -> ColumnDescription | None:
        """Return the description of the table: the one asked for, or a survey's that fits."""
        options = self._options
        if options.description:
            return load_description(options.description)
        if has_header:
            by_upper = {name.upper(): name for name in names}
            if not is_phangs(names):
                return None
            phangs = SHIPPED["phangs-hst"]
            return replace(
                phangs,
                columns={k: by_upper.get(v, v) for k, v in phangs.columns.items()},
                references={k: by_upper.get(v, v) for k, v in phangs.references.items()},
                keep=tuple(by_upper.get(name, name) for name in phangs.keep),
            )
        if options.header and suffix_of(self._path) == ".tab" and not options.columns:
            return legus_description(self._path, len(names))
        if options.header:
            raise BadInput(
                f"{self._path}: not a readable table: the first line holds numbers where the "
                "names of the columns belong; name them there, or number them: --no-header "
                "--column id=1 --column x=2 …, or --description of the columns."
            )
        return None

    def _check_width(self, description: ColumnDescription, names: list[str]) -> None:
        expected = description.n_columns
        if expected is not None and len(names) != expected:
            raise BadInput(
                f"{self._path}: has {len(names)} columns, and the description {description.name} "
                f"has {expected}."
            )

    def _reference_columns(self, names: list[str]) -> dict[str, str]:
        """Return the columns of classes by source: as asked for, or as described."""
        options = self._options
        if options.references:
            return {
                source: self._names.column(column) for source, column in options.references.items()
            }
        if not self._description:
            return {}
        return {s: c for s, c in self._description.references.items() if c in names}

    def _kept_columns(self, names: list[str]) -> dict[str, str]:
        """Return the columns to keep by the name under which they are kept."""
        described = self._description.keep if self._description else ()
        kept: dict[str, str] = {}
        for text in described:
            name, _, column = text.partition("=")
            if (column or name) in names:
                kept[name] = column or name
        for text in self._options.keep:
            name, _, column = text.partition("=")
            if not name:
                raise BadInput(f"{self._path}: --keep {text}: write NAME or NAME=COLUMN.")
            kept[name] = self._names.column(column or name)
        return kept

    def _columns_to_read(self, names: list[str]) -> set[str]:
        """Return every column that will be read, and those that could be classes."""
        standard = (self._names.find(name) for name in ("id", "x", "y", "ra", "dec", "ci"))
        columns_to_read = {name for name in standard if name}
        for kind in ("mag", "err"):
            for columns in self._names.photometry(kind).values():
                columns_to_read |= set(columns)
        special = {"glon", "glat", "l", "b", "rah", "ram", "ras", "de-", "ded", "dem", "des"}
        columns_to_read |= {name for name in names if name.lower() in special}
        if self._description and self._description.name.startswith("legus-"):
            columns_to_read |= set(names[_DECLARED_CLASSES:])
        return columns_to_read | set(self._references.values()) | set(self._kept.values())

    def read(self, data: TableData, progress: Progress = no_progress) -> Catalogue:
        """Return the table as a catalogue."""
        description = self._description
        missing = MissingValues.of(
            [*self._options.missing, *(description.missing if description else ())]
        )
        reader = TableReader(data, self._names, missing, progress)
        columns = CatalogueColumns(reader, self._options)
        self._refuse_unnamed_classes(reader)
        ids = CompactColumn.of_texts(
            reader.ids(MAX_CELL if self._options.of_stamps else MAX_ID_LENGTH)
        )
        columns.columns["id"] = str(self._names.find("id"))
        x, y = columns.pixels()
        sky = columns.sky()
        if not self._options.of_stamps:
            _check_positions(reader, x, sky)
        magnitudes, errors = columns.photometry()
        catalogue = Catalogue(
            path=self._path,
            ids=ids,
            x=x,
            y=y,
            ra=sky.ra,
            dec=sky.dec,
            magnitudes=magnitudes,
            errors=errors,
            ci=columns.ci(),
            references=self._read_references(reader),
            kept={name: reader.kept(column) for name, column in self._kept.items()},
            sky_rounding_deg=sky.rounding_deg,
            columns=columns.columns,
            shown_columns={k: self._names.shown(v) for k, v in columns.columns.items()},
            origin=description.origin if description else None,
        )
        catalogue.notes = [
            *data.notes,
            *columns.notes,
            *missing.notes(self._names.shown),
            *_rounding_note(catalogue),
            *self._unused_note(reader),
        ]
        return catalogue

    def _read_references(self, reader: TableReader) -> dict[str, NDArray[np.int_]]:
        above = self._description.artefacts_above if self._description else None
        if self._options.artefact_classes:
            above = 4 if above is None else above
        return {
            source: reader.classes(column, artefacts_above=above)
            for source, column in self._references.items()
        }

    def _refuse_unnamed_classes(self, reader: TableReader) -> None:
        """Raise BadInput if a LEGUS table of unknown width has columns of classes."""
        is_guess = not self._options.description and not self._options.references
        if not self._description or self._description.name != "legus-33" or not is_guess:
            return
        classes = [
            name[3:]
            for name in self._names.names[_DECLARED_CLASSES:]
            if _holds_classes(reader, name)
        ]
        if classes:
            raise BadInput(
                f"{self._path}: has {len(self._names.names)} columns, a variant of LEGUS that is "
                f"not known, and classes in column {', '.join(classes)}: name them with "
                f"--reference SOURCE={classes[0]}, describe the columns with --description FILE, "
                "or take no classes with --description legus-33."
            )

    def _unused_note(self, reader: TableReader) -> list[str]:
        unused = [name for name in self._names.names if name not in reader.used]
        listing = ", ".join(map(self._names.shown, unused[:12]))
        more = f" and {len(unused) - 12} more" if len(unused) > 12 else ""
        if not unused:
            return []
        columns = count_text(len(unused), "column is", "columns are")
        return [f"{columns} not used: {listing}{more}. --keep NAME keeps one."]


def _holds_classes(reader: TableReader, column: str) -> bool:
    """True if all cells are classes from 0 to 4 and some objects have one."""
    try:
        values = reader.numbers(column)
    except BadInput:
        return False
    finally:
        reader.used.discard(column)
    values[np.isnan(values)] = 0
    return bool(np.isin(values, (0, 1, 2, 3, 4)).all() and values.any())


def _check_positions(reader: TableReader, x: Numbers, sky: SkyPositions) -> None:
    """Raise BadInput if the table has neither x and y nor RA and Dec of every row."""
    if np.isfinite(x).all():
        return
    if not sky.columns:
        raise reader.names.no_column("x", "x")
    without = np.isnan(sky.ra)
    if without.any():
        row = int(without.argmax()) + 1
        raise reader.error(row, f"has no position: {' and '.join(sky.columns[:2])} are empty")


def _rounding_note(catalogue: Catalogue) -> list[str]:
    """Return how exact positions are that come from RA and Dec."""
    step = catalogue.sky_rounding_deg
    if catalogue.has_pixels or not step:
        return []
    return [
        f"RA and Dec are rounded to {step:.2g} deg: positions are uncertain by up to "
        f"{step / 2 * 3600:.2g} arcsec in each direction."
    ]
