"""Mosaics that are resampled onto the reference band's grid, by the option --align.

The resampled mosaic is a FITS file in ASTERISM_HOME/aligned. Its name is a hash of the pixels, the
WCS and the new grid, so that the same import uses the same file again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from astropy.io import fits

from classifier.core.atomic_files import atomic_path
from labeling.files.fits_text import ascii_text
from labeling.imaging.align import INSTALLED, is_surface_brightness, resample
from labeling.imaging.celestial import wcs_header
from labeling.imaging.grids import Grid, wcs_as_text
from labeling.imaging.mosaics import release_pages
from labeling.ingest.aligned_files import aligned_folder
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaic_requests import MosaicRequest
from labeling.ingest.mosaic_sources import MosaicSource, read_source
from labeling.ingest.progress import Progress

HINT = "drizzle all bands onto one grid, or resample this one with --align"
_KEPT_CARDS = (
    "AB", "BUNIT", "DETECTOR", "EXP", "INSTRUME", "MAGZ", "OBJECT", "PHOT", "SIMULATE", "TARGNAME",
    "TELESCOP", "TEXP", "VEGA", "ZP",
)  # fmt: skip
"""First letters of the cards that stay true after resampling: calibration and origin."""


@dataclass(frozen=True)
class Alignment:
    """A mosaic that is to be resampled, the grid it is resampled onto, and how it differs."""

    source: MosaicSource
    reference: Grid
    difference: str

    @property
    def note(self) -> str:
        """A sentence for whoever imports it."""
        return f"it is resampled (--align): {self.difference}"

    @property
    def path(self) -> Path:
        """The file with the resampled mosaic."""
        mosaic = self.source.mosaic
        texts = [mosaic.fingerprint, mosaic.unit, self.source.filter]
        texts += [repr(mosaic.grid and mosaic.grid.wcs.to_header_string(relax=True))]
        texts += [wcs_as_text(self.reference), repr(self.reference.shape)]
        digest = sha256("\n".join(texts).encode()).hexdigest()[:16]
        return aligned_folder() / f"{mosaic.path.name.split('.')[0]}-{digest}.fits"

    def run(self, progress: Progress) -> MosaicSource:
        """Resample the mosaic, unless its file exists, and read it. Raises BadInput."""
        if not INSTALLED:
            raise BadInput(
                "--align needs the package reproject; install it with "
                "`.venv/bin/pip install 'reproject>=0.14,<1'`, and import again."
            )
        path = self.path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as part:
                self._write(part, progress)
        request = MosaicRequest(path, self.source.band, 0, None, self.source.filter)
        aligned = read_source(request, needs_wcs=True)
        return replace(aligned, zero_point=self.source.zero_point)

    def _write(self, path: Path, progress: Progress) -> None:
        """Write the resampled mosaic, strip by strip."""
        mosaic, grid = self.source.mosaic, self.source.mosaic.grid
        if grid is None:
            raise BadInput(f"{mosaic.path}: has no WCS, so that it cannot be resampled.")
        image = mosaic.map_pixels()
        per_area = is_surface_brightness(mosaic.unit)
        rows = self.reference.shape[0]
        stream = fits.StreamingHDU(path, self._header())
        try:
            for first, strip in resample(image, grid, self.reference, per_area=per_area):
                progress(first, rows, f"resampling {mosaic.path.name}")
                stream.write(strip)
                release_pages(image)
        finally:
            stream.close()
        progress(rows, rows, f"resampling {mosaic.path.name}")

    def _header(self) -> fits.Header:
        """Return the header of the resampled mosaic: the mosaic's calibration, the new WCS."""
        mosaic = self.source.mosaic
        header = fits.PrimaryHDU().header
        header["BITPIX"], header["NAXIS"] = -32, 2
        header["NAXIS1"], header["NAXIS2"] = self.reference.shape[::-1]
        header.update(wcs_header(self.reference.wcs))
        with mosaic.open() as file:
            for number in dict.fromkeys((mosaic.hdu, 0)):
                for card in file[number].header.cards:
                    if card.keyword.startswith(_KEPT_CARDS) and card.keyword not in header:
                        header.append(card)
        if self.source.filter:
            header["FILTER"] = self.source.filter
        name = ascii_text(mosaic.path.name)
        header.add_history(f"Resampled from {name}, HDU {mosaic.hdu}, by Asterism (--align).")
        header.add_history("reproject_exact; the flux is kept.")
        return header
