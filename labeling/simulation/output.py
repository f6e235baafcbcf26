"""Write simulated mosaics and tables atomically."""

from pathlib import Path

from astropy.io import fits
from astropy.table import Table

from classifier.core.atomic_files import atomic_path


def write_hdu(hdu: fits.PrimaryHDU, path: Path) -> Path:
    """Write the HDU as a FITS file of its own; an older file of that name is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part:
        hdu.writeto(part)
    return path


def write_table(table: Table, path: Path) -> Path:
    """Write the table as ECSV; an older file of that name is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part:
        table.write(part, format="ascii.ecsv")
    return path
