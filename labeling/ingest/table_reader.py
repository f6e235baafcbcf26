"""Read the columns of one table as ids, numbers, magnitudes, sky positions and classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.core.bands import band_of
from labeling.ingest.column_names import aliases, near, photometry_of
from labeling.ingest.errors import BadInput
from labeling.ingest.missing_values import (
    MissingValues,
    Numbers,
    is_negative_sentinel,
    texts_of,
)
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.table_data import Chunk, CompactColumn, TableData, compact_texts

MAX_ID_LENGTH = 64
_LONGEST_TEXT = 40


class ColumnNames:
    """The columns of one file by their standard names: as mapped, or by their own names.

    All methods raise BadInput, naming the file.
    """

    def __init__(
        self,
        path: Any,
        names: list[str],
        mapped: Mapping[str, str],
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """`texts` say in words what columns hold whose names do not."""
        self._path, self.names, self._texts = path, names, texts or {}
        self._mapped = {name: self.column(column, name) for name, column in mapped.items()}
        self._lower: dict[str, list[str]] = {}
        for name in names:
            self._lower.setdefault(name.lower(), []).append(name)

    def column(self, name: str, standard: str | None = None) -> str:
        """Return the table's column of this name or number."""
        if name in self.names:
            return name
        if name.isdecimal() and f"col{int(name)}" in self.names:
            return f"col{int(name)}"
        raise self.no_column(name, standard)

    def no_column(self, name: str, standard: str | None = None) -> BadInput:
        """Return the error for a column that the table lacks."""
        listing = " ".join(", ".join(self.names[:40]).split())
        more = ", …" if len(self.names) > 40 else ""
        remedy = f"; name it with --column {standard}=NAME" if standard else ""
        return BadInput(
            f"{self._path}: has no column {name!r} (it has {listing}{more}){remedy}"
            f"{near(name, self.names) or '.'}"
        )

    def shown(self, column: str) -> str:
        """Return a column as sentences name it, with the words of its description."""
        text = self._texts.get(column, "")
        if len(text) > _LONGEST_TEXT:
            text = f"{text[:_LONGEST_TEXT].rstrip()}…"
        return f"{column} ({text})" if text else column

    def is_mapped(self, column: str) -> bool:
        """True if the options or the description name this column."""
        return column in self._mapped.values()

    def exact(self, name: str) -> str | None:
        """Return the one column of this name in any case, or None."""
        matches = self._lower.get(name.lower(), [])
        return name if name in matches else matches[0] if len(matches) == 1 else None

    def find(self, standard: str) -> str | None:
        """Return the column with this standard name, or None."""
        if standard in self._mapped:
            return self._mapped[standard]
        for alias in aliases(standard):
            matches = self._lower.get(alias, [])
            if len(matches) > 1 and standard not in matches:
                raise BadInput(
                    f"{self._path}: the columns {' and '.join(matches)} could both be {standard}; "
                    f"say which with --column {standard}=NAME."
                )
            if matches:
                return standard if standard in matches else matches[0]
        return None

    def photometry(self, kind: str) -> dict[str, list[str]]:
        """Return the columns of magnitudes, or errors, by band: those mapped before others."""
        by_band: dict[str, list[str]] = {}
        mapped = [
            (name.partition("_")[2], column)
            for name, column in self._mapped.items()
            if name.startswith(f"{kind}_")
        ]
        recognised = [
            (match[1], name)
            for name in self.names
            if (match := photometry_of(name)) and match[0] == kind
        ]
        for filter_name, column in [*mapped, *recognised]:
            try:
                columns = by_band.setdefault(band_of(filter_name), [])
            except ValueError:
                continue
            if column not in columns:
                columns.append(column)
        return by_band


