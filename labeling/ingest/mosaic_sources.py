"""One file that is to become a mosaic: what was stated of it, and what was read in it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings

from classifier.core.bands import band_of
from labeling.imaging.calibration import Calibration
from labeling.imaging.celestial import UnusableWCS
from labeling.imaging.filter_names import FILE_NAME
from labeling.imaging.grids import wcs_as_text
from labeling.imaging.mosaics import MosaicFile, UnusableImage, read_mosaic
from labeling.imaging.star_width import star_fwhm_of
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaic_requests import MosaicRequest, StatedZeroPoint

CALIBRATION_COLUMNS = (
    "zero_point_ab",
    "zero_point_vega",
    "zero_point_source",
    "photflam",
    "photplam",
    "exposure_s",
)


@dataclass(frozen=True)
class MosaicSource:
    """A file that was read, and its band, by the request or else by the header."""

    request: MosaicRequest
    mosaic: MosaicFile
    band: str
    zero_point: StatedZeroPoint | None = None

    @property
    def filter(self) -> str:
        """The filter as stated, or as in the header; empty without either."""
        return self.request.filter or self.mosaic.filter

    @property
    def band_source(self) -> str:
        """Where the band comes from: "stated", a keyword of the header, or FILE_NAME."""
        return "stated" if self.request.band else self.mosaic.filter_source

    @property
    def question(self) -> str:
        """What must be confirmed; empty unless only the file's name gives its filter."""
        if self.band_source != FILE_NAME:
            return ""
        return (
            f"{self.mosaic.path}: no header names its filter; by the name of the file it is "
            f"{self.mosaic.filter} (band {self.band}). Confirm it with --filters-from-names, or "
            f"name the filter: --mosaic FILTER={self.mosaic.path}."
        )

    @property
    def notes(self) -> list[str]:
        """Sentences for whoever imports it."""
        notes = list(self.mosaic.notes)
        if self.request.band and self.mosaic.filter and self.mosaic.filter_source != FILE_NAME:
            with suppress(ValueError):
                if band_of(self.mosaic.filter) != self.band:
                    notes.append(f"its header says {self.mosaic.filter}; {self.band} was stated")
        if self.calibration.zero_point_vega is None:
            notes.append(
                "its header gives no zero point in the Vega system; state one with "
                f"--zero-point {self.band}=VALUE:Vega to get magnitudes"
            )
        return notes

    @cached_property
    def calibration(self) -> Calibration:
        """Zero points as stated, or as in the header."""
        calibration = self.mosaic.calibration.complete(self.filter)
        return self.zero_point.applied(calibration, self.filter) if self.zero_point else calibration

    @cached_property
    def row(self) -> dict[str, Any]:
        """The columns of Mosaic. Raises UnusableImage."""
        mosaic = self.mosaic
        height, width = mosaic.shape
        return {
            "filter": self.filter or self.band,
            "path": str(mosaic.path),
            "hdu": mosaic.hdu,
            "plane": mosaic.plane,
            "width": width,
            "height": height,
            "sky": mosaic.sky,
            "sky_sigma": mosaic.sky_sigma,
            "unit": mosaic.unit[:32],
            "wcs_text": _wcs_text(mosaic),
            "star_fwhm_px": star_fwhm_of(mosaic),
            "fingerprint": mosaic.fingerprint,
            **calibration_columns(self.calibration),
        }

    @property
    def report(self) -> dict[str, Any]:
        """What was recognised in the file, for JSON."""
        hidden = {"fingerprint", "wcs_text"}
        return {
            "band": self.band,
            "band_source": self.band_source,
            "hdu_name": self.mosaic.name,
            "pixel_scale_arcsec": self.mosaic.pixel_scale_arcsec,
            **{name: value for name, value in self.row.items() if name not in hidden},
            "notes": self.notes,
        }


def _wcs_text(mosaic: MosaicFile) -> str:
    """Return the WCS as cards. Raises UnusableImage if cards cannot hold it."""
    try:
        return wcs_as_text(mosaic.grid) if mosaic.grid else ""
    except UnusableWCS as error:
        raise UnusableImage(f"{mosaic.path}: {error}.") from None


def calibration_columns(calibration: Calibration) -> dict[str, Any]:
    """Return the columns of Mosaic that hold a calibration."""
    columns = vars(calibration) | {"zero_point_source": calibration.source}
    return {name: columns[name] for name in CALIBRATION_COLUMNS}


def read_source(request: MosaicRequest, *, needs_wcs: bool) -> MosaicSource:
    """Read the file of a request. Raises BadInput."""
    place = request.location
    try:
        mosaic = read_mosaic(request.path, request.hdu, request.plane, settings.HOME)
        band = request.band or band_of(mosaic.filter)
    except UnusableImage as error:
        raise BadInput(str(error)) from None
    except ValueError as error:
        hint = f"name the filter: --mosaic FILTER={place}"
        reason = str(error) if mosaic.filter else "the header names no filter"
        raise BadInput(f"{request.path}: {reason}; {hint}.") from None
    if request.plane is not None and not request.band:
        raise BadInput(
            f"{request.path}: a header names no filter for one plane of a cube; name it: "
            f"--mosaic FILTER={place}."
        )
    if mosaic.wcs is None and needs_wcs:
        raise BadInput(
            f"{request.path}: {mosaic.wcs_fault or 'has no celestial WCS'}; if x and y are all "
            "you have, import it with --no-wcs and --pixel-scale."
        )
    if mosaic.wcs is not None and mosaic.wcs.has_distortion and mosaic.wcs.sip is None:
        raise BadInput(
            f"{request.path}: lookup tables correct its positions, as in a single exposure; "
            "drizzle it first."
        )
    return MosaicSource(request, mosaic, band)
