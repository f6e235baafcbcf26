"""The format of a table file; refuses those that would make astropy open another file or address.

A VOTable's STREAM element may name a file or an address that holds the rows, and an HDF5 file may
link to other files: whoever made the table would choose what this machine reads.
"""

from pathlib import Path

from astropy.io.registry import identify_format
from astropy.table import Table
from astropy.utils.data import get_readable_fileobj
from astropy.utils.xml.iterparser import get_xml_iterator

from labeling.files.limits import check_fits, check_table
from labeling.ingest.errors import BadInput

_BY_SUFFIX = {".csv": "ascii.csv", ".txt": "ascii", ".dat": "ascii"}
_WITHOUT_LINKS = ("ascii.", "fits", "parquet", "votable")


def table_format(path: Path) -> str:
    """Return astropy's name of the file's format, by its suffix or content.

    Raises BadInput if the format is unknown or can refer to other files, LimitExceeded, and what
    astropy raises for a file that it cannot parse.
    """
    check_table(path)
    if fmt := _BY_SUFFIX.get(path.suffix.lower()):
        return fmt
    with get_readable_fileobj(str(path), encoding="binary") as file:
        formats = identify_format("read", Table, str(path), file, [file], {})
    if len(formats) != 1:
        raise BadInput(f"{path}: not a readable table (unknown format).")
    (fmt,) = formats
    if not fmt.startswith(_WITHOUT_LINKS):
        raise BadInput(f"{path}: tables in the format {fmt} are not read; save it as ECSV or FITS.")
    if fmt == "fits":
        check_fits(path, table=True)
    if fmt == "votable":
        _refuse_external_streams(path)
    return str(fmt)


def _refuse_external_streams(path: Path) -> None:
    """Raise BadInput if a STREAM element names another file; read by astropy's own XML parser."""
    with get_xml_iterator(str(path)) as elements:
        for is_start, tag, attributes, _position in elements:
            if is_start and tag == "STREAM" and "href" in attributes:
                raise BadInput(
                    f"{path}: the rows are not in this file but at {attributes['href']!r} "
                    "(STREAM href); save the table with its rows in the file."
                )