class TableReader:
    """Reads the cells of one table; errors name file, row and column. All raise BadInput."""

    def __init__(
        self,
        data: TableData,
        names: ColumnNames,
        missing: MissingValues,
        progress: Progress = no_progress,
    ) -> None:
        self.data, self.names, self.missing = data, names, missing
        self._progress = progress
        self.used: set[str] = set()
        self._path = data.path

    def error(self, row: int, reason: str) -> BadInput:
        """Return the error for one row, counted from 1."""
        return BadInput(f"{self._path}, row {row}: {reason}.")

    def _chunks(self, column: str) -> Any:
        self._progress(len(self.used), len(self.data.columns), "reading the columns")
        self.used.add(column)
        return self.data.chunks(column)

    def texts(self, column: str) -> list[str | None]:
        """Return the cells of a column as text; None where masked."""
        return [cell for _, chunk in self._chunks(column) for cell in texts_of(chunk)]

    def first_texts(self, column: str, n: int) -> list[str]:
        """Return the first cells of a column of text that are not empty."""
        for _, chunk in self.data.chunks(column):
            if np.ma.getdata(chunk).dtype.kind not in "SUO":
                return []
            return [text for text in texts_of(chunk[:n]) if text and text.strip()]
        return []

    def ids(self, max_length: int = MAX_ID_LENGTH) -> list[str]:
        """Return the catalogue ids as unique texts."""
        column = self.names.find("id")
        if column is None:
            raise self.names.no_column("id", "id")
        ids = [text for _, chunk in self._chunks(column) for text in _id_texts(chunk)]
        for row, text in enumerate(ids, 1):
            if not text:
                raise self.error(row, f"has no id in column {self.names.shown(column)!r}")
            if len(text) > max_length or not text.isprintable():
                reason = f"the id must be printable and at most {max_length} characters long"
                raise self.error(row, reason)
        self._check_unique(ids)
        return ids

    def _check_unique(self, ids: list[str]) -> None:
        if len(set(ids)) == len(ids):
            return
        text, _count = Counter(ids).most_common(1)[0]
        rows = [row for row, other_text in enumerate(ids, 1) if other_text == text]
        raise BadInput(f"{self._path}, rows {rows[0]} and {rows[1]}: both have the id {text}.")

    def required(self, name: str) -> Numbers:
        """Return a column in which every row has a finite number."""
        column = self.names.find(name)
        if column is None:
            raise self.names.no_column(name, name)
        values = self.numbers(column)
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise self.error(row, f"has no {name} in column {self.names.shown(column)!r}")
        return values

    def numbers(self, column: str) -> Numbers:
        """Return a column as floats; NaN where a cell holds no value."""
        values = np.full(self.data.n_rows, np.nan)
        words: Counter[str] = Counter()
        for start, chunk in self._chunks(column):
            values[start : start + len(chunk)] = self._floats(chunk, start, column, words)
        self.missing.count(column, words)
        self.missing.remove(column, values, self.missing.stated(values))
        return values

    def _floats(self, chunk: Chunk, start: int, column: str, words: Counter[str]) -> Numbers:
        """Return the numbers of a chunk; add the words that mean no value."""
        mask = np.ma.getmaskarray(chunk)
        data = np.ma.getdata(chunk)
        if data.dtype.kind in "iuf":
            values = data.astype(np.float64)
            values[mask] = np.nan
            if n_masked := int(mask.sum()):
                words.update({"masked": n_masked})
            return values
        if data.dtype.kind == "S" and b"_" not in data.tobytes():
            try:
                return data.astype(np.float64)
            except ValueError:
                pass
        return np.array(
            [
                self._number(cell, start + k + 1, column, words)
                for k, cell in enumerate(texts_of(chunk))
            ],
            dtype=np.float64,
        )

    def _number(self, cell: str | None, row: int, column: str, words: Counter[str]) -> float:
        if cell is None:
            words["masked"] += 1
            return np.nan
        text = cell.strip()
        if text.lower() in self.missing.words:
            words[text] += 1
            return np.nan
        if self.data.decimal_commas and re.fullmatch(r"[+-]?\d+,\d+([eE][+-]?\d+)?", text):
            text = text.replace(",", ".")
        try:
            if "_" in text:
                raise ValueError
            return float(re.sub(r"(?<=\d)[dD](?=[+-]?\d)", "e", text))
        except ValueError:
            start = text if len(text) <= 60 else f"{text[:60]}…"
            reason = f"{start!r} in column {self.names.shown(column)!r} is not a number"
            raise self.error(row, reason) from None

    def classes(self, column: str, *, artefacts_above: int | None = None) -> NDArray[np.int_]:
        """Return a column of classes 1 to 4; 0 where not inspected.

        Whole numbers above `artefacts_above` are kinds of artefacts, which are class 4.
        """
        numbers = self.numbers(column)
        self.missing.remove(column, numbers, is_negative_sentinel(numbers))
        numbers[np.isnan(numbers)] = 0
        if artefacts_above is not None:
            is_artefact = (numbers > artefacts_above) & (numbers == np.rint(numbers))
            numbers[is_artefact] = 4
        wrong = ~np.isin(numbers, (0, 1, 2, 3, 4))
        if wrong.any():
            row = int(wrong.argmax())
            cell = self._cell(column, row)
            raise self.error(
                row + 1,
                f"{cell!r} in column {self.names.shown(column)!r} is not a class from 0 to 4 "
                f"(if it means that the source was not classified: --missing={cell})",
            )
        return numbers.astype(np.int_)

    def _cell(self, column: str, row: int) -> str | None:
        for start, chunk in self.data.chunks(column):
            if start <= row < start + len(chunk):
                return texts_of(chunk[row - start : row - start + 1])[0]
        return None

    def kept(self, column: str) -> CompactColumn:
        """Return the cells of a column as JSON values: numbers, text, None for no value."""
        chunks = [chunk for _, chunk in self._chunks(column)]
        kind = np.ma.getdata(chunks[0]).dtype.kind
        if kind in "biuf":
            return CompactColumn(_joined(chunks), _numbers_or_none)
        texts = np.concatenate(
            [compact_texts(text or "" for text in texts_of(chunk)) for chunk in chunks]
        )
        # Text of CSV files may be numbers; other formats tell both apart.
        missing = self.missing.words
        read: Callable[[str], Any] = (
            partial(_json_value, missing=missing) if kind == "S" else _text_or_none
        )
        return CompactColumn(texts, lambda cells: [read(text) for text in cells.tolist()])


