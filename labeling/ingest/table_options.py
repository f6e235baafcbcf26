"""How a table is read: its columns, units, frame, and which table of a file it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from labeling.ingest.column_descriptions import SHIPPED, description_text


@dataclass(frozen=True)
class TableOptions:
    """Options of one table file; by default everything is recognised by names and units."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """The file's columns by standard name: id, x, y, ra, dec, ci, mag_F555W or mag_V, err_…"""
    references: Mapping[str, str] = field(default_factory=dict)
    """Columns of classes by the source of the reference labels."""
    table: str | None = None
    """Name or number, from 1, of the table in a file that holds several."""
    format: str | None = None
    """One of table_format.FORMATS; None: recognised by suffix and content."""
    header: bool = True
    """False: the file has no line of column names; its columns are 1, 2, 3 …"""
    description: str | None = None
    """Name of a shipped column description, or the path of a file with one."""
    frame: str | None = None
    """Sky frame of ra and dec: icrs, fk5, fk4, galactic …; None: the table's, or ICRS."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Units by standard name where the table says none, or a wrong one."""
    missing: tuple[str, ...] = ()
    """Cells that mean "no value" in addition to the usual ones."""
    artefact_classes: bool = False
    """True: class numbers above 4 are kinds of artefacts, which are class 4."""
    keep: tuple[str, ...] = ()
    """Columns of the file that are kept with the candidates."""
    of_stamps: bool = False
    """True: of stamps that were cut elsewhere; rows may lack positions, ids be names of files."""

    def fingerprint_parts(self) -> list[Any]:
        """Return JSON values that differ for any two options that read a table differently.

        Raises BadInput for a description that cannot be read.
        """
        default = TableOptions()
        parts: list[Any] = [dict(self.columns), dict(self.references)]
        more = {
            name: value
            for name, value in asdict(self).items()
            if name not in {"columns", "references"} and value != getattr(default, name)
        }
        if self.description and self.description not in SHIPPED:
            text = description_text(Path(self.description).expanduser())
            more["description"] = sha256(text.encode()).hexdigest()
        return [*parts, more] if more else parts
