"""The candidates of stamps that were cut elsewhere: those of their table, or of their files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labeling.ingest.errors import BadInput
from labeling.ingest.stamp_sets import StampSet
from labeling.ingest.table_options import TableOptions
from labeling.ingest.table_reader import MAX_ID_LENGTH
from labeling.ingest.tables import Catalogue, read_catalogue
from labeling.number_texts import count_text

_SHOWN = 5


def stamp_catalogue(
    stamps: StampSet, table_path: Path | None, options: TableOptions
) -> tuple[Catalogue, NDArray[np.intp]]:
    """Return the candidates, and the row of each one's stamps. Raises BadInput."""
    if table_path is None:
        return _catalogue_of(stamps), np.arange(len(stamps))
    table = read_catalogue(table_path, replace(options, of_stamps=True))
    rows = _matched_rows(stamps, table)
    missing = int((rows < 0).sum())
    if missing:
        table = subset(table, np.flatnonzero(rows >= 0))
        rows_text = count_text(missing, "row of the table has", "rows of the table have")
        table.notes.append(f"{rows_text} no stamps and no place in this import.")
    return _with_short_ids(table, stamps, rows[rows >= 0]), rows[rows >= 0]


def _with_short_ids(table: Catalogue, stamps: StampSet, rows: NDArray[np.intp]) -> Catalogue:
    """Return the table with the stamps' ids if some of its own, names of files, are too long."""
    long = [text for text in table.ids if len(text) > MAX_ID_LENGTH]
    if not long:
        return table
    if stamps.numbered:
        raise BadInput(
            f"{table.path}: the id {long[0][:80]!r} … has more than {MAX_ID_LENGTH} characters."
        )
    _check_ids(stamps)
    notes = [
        *table.notes,
        f"Names of files in the table have more than {MAX_ID_LENGTH} characters: candidates are "
        "named by their files without folder and ending.",
    ]
    return replace(table, ids=[stamps.ids[row] for row in rows], notes=notes)


def _catalogue_of(stamps: StampSet) -> Catalogue:
    """Return a catalogue of the ids that the files give, and of their positions."""
    _check_ids(stamps)
    nothing = np.full(len(stamps), np.nan)
    return Catalogue(
        path=stamps.path,
        ids=list(stamps.ids),
        x=nothing,
        y=nothing,
        ra=stamps.ra,
        dec=stamps.dec,
        magnitudes={},
        errors={},
        ci=nothing,
    )


def _check_ids(stamps: StampSet) -> None:
    """Raise BadInput unless the files give each candidate an id of its own."""
    for text in stamps.ids:
        if not text or len(text) > MAX_ID_LENGTH or not text.isprintable():
            raise BadInput(
                f"{stamps.path}: the id {text[:80]!r} must be printable and have 1 to "
                f"{MAX_ID_LENGTH} characters; name the candidates in a table (--table)."
            )
    text, count = Counter(stamps.ids).most_common(1)[0]
    if count > 1:
        raise BadInput(f"{stamps.path}: {count} stamps have the id {text}.")


def _matched_rows(stamps: StampSet, table: Catalogue) -> NDArray[np.intp]:
    """Return the stamps' row of each row of the table, -1 for none; by id, file or order."""
    row_of = {**stamps.aliases, **{text: row for row, text in enumerate(stamps.ids)}}
    rows = np.array([row_of.get(text, -1) for text in table.ids], dtype=np.intp)
    if stamps.numbered and (rows < 0).any():
        if len(table) != len(stamps):
            raise BadInput(
                f"{table.path}: has {count_text(len(table), 'row')} for "
                f"{count_text(len(stamps), 'stamp')} in {stamps.path}, "
                "which have no ids of their own."
            )
        return np.arange(len(stamps))
    if (rows < 0).all():
        raise BadInput(
            f"{table.path}: none of its ids ({_listed(table.ids)}) is that of a stamp in "
            f"{stamps.path} ({_listed(stamps.ids)}); name the column with --column id=NAME."
        )
    used, times = np.unique(rows[rows >= 0], return_counts=True)
    if (times > 1).any():
        stamp = used[times > 1][0]
        both = [table.ids[row] for row in np.flatnonzero(rows == stamp).tolist()]
        raise BadInput(f"{table.path}: {_listed(both)} are the same stamp.")
    unlisted = np.setdiff1d(np.arange(len(stamps)), used)
    if unlisted.size:
        raise BadInput(
            f"{table.path}: has no row for {unlisted.size} of {count_text(len(stamps), 'stamp')} "
            f"({_listed([stamps.ids[row] for row in unlisted])})."
        )
    return rows


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (" …" if len(texts) > _SHOWN else "")


def subset(catalogue: Catalogue, rows: NDArray[np.intp]) -> Catalogue:
    """Return some rows of a catalogue."""
    columns: dict[str, Any] = {
        name: getattr(catalogue, name)[rows] for name in ("x", "y", "ra", "dec", "ci")
    }
    groups: dict[str, Any] = {
        name: {key: values[rows] for key, values in getattr(catalogue, name).items()}
        for name in ("magnitudes", "errors", "references")
    }
    chosen = rows.tolist()
    kept = {name: [values[row] for row in chosen] for name, values in catalogue.kept.items()}
    ids = [catalogue.ids[row] for row in chosen]
    return replace(catalogue, ids=ids, kept=kept, **columns, **groups)