def _id_texts(chunk: Chunk) -> list[str]:
    """Return ids as text; whole numbers without a decimal point."""
    data, mask = np.ma.getdata(chunk), np.ma.getmaskarray(chunk)
    if data.dtype.kind != "f":
        return [(text or "").strip() for text in texts_of(chunk)]
    return [
        "" if m or np.isnan(v) else str(int(v)) if v.is_integer() else str(v)
        for v, m in zip(data.tolist(), mask, strict=True)
    ]


def _joined(chunks: list[Chunk]) -> Chunk:
    """Return the chunks of a column as one array, masked where one of them is."""
    if any(np.ma.is_masked(chunk) for chunk in chunks):
        return np.ma.concatenate(chunks)  # type: ignore[no-untyped-call,no-any-return]
    return np.concatenate([np.ma.getdata(chunk) for chunk in chunks])


def _numbers_or_none(cells: Chunk) -> list[Any]:
    """Return numbers and truth values; None where one is masked or not finite."""
    data, mask = np.ma.getdata(cells), np.ma.getmaskarray(cells)
    return [None if m else v for v, m in zip(data.tolist(), mask | ~np.isfinite(data), strict=True)]


def _text_or_none(text: str) -> str | None:
    return text if text.strip() else None


def _json_value(text: str, missing: frozenset[str]) -> Any:
    """Return a cell of text as a number if it is written as one, so that it round-trips."""
    if text.lower() in missing:
        return None
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if str(value) == text and np.isfinite(value) else text
    return text
