"""Build a field from mosaics alone: import them, detect and select candidates, import these.

All or nothing: a new field whose catalogue cannot be imported is removed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import DatabaseError
from django.db.models import ProtectedError

from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import FieldPlan
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.source_catalogue import SourceCatalogue, SourceOptions, make_catalogue
from labeling.models import CatalogueImport, Field, Mosaic


@dataclass(frozen=True)
class FieldBuild:
    """Mosaics that were checked, and the candidates selected on them; nothing is written yet."""

    field_plan: FieldPlan
    catalogue: SourceCatalogue

    def write(
        self, path: Path, options: CatalogueOptions, progress: Progress = no_progress
    ) -> CatalogueImport:
        """Write the catalogue to `path`, the field, and its candidates; all or nothing.

        Raises BadInput, OSError.
        """
        is_new_file = not path.exists()
        field: Field | None = None
        try:
            self.catalogue.write(path)
            field = self.field_plan.write(progress)
            record, _ = import_catalogue(field, path, options, progress)
            return record
        except BaseException:
            if field is not None and self.field_plan.report["is_new"]:
                _remove(field)
            if is_new_file:
                path.unlink(missing_ok=True)
            raise


def _remove(field: Field) -> None:
    """Remove a new field, unless somebody has imported candidates into it meanwhile."""
    # A failed database, or the other import, must not hide the first error.
    with suppress(DatabaseError, ProtectedError):
        if not field.imports.exists():
            field.delete()


def plan_build(
    field_plan: FieldPlan, options: SourceOptions, progress: Progress = no_progress
) -> FieldBuild:
    """Detect and select candidates on the mosaics of a plan; write nothing. Raises BadInput."""
    existing = Field.objects.filter(name=field_plan.name).first()
    distance = field_plan.columns.get("distance_mpc") or (existing and existing.distance_mpc)
    cuts = replace(options.cuts, distance_mpc=distance or None)
    mosaics = _mosaics(existing, field_plan.rows)
    catalogue = make_catalogue(mosaics, replace(options, cuts=cuts), progress)
    if not len(catalogue.table):
        raise BadInput(
            f"No candidates are left of {catalogue.report['sources']} sources; "
            "loosen the cuts, which a dry run shows with what each removes."
        )
    return FieldBuild(field_plan, catalogue)


def _mosaics(existing: Field | None, rows: Mapping[str, Mapping[str, object]]) -> dict[str, Mosaic]:
    """Return the field's mosaics as they will be, unsaved."""
    mosaics = dict(existing.mosaic_by_band) if existing else {}
    for band, row in rows.items():
        mosaic = mosaics.setdefault(band, Mosaic(band=band))
        for column, value in row.items():
            setattr(mosaic, column, value)
    return mosaics
