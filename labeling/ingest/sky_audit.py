"""Candidates whose stored RA and Dec are not those of their pixels by the WCS of the mosaic.

Versions before 0.2 stored the two coordinates of a WCS as RA and Dec whatever its frame and the
order of its axes: galactic, FK4 and FK5 of other equinoxes, declination first. Such rows hold
exactly these coordinates, and can be written anew from x and y.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.coordinates import angular_separation
from django.db import transaction
from numpy.typing import NDArray

from classifier.core.bands import reference_band
from labeling.db.bulk import batches
from labeling.imaging.celestial import compass, frame_name, pixel_scale_arcsec, pixel_to_icrs
from labeling.imaging.grids import Grid
from labeling.ingest.positions import MAX_OFFSET_PX, measure_rounding
from labeling.models import Candidate, CatalogueImport, Field, Mosaic
from labeling.number_texts import count_text

_SAME_DEG = 1e-7
"""Difference of two angles that were computed alike."""
_COMPASS_DEG = 1.0
"""Change of the direction of north over a large mosaic."""
_ROW = np.dtype([("pk", "i8"), ("x", "f8"), ("y", "f8"), ("ra", "f8"), ("dec", "f8")])


@dataclass(frozen=True)
class SkyFault:
    """A field, or one import of it, whose stored directions on the sky are wrong.

    `text` is the sentence; `candidates` are (pk, RA, Dec) in ICRS degrees of the rows that can be
    mended, `compass` the direction of north and the side of east if these can.
    """

    field: Field
    text: str
    candidates: tuple[tuple[int, float, float], ...] = ()
    compass: tuple[float, bool] | None = None

    @property
    def can_be_mended(self) -> bool:
        """True if the right values follow from the WCS."""
        return bool(self.candidates or self.compass)

    @transaction.atomic
    def mend(self) -> None:
        """Write the right values."""
        for batch in batches(self.candidates):
            rows = [Candidate(pk=pk, ra=ra, dec=dec) for pk, ra, dec in batch]
            Candidate.objects.bulk_update(rows, ["ra", "dec"])
        if self.compass:
            north_deg, east_left = self.compass
            Field.objects.filter(pk=self.field.pk).update(north_deg=north_deg, east_left=east_left)


def sky_faults() -> Iterator[SkyFault]:
    """Yield what is wrong, field by field; fields without a WCS have nothing to compare with."""
    for field in Field.objects.filter(mosaics__isnull=False).distinct().order_by("pk"):
        mosaic = field.mosaic_by_band[reference_band(field.mosaic_by_band)]
        if mosaic.wcs is None:
            if mosaic.has_wcs:
                yield SkyFault(
                    field,
                    f"{field}: positions cannot be checked, for the WCS of {mosaic.filter} is one "
                    "that this version does not read; import the field again under a new name",
                )
            continue
        grid = Grid(mosaic.wcs, (mosaic.height, mosaic.width))
        yield from _compass_fault(field, grid)
        # An import that was forced is known to disagree.
        for record in field.imports.finished().filter(forced=False):
            yield from _import_faults(field, mosaic, grid, record)


def _compass_fault(field: Field, grid: Grid) -> Iterator[SkyFault]:
    if field.north_deg is None:
        return
    north_deg, east_left = compass(grid.wcs, grid.shape)
    turned = abs((north_deg - field.north_deg + 180) % 360 - 180)
    if turned > _COMPASS_DEG or east_left != field.east_left:
        yield SkyFault(
            field,
            f"{field}: the compass is wrong: by the WCS north lies {north_deg:.1f}° from the top, "
            f"anticlockwise, and {field.north_deg:.1f}° is stored",
            compass=(north_deg, east_left),
        )


def _import_faults(
    field: Field, mosaic: Mosaic, grid: Grid, record: CatalogueImport
) -> Iterator[SkyFault]:
    """Yield at most one fault of the candidates of an import."""
    columns = ("pk", "x", "y", "ra", "dec")
    candidates = record.candidates.exclude(x=None).exclude(y=None).exclude(ra=None)
    stored = candidates.exclude(dec=None).order_by("pk").values_list(*columns)
    rows = np.fromiter(stored.iterator(), _ROW)
    if not rows.size:
        return
    ra, dec = pixel_to_icrs(grid.wcs, rows["x"], rows["y"])
    offset_px = _offset_px(grid, rows, ra, dec)
    limit = MAX_OFFSET_PX + measure_rounding(grid, rows["ra"], rows["dec"]).largest_px
    axes = grid.wcs.all_pix2world(rows["x"], rows["y"], 0)
    is_raw = (np.abs(rows["ra"] - axes[0]) < _SAME_DEG) & (
        np.abs(rows["dec"] - axes[1]) < _SAME_DEG
    )
    wrong = np.flatnonzero(is_raw & ~(offset_px <= limit))
    if wrong.size:
        yield SkyFault(
            field,
            f"{field}: RA and Dec of {wrong.size} of {count_text(len(rows), 'candidate')} of "
            f"{record.file_name} are {_axes(grid)} of {mosaic.filter}, taken for ICRS "
            f"({np.median(offset_px[wrong]):.3g} px off)",
            tuple((int(rows["pk"][n]), float(ra[n]), float(dec[n])) for n in wrong),
        )
    elif not np.median(offset_px) <= limit:
        yield SkyFault(
            field,
            f"{field}: RA and Dec of the candidates of {record.file_name} lie "
            f"{np.median(offset_px):.3g} px (median) from x, y by the WCS of {mosaic.filter}; if "
            "the catalogue belongs to other mosaics, take it back with remove_import "
            f"{record.pk} and import the right one",
        )


def _offset_px(
    grid: Grid, rows: NDArray[np.void], ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance of the stored positions from these, in px."""
    angles = np.radians([rows["ra"], rows["dec"], ra, dec])
    distance = np.degrees(angular_separation(*angles)) * 3600
    offset_px: NDArray[np.float64] = distance / pixel_scale_arcsec(grid.wcs, grid.shape)
    return offset_px


def _axes(grid: Grid) -> str:
    """Return the names of the coordinates along both axes, and their frame."""
    names = (text[:4].rstrip("-") for text in grid.wcs.wcs.ctype)
    return f"{' and '.join(names)} ({frame_name(grid.wcs)})"
