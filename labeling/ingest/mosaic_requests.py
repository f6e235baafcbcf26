"""What a person states about a field's mosaics: files, filters and zero points."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from classifier.core.bands import BANDS, band_of
from labeling.imaging.calibration import Calibration
from labeling.ingest.errors import BadInput

_FILTER_PREFIX = re.compile(r"\w+=")
_LOCATION = re.compile(r"(?P<path>.+?)(\[(?P<hdu>\d+)(,\s*(?P<plane>\d+))?\])?")
_ZERO_POINT = re.compile(r"(?P<name>\w+)=(?P<value>[^:,\s]+)[:,\s]\s*(?P<system>\w+)")


@dataclass(frozen=True)
class MosaicRequest:
    """A file to use as a mosaic; `band` overrides the filter in its header.

    `filter` is the name of a filter as it was stated; empty for a band's own name.
    """

    path: Path
    band: str | None = None
    hdu: int | None = None
    plane: int | None = None
    filter: str = ""

    @classmethod
    def parse(cls, text: str) -> MosaicRequest:
        """Parse `[FILTER=]PATH[[HDU[,PLANE]]]`, as in `B=ngc1566.fits[1]`. Raises BadInput."""
        name, location = text.split("=", 1) if _FILTER_PREFIX.match(text) else ("", text)
        match = _LOCATION.fullmatch(location)
        if match is None:
            raise BadInput(f"{text!r} names no file.")
        band = _band(name, text) if name else None
        hdu, plane = (int(match[key]) if match[key] else None for key in ("hdu", "plane"))
        filter_name = "" if name.upper() in BANDS else name.upper()
        return cls(Path(match["path"]).expanduser().resolve(), band, hdu, plane, filter_name)

    @property
    def location(self) -> str:
        """`PATH[HDU,PLANE]`, as far as they were stated."""
        numbers = [str(number) for number in (self.hdu, self.plane) if number is not None]
        return f"{self.path}[{','.join(numbers)}]" if numbers else str(self.path)


@dataclass(frozen=True)
class StatedZeroPoint:
    """The magnitude of one image unit in one band, in the system AB or Vega."""

    band: str
    value: float
    system: str

    @classmethod
    def parse(cls, text: str) -> StatedZeroPoint:
        """Parse `BAND=VALUE:SYSTEM`, as in `V=25.8325:Vega`. Raises BadInput."""
        match = _ZERO_POINT.fullmatch(text.strip())
        systems = {"AB": "AB", "VEGA": "Vega"}
        if match is None or match["system"].upper() not in systems:
            raise BadInput(
                f"--zero-point {text}: write it as BAND=VALUE:AB or BAND=VALUE:Vega, as in "
                "V=25.8325:Vega."
            )
        try:
            value = float(match["value"])
        except ValueError:
            value = float("nan")
        if not isfinite(value) or abs(value) > 100:
            raise BadInput(f"--zero-point {text}: {match['value']} is not a magnitude.")
        return cls(_band(match["name"], text), value, systems[match["system"].upper()])

    def applied(self, calibration: Calibration, filter_name: str) -> Calibration:
        """Return the calibration with this zero point, and that of the other system by it."""
        ab, vega = (self.value, None) if self.system == "AB" else (None, self.value)
        source = f"stated, {self.value:g} {self.system}"
        return replace(calibration, zero_point_ab=ab, zero_point_vega=vega, source=source).complete(
            filter_name
        )


def _band(name: str, text: str) -> str:
    try:
        return band_of(name)
    except ValueError as error:
        raise BadInput(f"{text}: {error}.") from None
