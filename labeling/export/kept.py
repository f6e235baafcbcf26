"""Columns of surveys' catalogues that imports kept, for exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling.export.columns import COLUMNS

if TYPE_CHECKING:
    from labeling.models.candidate import CandidateQuerySet

ALL = "all"
_PREFIX = "kept_"
_NAMES = {column.name for column in COLUMNS}


class UnknownColumn(Exception):
    """No import has kept a column of this name; lists those that there are."""


def kept_names(candidates: CandidateQuerySet, text: str) -> list[str]:
    """Return the names of these kept columns, separated by commas, or of all, in an export.

    Raises UnknownColumn.
    """
    if not text.strip():
        return []
    # All candidates of an import have the same names.
    imports = candidates.order_by().values_list("catalogue_import", flat=True).distinct()
    firsts = (candidates.filter(catalogue_import=pk).order_by("pk").first() for pk in imports)
    names = sorted({name for first in firsts if first for name in first.kept})
    columns = [part.strip() for part in text.split(",") if part.strip()]
    if columns == [ALL]:
        return [_name_in_export(name) for name in names]
    for name in columns:
        if name not in names:
            listing = ", ".join(names) or "none"
            raise UnknownColumn(f"No column {name!r} was kept; there are: {listing}.")
    return [_name_in_export(name) for name in dict.fromkeys(columns)]


def name_in_survey(name: str) -> str:
    """Return the name of a kept column of an export in the survey's catalogue."""
    original = name.removeprefix(_PREFIX)
    return original if original in _NAMES else name


def _name_in_export(name: str) -> str:
    """Return the name of a kept column in an export, which differs from the export's own."""
    return f"{_PREFIX}{name}" if name in _NAMES else name
