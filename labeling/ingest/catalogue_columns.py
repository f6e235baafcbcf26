"""Read photometry, positions and classes of a survey's catalogue, and note what was noticed.

Magnitudes are apparent and in the Vega system; sky positions become ICRS degrees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from labeling.ingest.errors import BadInput
from labeling.ingest.missing_values import (
    BRIGHTEST,
    FAINTEST,
    LARGEST_ERROR,
    Numbers,
    is_negative_sentinel,
    is_sentinel,
)
from labeling.ingest.sky_columns import (
    Axis,
    NoPosition,
    axis_of_numbers,
    axis_of_texts,
    rounding_of,
    to_icrs,
)
from labeling.ingest.table_options import TableOptions
from labeling.ingest.table_reader import TableReader
from labeling.number_texts import count_text

_LARGEST_CI = 10.0
"""In mag; beyond it one of the two magnitudes stood for "no value"."""
_MAGNITUDE_UNITS = re.compile(r"(m?)mag\s*\(?\s*(vega)?\s*\)?|vega\s*mag|vega|-*", re.IGNORECASE)
_GALACTIC = (("glon", "glat"), ("l", "b"))
_MRT_RA, _MRT_DEC = ("RAh", "RAm", "RAs"), ("DEd", "DEm", "DEs")


@dataclass
class SkyPositions:
    """RA and Dec in ICRS degrees, NaN where missing, and the step to which they are rounded."""

    ra: Numbers
    dec: Numbers
    rounding_deg: float = 0.0
    columns: tuple[str, ...] = ()


class CatalogueColumns:
    """Reads the columns of one catalogue; `notes` collects sentences. All raise BadInput."""

    def __init__(self, reader: TableReader, options: TableOptions) -> None:
        self._reader, self._options = reader, options
        self._path, self._shown = reader.data.path, reader.names.shown
        self.notes: list[str] = []
        self.columns: dict[str, str] = {}
        """The file's columns by the standard names that they were recognised as."""

    def photometry(self) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
        """Return magnitudes and errors by band; NaN in both where nothing was detected."""
        magnitudes = self._by_band("mag")
        errors = self._by_band("err")
        for band, values in magnitudes.items():
            if band not in errors:
                continue
            with np.errstate(invalid="ignore"):
                weak = (errors[band] > LARGEST_ERROR) & np.isfinite(values)
            if n_weak := int(weak.sum()):
                self.notes.append(
                    f"Column {self._shown(self.columns[f'mag_{band}'])}: no detection in "
                    f"{count_text(n_weak, 'row')} whose error is above {LARGEST_ERROR:.2f} mag, a "
                    "signal below the noise."
                )
            values[weak] = errors[band][weak] = np.nan
        return magnitudes, errors

    def _by_band(self, kind: str) -> dict[str, Numbers]:
        by_band: dict[str, Numbers] = {}
        for band, columns in self._reader.names.photometry(kind).items():
            usable = [column for column in columns if self._is_magnitude(column, f"{kind}_{band}")]
            if not usable:
                continue
            column = usable[0]
            for other in usable[1:]:
                self.notes.append(
                    f"Column {self._shown(other)} is not used: {kind}_{band} is read from "
                    f"{self._shown(column)}."
                )
            self.columns[f"{kind}_{band}"] = column
            by_band[band] = self._magnitudes(column, kind)
        return by_band

    def _is_magnitude(self, column: str, standard: str) -> bool:
        """True if the column is one of Vega magnitudes by its unit. Raises BadInput if mapped."""
        unit = self._unit(column, standard)
        if _MAGNITUDE_UNITS.fullmatch(unit):
            return True
        text = (
            f"column {self._shown(column)!r} has the unit {unit!r}, and magnitudes here are Vega "
            "magnitudes"
        )
        if self._reader.names.is_mapped(column) or column.lower().startswith(("mag_", "err_")):
            raise BadInput(
                f"{self._path}: {text}; convert it, or say --unit {standard}=mag if the unit is "
                "wrong."
            )
        self.notes.append(f"Not used: {text}.")
        return False

    def _unit(self, column: str, standard: str) -> str:
        """Return the unit that the user gives for a column by either name, or the table's."""
        units = {name.lower(): unit for name, unit in self._options.units.items()}
        for name in (standard, column):
            if name.lower() in units:
                return units[name.lower()]
        return self._reader.data.units.get(column, "")

    def _magnitudes(self, column: str, kind: str) -> Numbers:
        """Return magnitudes or errors; NaN for every number that cannot be one."""
        reader = self._reader
        values = reader.numbers(column)
        if self._reader.data.units.get(column, "").lower() == "mmag":
            values /= 1000
        reader.missing.remove(column, values, np.isinf(values) | is_sentinel(values))
        with np.errstate(invalid="ignore"):
            if kind == "err":
                reader.missing.remove(column, values, values < 0)
                return values
            reader.missing.remove(column, values, values == 0)
            n_faint = int((values > FAINTEST).sum())
            values[values > FAINTEST] = np.nan
            too_bright = values < BRIGHTEST
        if n_faint:
            self.notes.append(
                f"Column {self._shown(column)}: no detection in {count_text(n_faint, 'row')} with "
                f"a magnitude above {FAINTEST:g}."
            )
        if too_bright.any():
            row = int(too_bright.argmax())
            value = float(values[row])
            raise reader.error(
                row + 1,
                f"{value:g} in column {self._shown(column)!r} is no apparent magnitude "
                f"({BRIGHTEST:g} to {FAINTEST:g}); if it stands for “no value”, say "
                f"--missing={value:g}",
            )
        return values

    def ci(self) -> Numbers:
        """Return the concentration index, NaN where missing."""
        column = self._reader.names.find("ci")
        if column is None:
            return np.full(self._reader.data.n_rows, np.nan)
        self.columns["ci"] = column
        values = self._reader.numbers(column)
        with np.errstate(invalid="ignore"):
            self._reader.missing.remove(column, values, np.abs(values) >= _LARGEST_CI)
        return values

    def pixels(self) -> tuple[Numbers, Numbers]:
        """Return x and y of every row; NaN everywhere if the table has neither."""
        names = self._reader.names
        x, y = names.find("x"), names.find("y")
        if x is None and y is None:
            missing = np.full(self._reader.data.n_rows, np.nan)
            return missing, missing.copy()
        positions = self._reader.required("x"), self._reader.required("y")
        self.columns |= {"x": str(x), "y": str(y)}
        return positions

    def sky(self) -> SkyPositions:
        """Return RA and Dec of every row."""
        names = self._reader.names
        ra, dec = names.find("ra"), names.find("dec")
        frame = self._options.frame or self._reader.data.frame
        if ra is None and dec is None:
            for names_of_axes in _GALACTIC:
                ra, dec = map(names.exact, names_of_axes)
                if ra and dec:
                    frame = self._options.frame or "galactic"
                    break
        if ra is None or dec is None:
            return self._mrt_sky(frame) or self._no_sky(ra, dec)
        self.columns |= {"ra": ra, "dec": dec}
        longitude = self._axis(ra, "ra", is_longitude=True)
        latitude = self._axis(dec, "dec", is_longitude=False)
        return self._icrs(longitude, latitude, frame, (ra, dec))

    def _no_sky(self, ra: str | None, dec: str | None) -> SkyPositions:
        if ra or dec:
            one, other = (ra, "Dec") if ra else (dec, "RA")
            self.notes.append(f"Column {one} is not used: the table has no {other}.")
        missing = np.full(self._reader.data.n_rows, np.nan)
        return SkyPositions(missing, missing.copy())

    def _mrt_sky(self, frame: str | None) -> SkyPositions | None:
        """Return positions from the hours, minutes and seconds of machine-readable tables."""
        names = self._reader.names
        columns = [names.exact(name) for name in (*_MRT_RA, *_MRT_DEC)]
        if not all(columns):
            return None
        parts = [self._reader.numbers(str(column)) for column in columns]
        sign_column = names.exact("DE-")
        signs = np.ones(self._reader.data.n_rows)
        if sign_column:
            signs[[text == "-" for text in self._reader.texts(sign_column)]] = -1
        weights = np.array([1, 1 / 60, 1 / 3600])[:, None]
        ra = 15 * (np.array(parts[:3]) * weights).sum(axis=0)
        dec = signs * (np.abs(parts[3:]) * weights).sum(axis=0)
        self.columns |= {"ra": "RAh RAm RAs", "dec": "DE- DEd DEm DEs"}
        axes = Axis(ra, 0.0), Axis(dec, 0.0)
        return self._icrs(*axes, frame, tuple(map(str, columns)))

    def _axis(self, column: str, standard: str, *, is_longitude: bool) -> Axis:
        """Return one coordinate in degrees, from numbers or sexagesimal text."""
        unit = self._unit(column, standard)
        try:
            if self._is_sexagesimal(column):
                cells = self._reader.texts(column)
                words = self._reader.missing.words
                present = [
                    None if cell is None or cell.strip().lower() in words else cell.strip()
                    for cell in cells
                ]
                return axis_of_texts(present, unit, is_longitude=is_longitude)
            values = self._reader.numbers(column)
            self._reader.missing.remove(column, values, is_negative_sentinel(values))
            axis = axis_of_numbers(values, unit, is_longitude=is_longitude)
        except NoPosition as error:
            row = f", row {error.row}" if error.row else ""
            raise BadInput(f"{self._path}{row}: column {self._shown(column)!r}: {error}.") from None
        if unit and unit.lower() not in {"deg", "degree", "degrees"}:
            self.notes.append(f"Column {self._shown(column)}: converted from {unit} to degrees.")
        return axis

    def _is_sexagesimal(self, column: str) -> bool:
        """True if the first cells of text are not numbers but such as 04:20:00.1 or 4h20m."""
        for text in self._reader.first_texts(column, 100):
            if re.fullmatch(r"[+-]?\d+\s*[:hd°\s]\s*\d+.*", text.strip()):
                return True
        return False

    def _icrs(
        self, longitude: Axis, latitude: Axis, frame: str | None, columns: tuple[str, ...]
    ) -> SkyPositions:
        """Return complete positions in ICRS; a row that lacks one coordinate has none."""
        incomplete = np.isnan(longitude.degrees) != np.isnan(latitude.degrees)
        if incomplete.any():
            row = int(incomplete.argmax()) + 1
            self.notes.append(
                f"Row {row}: only one of {columns[0]} and {columns[-1]} has a value; "
                f"{int(incomplete.sum())} such rows have no position on the sky in the file."
            )
            longitude.degrees[incomplete] = latitude.degrees[incomplete] = np.nan
        try:
            ra, dec = to_icrs(longitude.degrees, latitude.degrees, frame or "icrs")
        except NoPosition as error:
            row_text = f", row {error.row}" if error.row else ""
            raise BadInput(f"{self._path}{row_text}: {error}.") from None
        if frame and frame.lower() != "icrs":
            self.notes.append(f"Positions are converted from {frame} to ICRS.")
        return SkyPositions(ra, dec, rounding_of(longitude, latitude), columns)
