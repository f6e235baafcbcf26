"""Files that appear whole or not at all: written aside, then renamed."""

from pathlib import Path

from astropy.io import fits
from astropy.table import Table


def _aside(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.part")


def write_hdu(hdu: fits.PrimaryHDU, path: Path) -> Path:
    """Write the HDU as a FITS file of its own; an older file of that name is replaced."""
    part = _aside(path)
    hdu.writeto(part, overwrite=True)
    return part.replace(path)


def write_table(table: Table, path: Path) -> Path:
    """Write the table as ECSV; an older file of that name is replaced."""
    part = _aside(path)
    table.write(part, format="ascii.ecsv", overwrite=True)
    return part.replace(path)
