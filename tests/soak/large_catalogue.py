"""Files for imports of many rows: small mosaics, and a catalogue of any length."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from classifier.core.bands import BANDS, FILTERS

SHAPE = (260, 240)
COLUMNS = ("id", "x", "y", "ci", *(f"{k}_{FILTERS[b]}" for b in BANDS for k in ("mag", "err")))


def write_mosaics(folder: Path) -> list[Path]:
    """Write five small mosaics of noise."""
    rng = np.random.default_rng(1)
    wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 65.0, "CRVAL2": -54.9}
    wcs |= {"CRPIX1": 120.5, "CRPIX2": 130.5, "CD1_1": -1.1e-5, "CD2_2": 1.1e-5}
    paths = [folder / f"{FILTERS[band]}.fits" for band in BANDS]
    for band, path in zip(BANDS, paths, strict=True):
        header = fits.Header({**wcs, "FILTER": FILTERS[band], "BUNIT": "ELECTRONS/S"})
        fits.PrimaryHDU(rng.normal(1, 0.1, SHAPE).astype("float32"), header).writeto(path)
    return paths


def write_rows(path: Path, rows: int, inside: int) -> None:
    """Write a CSV file of sources, of which so many lie on the mosaics."""
    rng = np.random.default_rng(0)
    height, width = SHAPE
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        for first in range(0, rows, 10_000):
            number = np.arange(first, min(first + 10_000, rows))
            is_inside = (number + 1) * inside // rows > number * inside // rows
            x, y = (rng.uniform(1, size, len(number)) for size in (width, height))
            x = np.where(is_inside, x, 2 * width + 100 * x)
            ci, mag = rng.uniform(1, 2, len(number)), rng.uniform(18, 26, (len(number), len(BANDS)))
            errors = np.full_like(mag, 0.05)
            photometry = np.stack([mag, errors], axis=2).reshape(len(number), -1)
            np.savetxt(file, np.column_stack([number, x, y, ci, photometry]), "%d" + ",%.3f" * 13)
