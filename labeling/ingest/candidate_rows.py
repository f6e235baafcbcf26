"""The rows of a catalogue's candidates, as columns, and how they are written in batches.

Each batch is a transaction of its own, so that votes go on meanwhile.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from labeling.db.bulk import batches
from labeling.db.bulk_rows import BulkInsertRows, pause_after
from labeling.ingest.same_sources import SameSources
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
    same: SameSources
    """Rows that are the same sources as each other, or as candidates of earlier imports."""
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
    latest = Candidate.with_unfinished.order_by("-pk").values_list("pk", flat=True).first() or 0
    for first in range(0, len(catalogue), BATCH):
        batch = range(first, min(first + BATCH, len(catalogue)))
        rows = columns.rows(batch)
        with pause_after(), transaction.atomic():
            insert(rows)
            if catalogue.references:
                keys = _keys_after(latest, record)
                _write_references(catalogue, batch, keys)
                latest = keys[-1]
        progress(batch.stop)


def renew_sides(record: CatalogueImport, catalogue: Catalogue, sources: Sources) -> None:
    """Take the sides of the same sources in imports that finished since the rows were compared.

    The candidates are still invisible, and the caller locks all fields, so that no other import
    finishes meanwhile. Changes the notes of the report too; the caller saves it.
    """
    if CatalogueImport.objects.finished_keys() <= sources.same.imports:
        return
    positions = (sources.x, sources.y), (sources.ra, sources.dec)
    same = SameSources.find(record.field, catalogue.ids, *positions)
    sides = record.field.in_control(catalogue.ids, sources.x, sources.y).tolist()
    keys: dict[tuple[bool, bool], list[int]] = defaultdict(list)
    stored = Candidate.with_unfinished.filter(catalogue_import=record).order_by("pk")
    columns = stored.values_list("pk", "control", "control_inherited")
    for row, (pk, *stored_side) in enumerate(columns):
        side = same.control.get(row, sides[row]), row in same.control
        if side != tuple(stored_side):
            keys[side].append(pk)
    for (control, inherited), pks in keys.items():
        for batch in batches(pks):
            stored.filter(pk__in=batch).update(control=control, control_inherited=inherited)
    notes = [note for note in record.report["notes"] if note not in sources.same.notes]
    record.report["notes"] = [*notes, *same.notes]


def _keys_after(latest: int, record: CatalogueImport) -> list[int]:
    """Return the primary keys of the import's candidates after a key, in the order of the rows."""
    rows = Candidate.with_unfinished.filter(catalogue_import=record, pk__gt=latest)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _write_references(catalogue: Catalogue, batch: range, keys: Sequence[int]) -> None:
    """Insert the reference labels of these rows, whose candidates have these keys."""
    part = slice(batch.start, batch.stop)
    BulkInsertRows(ReferenceLabel, "candidate_id", "source", "label")(
        [
            (key, source, label)
            for source, labels in catalogue.references.items()
            for key, label in zip(keys, labels[part].tolist(), strict=True)
            if label
        ]
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
        names = {*self._derived(range(0)), *self._numbers}
        fields = [f for f in Candidate._meta.concrete_fields if not f.primary_key]
        self._defaults = {f.attname: f.get_default() for f in fields if f.attname not in names}
        self.names = (*self._derived(range(0)), *self._numbers, *self._defaults)

    def rows(self, batch: range) -> list[tuple[Any, ...]]:
        """Return the values of these rows in the order of `names`."""
        part = slice(batch.start, batch.stop)
        numbers = [_with_none(values[part]) for values in self._numbers.values()]
        defaults = [[value] * len(batch) for value in self._defaults.values()]
        return list(zip(*self._derived(batch).values(), *numbers, *defaults, strict=True))

    def _derived(self, batch: range) -> dict[str, list[Any]]:
        """Return the columns that are not numbers of the catalogue, by name."""
        part = slice(batch.start, batch.stop)
        sources, field = self._sources, self._record.field
        ids = self._catalogue.ids[part]
        set_aside = [sources.reasons[number] for number in sources.reason[part].tolist()]
        return {
            "field_id": [field.pk] * len(batch),
            "catalogue_import_id": [self._record.pk] * len(batch),
            "catalogue_id": list(ids),
            "catalogue_number": [catalogue_number_of(text) for text in ids],
            "pack_row": [row if row >= 0 else None for row in sources.pack_row[part].tolist()],
            "observed": [_BANDS_OF[code] for code in (sources.observed[part] @ _BITS).tolist()],
            "at_edge": sources.at_edge[part].tolist(),
            "set_aside": set_aside,
            "control": [
                sources.same.control.get(row, side)
                for row, side in zip(batch, self._sides(part), strict=True)
            ],
            "control_inherited": [row in sources.same.control for row in batch],
            "shuffle": [shuffle_key(field.name, text) for text in ids],
            "open": [not reason for reason in set_aside],
            "kept": self._kept(part),
        }

    def _sides(self, part: slice) -> list[bool]:
        """Return the side of the split of these rows, were they new on the sky."""
        positions = self._sources.x[part], self._sources.y[part]
        control_N = self._record.field.in_control(self._catalogue.ids[part], *positions)
        return [bool(side) for side in control_N]

    def _kept(self, part: slice) -> list[str]:
        """Return the kept columns of these rows as JSON."""
        kept = self._catalogue.kept
        if not kept:
            return ["{}"] * len(self._catalogue.ids[part])
        values = zip(*(column[part] for column in kept.values()), strict=True)
        return [json.dumps(dict(zip(kept, row, strict=True))) for row in values]


_BITS = 1 << np.arange(len(BANDS))
_BANDS_OF = [
    " ".join(band for band, bit in zip(BANDS, _BITS, strict=True) if code & bit)
    for code in range(1 << len(BANDS))
]
"""Bands that cover a candidate, as they are stored, by the sum of their bits."""


def _with_none(values: Numbers) -> list[float | None]:
    """Return database values: None for NaN, and for the infinite magnitude of a zero flux."""
    cells = values.astype(object)
    cells[~np.isfinite(values)] = None
    return list(cells)
