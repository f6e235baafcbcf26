"""Read tables by astropy's readers: ECSV, SExtractor, MRT, IPAC, FITS and VOTable.

A VOTable's STREAM element may name a file or an address that holds the rows: whoever made the
table would choose what this machine reads, so such tables are refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

from astropy.io import fits, votable
from astropy.io.votable.tree import TableElement, VOTableFile
from astropy.table import Table
from astropy.utils.xml.iterparser import get_xml_iterator

from labeling.files.limits import MAX_ROWS, check_fits, open_unpacked
from labeling.ingest.errors import BadInput
from labeling.ingest.table_data import TableData, check_shape, from_astropy
from labeling.ingest.table_format import ECSV, IPAC, MRT, SEXTRACTOR

_ASTROPY = {
    ECSV: "ascii.ecsv",
    SEXTRACTOR: "ascii.sextractor",
    MRT: "ascii.mrt",
    IPAC: "ascii.ipac",
}
_MORE_LINES = 100
"""Lines of a header that describe no column."""
_MAX_ARRAY = 10_000
"""Elements of one cell; more would take more memory than the file."""


def read_ascii(path: Path, fmt: str) -> TableData:
    """Read a table of text whose header describes its columns."""
    with open_unpacked(path) as file:
        text = file.read().decode("utf-8-sig")
    lines = text.splitlines()
    # A column is described by a line of the header, or named in a line of them all.
    described = sum(line.startswith("#") for line in lines if fmt in {ECSV, SEXTRACTOR})
    check_shape(path, max(described - _MORE_LINES, *(len(line.split()) for line in lines[:1000])))
    if fmt == SEXTRACTOR:
        # astropy makes a column for every number up to the largest.
        numbers = re.findall(r"^#\s*(\d+)", text, re.MULTILINE)
        check_shape(path, max((int(number[:9]) for number in numbers), default=0))
    return from_astropy(path, Table.read(lines, format=_ASTROPY[fmt]))


def read_fits(path: Path, choice: str | None) -> TableData:
    """Read one table of a FITS file, by its name or its number among the tables."""
    check_fits(path, table=True)
    with fits.open(path) as hdus:
        tables = [hdu for hdu in hdus if _is_table(hdu)]
        if not tables:
            raise BadInput(f"{path}: not a readable table: it holds images only.")
        names = [hdu.name or f"HDU {hdus.index(hdu)}" for hdu in tables]
        hdu = tables[chosen_table(path, names, choice)]
        check_shape(path, len(hdu.columns), int(hdu.header["NAXIS2"]))
        table = Table.read(hdu, format="fits")
        return from_astropy(path, table, frame=_frame_of_header(hdu.header))


def _is_table(hdu: fits.hdu.base.ExtensionHDU) -> bool:
    """True for a table, which neither a compressed image nor SExtractor's copy of a header is."""
    return isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not (
        isinstance(hdu, fits.CompImageHDU) or hdu.name == "LDAC_IMHEAD"
    )


def _frame_of_header(header: fits.Header) -> str | None:
    frame = str(header.get("RADESYS", header.get("RADECSYS", ""))).strip().lower()
    if frame not in {"icrs", "fk5", "fk4"}:
        return None
    equinox = header.get("EQUINOX")
    letter = "B" if frame == "fk4" else "J"
    return f"{frame}:{letter}{equinox}" if equinox and frame != "icrs" else frame


def chosen_table(path: Path, names: Sequence[str], choice: str | None) -> int:
    """Return the place of the choice table; raise BadInput if none or several fit."""
    listing = ", ".join(f"{n} {name}" for n, name in enumerate(names, 1))
    if choice is None:
        if len(names) == 1:
            return 0
        raise BadInput(
            f"{path}: holds {len(names)} tables ({listing}); say which, by --table NAME or NUMBER."
        )
    places = [k for k, name in enumerate(names) if name.lower() == choice.lower()]
    if not places and choice.isdecimal() and 0 < int(choice) <= len(names):
        places = [int(choice) - 1]
    if len(places) != 1:
        several = "several tables" if places else "no table"
        raise BadInput(f"{path}: has {several} {choice!r} (it holds {listing}); use its number.")
    return places[0]


def read_votable(path: Path, choice: str | None) -> TableData:
    """Read one table of a VOTable, by its name, its ID or its number."""
    _check_elements(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = votable.parse(str(path), verify="ignore")
    tables = list(document.iter_tables())
    if not tables:
        raise BadInput(f"{path}: not a readable table: the VOTable holds no table.")
    names = [str(table.name or table.ID or "") for table in tables]
    element = tables[chosen_table(path, names, choice)]
    table = element.to_table(use_names_over_ids=True)
    return from_astropy(path, table, frame=_frame_of_votable(document, element))


def _check_elements(path: Path) -> None:
    """Raise BadInput for rows in another file, and for sizes beyond the limits."""
    n_columns = 0
    size = 0
    with open_unpacked(path) as file:
        while chunk := file.read(2**20):
            size += len(chunk)
    with get_xml_iterator(str(path)) as elements:
        for is_start, tag, attributes, _position in elements:
            if not is_start:
                continue
            if tag == "STREAM" and "href" in attributes:
                raise BadInput(
                    f"{path}: the rows are not in this file but at {attributes['href']!r} "
                    "(STREAM href); save the table with its rows in the file."
                )
            if tag == "FIELD":
                n_columns += 1
                check_shape(path, n_columns)
                _check_array(path, attributes)
            n_rows = attributes.get("nrows", "") if tag == "TABLE" else ""
            if n_rows.strip().isdecimal() and int(n_rows) > min(MAX_ROWS, size):
                raise BadInput(f"{path}: it declares {n_rows.strip()} rows; it is damaged.")


def _check_array(path: Path, attributes: dict[str, str]) -> None:
    sizes = re.findall(r"\d+", attributes.get("arraysize", ""))
    elements = 1
    for number in sizes:
        elements = min(elements * int(number), 2**62)
    if elements > _MAX_ARRAY:
        name = attributes.get("name", "")
        raise BadInput(f"{path}: a cell of column {name!r} has {elements} elements.")


def _frame_of_votable(document: VOTableFile, table: TableElement) -> str | None:
    """Return the frame of the first column that refers to a coordinate system."""
    systems = {system.ID: system for system in document.coordinate_systems}
    for resource in document.resources:
        systems |= {system.ID: system for system in resource.coordinate_systems}
    references = [column.ref for column in table.fields if column.ref in systems]
    if not references and len(systems) == 1:
        references = list(systems)
    if not references:
        return None
    system = systems[references[0]]
    frame = str(system.system or "").lower().removeprefix("eq_")
    equinox = str(system.equinox or "")
    if frame in {"fk4", "fk5"} and equinox:
        letter = "" if equinox[:1] in "BJ" else {"fk4": "B", "fk5": "J"}[frame]
        return f"{frame}:{letter}{equinox}"
    return {"galactic": "galactic", "icrs": "icrs", "fk4": "fk4", "fk5": "fk5"}.get(frame, frame)
