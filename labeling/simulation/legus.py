"""Read the columns of a LEGUS catalogue that the simulator needs.

`labeling.ingest` reads such files into the database; the simulator needs no database.
"""

from pathlib import Path

import numpy as np
from astropy.io import ascii as text
from astropy.io.ascii import InconsistentTableError
from astropy.table import Table

from classifier.core.bands import BANDS

MISSING_ABOVE = 40.0
"""Magnitudes such as 44.444, 66.666 and 99.999 are codes for missing."""

COLUMNS = 39
CLASS_BY_THREE, CLASS_HYBRID, CONCENTRATION, FIRST_MAGNITUDE = 35, 33, 15, 5


def read_legus(path: Path) -> Table:
    """Read id, x, y (from 1), ra, dec, mag_<band>, ci and class of each source of NGC 1566.

    Missing magnitudes are NaN; class is the mode of three people, else the hybrid class, else 0.
    Raises ValueError for a file with other columns.
    """
    try:
        raw = text.read(path, format="no_header", delimiter=r"\s", guess=False)
    except InconsistentTableError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: not a table of {COLUMNS} columns ({reason})") from error
    if len(raw.columns) != COLUMNS or not all(
        column.dtype.kind in "if" for column in raw.itercols()
    ):
        raise ValueError(f"{path}: expected {COLUMNS} numeric columns, found {len(raw.columns)}")
    columns = [np.asarray(column, dtype=float) for column in raw.itercols()]
    table = Table({"id": columns[0].astype(int)})
    for name, number in (("x", 1), ("y", 2), ("ra", 3), ("dec", 4)):
        table[name] = columns[number]
    for band, number in zip(BANDS, range(FIRST_MAGNITUDE, CONCENTRATION, 2), strict=True):
        magnitude = columns[number]
        table[f"mag_{band}"] = np.where(magnitude < MISSING_ABOVE, magnitude, np.nan)
    table["ci"] = columns[CONCENTRATION]
    by_people, hybrid = columns[CLASS_BY_THREE], columns[CLASS_HYBRID]
    table["class"] = np.where(by_people > 0, by_people, hybrid).astype(int)
    return table
