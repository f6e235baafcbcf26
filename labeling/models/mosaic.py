"""Mosaics: one field's drizzled image in one filter."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from astropy.io.fits import Header
from astropy.wcs import WCS
from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

from classifier.core.bands import BANDS
from labeling.db.prepared import Param, PreparedQuery
from labeling.imaging.celestial import UnusableWCS, read_wcs
from labeling.imaging.grids import Grid, grid_shift
from labeling.imaging.mosaics import MosaicFile, read_mosaic


class Mosaic(models.Model):
    """A field's image in one band: its file, and what its header says."""

    field = models.ForeignKey("Field", models.CASCADE, related_name="mosaics")
    band = models.CharField(max_length=3, choices=[(band, band) for band in BANDS])
    filter = models.CharField(max_length=16)
    path = models.CharField(max_length=1024)
    hdu = models.PositiveSmallIntegerField("HDU", help_text="Counts from 0, as astropy does.")
    plane = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of a cube (band, y, x), from 0; empty for an image."
    )
    width = models.PositiveIntegerField("width (px)")
    height = models.PositiveIntegerField("height (px)")
    sky = models.FloatField("sky level", help_text="Sigma-clipped median, in image units.")
    sky_sigma = models.FloatField(help_text="Sigma-clipped standard deviation, in image units.")
    unit = models.CharField(max_length=32, blank=True)
    wcs_text = models.TextField(
        "WCS", blank=True, help_text="The celestial WCS as FITS cards; empty where there is none."
    )
    star_fwhm_px = models.FloatField(
        "FWHM of stars (px)", null=True, blank=True, help_text="Unknown where there are too few."
    )
    zero_point_ab = models.FloatField(
        "zero point (AB)",
        null=True,
        blank=True,
        help_text="Magnitude of one image unit in a pixel; unknown where empty.",
    )
    zero_point_vega = models.FloatField("zero point (Vega)", null=True, blank=True)
    zero_point_source = models.CharField(
        max_length=200, blank=True, help_text="Where the zero points come from."
    )
    photflam = models.FloatField(
        "PHOTFLAM", null=True, blank=True, help_text="Of the header, erg/s/cm2/Angstrom per count/s"
    )
    photplam = models.FloatField(
        "PHOTPLAM", null=True, blank=True, help_text="Pivot wavelength by the header, Angstrom."
    )
    exposure_s = models.FloatField("exposure time (s)", null=True, blank=True)
    fingerprint = models.CharField(
        max_length=64, blank=True, editable=False, help_text="sha256 of the pixels."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "band"], name="one_mosaic_per_band")
        ]

    def __str__(self) -> str:
        return f"{self.field}, {self.filter}"

    @property
    def has_wcs(self) -> bool:
        """True if the image has a celestial WCS."""
        return bool(self.wcs_text)

    @cached_property
    def wcs(self) -> WCS | None:
        """The celestial WCS of the image, or None."""
        return _wcs_of(self.wcs_text)

    def read(self) -> MosaicFile:
        """Read its file. Raises UnusableImage."""
        return read_mosaic(Path(self.path), self.hdu, self.plane, settings.HOME)

    def shift_from(self, reference: Mosaic) -> tuple[float, float]:
        """Return (dx, dy) in px from the reference's frame to this one, to add to positions."""
        shape, reference_shape = ((m.height, m.width) for m in (self, reference))
        return _shift(self.wcs_text, shape, reference.wcs_text, reference_shape)


def by_band(mosaics: Iterable[Mosaic]) -> dict[str, Mosaic]:
    """Return one field's mosaics by band, in the order of the bands."""
    mosaic_of = {mosaic.band: mosaic for mosaic in mosaics}
    return {band: mosaic_of[band] for band in BANDS if band in mosaic_of}


MOSAICS_OF_FIELD: PreparedQuery[Mosaic] = PreparedQuery(
    lambda: Mosaic.objects.filter(field=Param("field"))
)


def _wcs_of(text: str) -> WCS | None:
    """Return the WCS of a header; None without one, or for one that earlier versions accepted."""
    try:
        return read_wcs(Header.fromstring(text)) if text else None
    except UnusableWCS:
        return None


@lru_cache(maxsize=1024)
def _shift(
    text: str, shape: tuple[int, int], reference: str, reference_shape: tuple[int, int]
) -> tuple[float, float]:
    # Cached as numbers: reading a WCS takes milliseconds, and threads cannot share one.
    return grid_shift(_grid(text, shape), _grid(reference, reference_shape))


def _grid(text: str, shape: tuple[int, int]) -> Grid | None:
    wcs = _wcs_of(text)
    return None if wcs is None else Grid(wcs, shape)
