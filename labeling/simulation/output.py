"""Write simulated mosaics and tables atomically."""

from pathlib import Path

from astropy.io import fits
from astropy.table import Table

from classifier.core.atomic_files import atomic_path


def write_hdu(hdu: fits.PrimaryHDU, path: Path) -> Path:
    """Write the HDU as a FITS file, in place of an older file of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        hdu.writeto(temporary)
    return path


def write_table(table: Table, path: Path) -> Path:
    """Write the table as ECSV, in place of an older file of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        table.write(temporary, format="ascii.ecsv")
    return path
