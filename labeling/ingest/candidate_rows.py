"""The rows of a catalogue's candidates, as columns, and how they are written in batches.

Each batch is a transaction of its own, so that votes go on meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from classifier.core.control_sample import in_control_sample
from labeling.db.bulk_rows import BulkInsertRows, pause_after
from labeling.ingest.tables import Catalogue
from labeling.models import Candidate, CatalogueImport, ReferenceLabel
from labeling.models.candidate import catalogue_number_of
from labeling.rules.sampling import shuffle_key

BATCH = 1000
"""Rows in one transaction."""

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Sources:
    """What an import adds to the columns of a catalogue: one value per row.

    x, y are px of the field's reference frame, from 0 at the centre of the first pixel; ra, dec are
    ICRS degrees. `reasons` say why a row is set aside, by `reason`, its position in them.
    """

    x: Numbers
    y: Numbers
    ra: Numbers
    dec: Numbers
    observed: Flags
    """(row, band): True where a mosaic covers it."""
    at_edge: Flags
    pack_row: NDArray[np.int64]
    """Row in the stamp pack, -1 where there is no stamp."""
    reason: NDArray[np.int64]
    reasons: list[str]
    control: Mapping[int, bool]
    """Side of the split by row, of sources that have one already."""
    stamp_xy: Numbers | None = None
    """(row, 2) position in the stamp, of stamps that were cut elsewhere."""


def write_candidates(
    record: CatalogueImport,
    catalogue: Catalogue,
    sources: Sources,
    progress: Callable[[int], None],
) -> None:
    """Insert all candidates and their reference labels, in batches; `progress` gets rows written.

    They stay invisible until the import is finished.
    """
    columns = _Columns(record, catalogue, sources)
    insert = BulkInsertRows(Candidate, *columns.names)
    for first in range(0, len(catalogue), BATCH):
        rows = range(first, min(first + BATCH, len(catalogue)))
        with pause_after(), transaction.atomic():
            insert(columns.rows(rows))
            _write_references(record, catalogue, rows)
        progress(rows.stop)


def _write_references(record: CatalogueImport, catalogue: Catalogue, rows: range) -> None:
    """Insert the reference labels of these rows, whose candidates are stored."""
    part = slice(rows.start, rows.stop)
    labelled = {
        source: np.flatnonzero(labels[part]) + rows.start
        for source, labels in catalogue.references.items()
    }
    ids = {catalogue.ids[row] for numbers in labelled.values() for row in numbers}
    candidates = Candidate.with_unfinished.filter(field=record.field_id, catalogue_id__in=ids)
    keys = dict(candidates.values_list("catalogue_id", "pk")) if ids else {}
    ReferenceLabel.objects.bulk_create(
        ReferenceLabel(
            candidate_id=keys[catalogue.ids[row]],
            source=source,
            label=int(catalogue.references[source][row]),
        )
        for source, numbers in labelled.items()
        for row in numbers
    )


class _Columns:
    """The columns of the table of candidates for an import's rows."""

    def __init__(self, record: CatalogueImport, catalogue: Catalogue, sources: Sources) -> None:
        self._record, self._catalogue, self._sources = record, catalogue, sources
        self._numbers: dict[str, Numbers] = {
            "x": sources.x,
            "y": sources.y,
            "ra": sources.ra,
            "dec": sources.dec,
            "ci": catalogue.ci,
            **{f"mag_{band.lower()}": values for band, values in catalogue.magnitudes.items()},
            **{f"mag_err_{band.lower()}": values for band, values in catalogue.errors.items()},
        }
        if sources.stamp_xy is not None:
            self._numbers |= {"stamp_x": sources.stamp_xy[:, 0], "stamp_y": sources.stamp_xy[:, 1]}
        derived = (
            "field_id",
            "catalogue_import_id",
            "catalogue_id",
            "catalogue_number",
            "pack_row",
            "observed",
            "at_edge",
            "set_aside",
            "control",
            "control_inherited",
            "shuffle",
            "open",
            "kept",
        )
        given = (*derived, *self._numbers)
        fields = [f for f in Candidate._meta.concrete_fields if not f.primary_key]
        self._defaults = {f.attname: f.get_default() for f in fields if f.attname not in given}
        self.names = (*given, *self._defaults)

    def rows(self, rows: range) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these rows in the order of `names`."""
        part = slice(rows.start, rows.stop)
        numbers = [_with_none(values[part]) for values in self._numbers.values()]
        defaults = tuple(self._defaults.values())
        for row, *values in zip(rows, *numbers, strict=True):
            yield (*self._derived(row), *values, *defaults)

    def _derived(self, row: int) -> tuple[Any, ...]:
        """Return the columns that are not numbers of the catalogue."""
        sources, field = self._sources, self._record.field
        text = self._catalogue.ids[row]
        set_aside = sources.reasons[sources.reason[row]]
        inherited = row in sources.control
        pack_row = int(sources.pack_row[row])
        return (
            field.pk,
            self._record.pk,
            text,
            catalogue_number_of(text),
            pack_row if pack_row >= 0 else None,
            " ".join(band for k, band in enumerate(BANDS) if sources.observed[row, k]),
            bool(sources.at_edge[row]),
            set_aside,
            sources.control[row] if inherited else in_control_sample(field.name, text),
            inherited,
            shuffle_key(field.name, text),
            not set_aside,
            json.dumps({name: values[row] for name, values in self._catalogue.kept.items()}),
        )


def _with_none(values: Numbers) -> list[float | None]:
    """Return database values: None for NaN, and for the infinite magnitude of a zero flux."""
    return [value if np.isfinite(value) else None for value in values.tolist()]
