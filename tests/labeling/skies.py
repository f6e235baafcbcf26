"""Small mosaics with a different value in each pixel, and catalogues of positions on them."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from classifier.core.bands import BANDS, FILTERS
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.ingest.table_options import TableOptions

SHAPE = (260, 240)
SCALE = 0.04
"""Arcsec per pixel."""


def tan_wcs(crpix=(120.5, 130.5), scale=SCALE, rotation=0.0, crval=(65.0, -54.9)):
    """Return a tangent plane; `rotation` in degrees anticlockwise from north up, east left."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = crval, crpix
    angle = np.deg2rad(rotation)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    wcs.wcs.cd = np.diag([-scale / 3600, scale / 3600]) @ turn
    wcs.wcs.set()
    return wcs


def pixels(band, shape=SHAPE):
    """Return an image (y, x) float32 with an exact, different value in each pixel and band."""
    height, width = shape
    first = 1 + BANDS.index(band) * height * width
    return np.arange(first, first + height * width, dtype=np.float32).reshape(shape)


def write_mosaic(path, band="V", image=None, wcs=None, **cards):
    """Write a FITS file with the band's filter and WCS; cards of None are left out."""
    header = (wcs or tan_wcs()).to_header(relax=True)
    header.update({"FILTER": FILTERS[band], "BUNIT": "ELECTRONS/S"})
    for name, value in cards.items():
        if value is None:
            del header[name]
        else:
            header[name] = value
    fits.PrimaryHDU(pixels(band) if image is None else image, header).writeto(path, overwrite=True)
    return path


def without_wcs(path, band="V", image=None):
    """Write a FITS file without a WCS."""
    header = fits.Header({"FILTER": FILTERS[band]})
    fits.PrimaryHDU(pixels(band) if image is None else image, header).writeto(path)
    return path


def write_catalogue(path, rows, names=None):
    """Write a CSV file of these rows (mappings)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, names or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())
    return path


def row_at(number, x, y, **more):
    """Return a row of a catalogue that counts pixels from 1; `x`, `y` count from 0."""
    sky = {"id": number, "x": x + 1, "y": y + 1}
    magnitudes = {f"mag_{FILTERS[band]}": 20.0 + k for k, band in enumerate(BANDS)}
    return {**sky, **magnitudes, **more}


POSITIONS = {
    1: (120.0, 130.0),
    2: (100.25, 90.75),
    3: (60.5, 200.0),
    4: (3.2, 5.9),
    5: (180.0, 150.0),
    6: (230.4, 255.1),
}
"""x, y from 0 by id; 4 and 6 lie at the edge."""
REFERENCE = {1: 1, 2: 2, 3: 3, 4: 4, 5: 0, 6: 1}
"""Class by id in the column `people`; 0 is not inspected."""


@dataclass(frozen=True)
class Sky:
    """Paths of five mosaics by band, and of a catalogue of POSITIONS."""

    mosaics: dict[str, Path]
    catalogue: Path

    def field(self, name="ngc1566", **about):
        """Its mosaics, imported."""
        about.setdefault("galaxy", "NGC 1566")
        return import_field(name, [MosaicRequest(path) for path in self.mosaics.values()], **about)

    def imported(self, name="ngc1566", *, lossless=True):
        """Mosaics and catalogue, imported; lossless, for the pixels have no noise."""
        field = self.field(name)
        table = TableOptions(references={"people": "people"})
        import_catalogue(field, self.catalogue, CatalogueOptions(table=table, lossless=lossless))
        return field


def write_sky(folder):
    """Write the files of a Sky."""
    mosaics = {band: write_mosaic(folder / f"{FILTERS[band]}.fits", band) for band in BANDS}
    rows = [row_at(number, x, y, people=REFERENCE[number]) for number, (x, y) in POSITIONS.items()]
    return Sky(mosaics, write_catalogue(folder / "catalogue.csv", rows))
