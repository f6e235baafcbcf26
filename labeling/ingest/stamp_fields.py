"""Fields of stamps that were cut elsewhere: what is new of one, and its import, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.db.models import ProtectedError

from labeling.ingest.catalogue_plan import CataloguePlan
from labeling.ingest.errors import BadInput
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.stamp_imports import read_stamp_set
from labeling.ingest.stamp_sets import StampOptions
from labeling.models import CatalogueImport, Field

_OF_STAMPS = ("pixel_scale_arcsec", "north_deg", "east_left")
"""Columns that the WCS of the stamps gives."""


def draft_stamp_field(
    name: str, paths: Sequence[Path], options: StampOptions, **columns: Any
) -> Field:
    """Return the field, stored or new, with these values of its columns; nothing is written.

    None leaves a column unchanged; the pixel scale is that of the stamps' WCS unless the field has
    one. Raises BadInput.
    """
    field = Field.objects.filter(name=name).first() or Field(name=name, galaxy=name)
    for column, value in columns.items():
        if value is not None:
            setattr(field, column, value)
    if field.pixel_scale_arcsec is None:
        field.pixel_scale_arcsec = read_stamp_set(paths, options).pixel_scale_arcsec
    try:
        field.full_clean()
    except ValidationError as error:
        reasons = "; ".join(f"{name}: {' '.join(t)}" for name, t in error.message_dict.items())
        raise BadInput(f"The field {name} cannot be made: {reasons}") from None
    return field


def write_stamp_field(
    plan: CataloguePlan,
    columns: Mapping[str, Any],
    progress: Progress = no_progress,
    *,
    imported_by: User | None = None,
) -> CatalogueImport:
    """Write the field of a plan, new or with these columns, and the import.

    A failed import leaves no new field. Raises BadInput, OSError.
    """
    if plan.existing:
        return plan.existing
    field = plan.field
    is_new = field.pk is None
    if is_new:
        field.save()
    else:
        # The row was read long ago: others may have changed the rest of it since.
        entered = [name for name, value in columns.items() if value is not None]
        field.save(update_fields={*entered, *_OF_STAMPS})
    try:
        return replace(plan, field=field).write(progress, imported_by=imported_by)
    except BaseException:
        # A failed database, or another import into the field, must not hide the first error.
        with suppress(DatabaseError, ProtectedError):
            if is_new and not field.imports.exists():
                field.delete()
        raise
