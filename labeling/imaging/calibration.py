"""Zero points of an image: the magnitude of a source of one image unit in total.

From cards that hold one (ZPVEGA, ZPAB ...), from Hubble's PHOTFLAM and PHOTPLAM, or from a unit
of flux density. Hubble's numbers are for one count per second: an image in counts is brighter by
2.5 log10 of its exposure. AB: Oke & Gunn 1983, ApJ 266, 713, mag = -2.5 log10(f_nu) - 48.60 in
erg/s/cm2/Hz; ST: -2.5 log10(f_lambda) - 21.10 in erg/s/cm2/Angstrom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, log10
from types import MappingProxyType
from typing import Any

from astropy import units
from astropy.io import fits

AB_MINUS_VEGA = MappingProxyType(
    {
        "F275W": 1.55,
        "F336W": 1.18,
        "F435W": -0.10,
        "F438W": -0.15,
        "F555W": -0.02,
        "F606W": 0.08,
        "F814W": 0.41,
    }
)
"""AB magnitude of Vega in each filter, of the Sun's magnitudes in both systems as FSPS lists them.

Published zero points differ from these by up to 0.06 mag, in F275W and F336W most.
"""
_AB_CARDS = ("ZPAB", "ZP_AB", "ABZPT", "ABMAGZP", "MAGZPAB")
_VEGA_CARDS = ("ZPVEGA", "ZP_VEGA", "VEGAZPT", "VEGAZP", "MAGZPVEG")
_RATES = {"ELECTRONS/S", "ELECTRON/S", "E-/S", "E/S", "COUNTS/S", "COUNT/S", "CPS", "DN/S", "ADU/S"}
_TOTALS = {"ELECTRONS", "ELECTRON", "E-", "COUNTS", "COUNT", "DN", "ADU"}
_ST_TO_AB = 18.6921  # less 5 log10 of the pivot wavelength in Angstrom
_F_LAMBDA = units.erg / units.s / units.cm**2 / units.AA


@dataclass(frozen=True)
class Calibration:
    """What a header says about brightness; None where it does not. `source` is for people."""

    zero_point_ab: float | None = None
    zero_point_vega: float | None = None
    source: str = ""
    photflam: float | None = None
    photplam: float | None = None
    exposure_s: float | None = None

    def complete(self, filter_name: str) -> Calibration:
        """Return the same with both zero points, if there is one and Vega's magnitude is known."""
        offset = AB_MINUS_VEGA.get(filter_name)
        ab, vega = self.zero_point_ab, self.zero_point_vega
        if offset is None or (ab is None) == (vega is None):
            return self
        sign = "+" if offset >= 0 else "-"
        rule = f"AB = Vega {sign} {abs(offset):.2f}"
        if vega is None and ab is not None:
            return replace(self, zero_point_vega=ab - offset, source=f"{self.source}; Vega: {rule}")
        ab = (vega or 0.0) + offset
        return replace(self, zero_point_ab=ab, source=f"{self.source}; AB: {rule}")


def read_calibration(
    headers: Sequence[fits.Header], unit: str, pixel_arcsec: float | None
) -> Calibration:
    """Read the calibration from the headers of the image and of the primary HDU.

    `pixel_arcsec` is the side of a pixel, for units of surface brightness.
    """

    def card(*keywords: str) -> float | None:
        return _first_number(headers, keywords, positive=True)

    base = Calibration(
        photflam=card("PHOTFLAM"),
        photplam=card("PHOTPLAM"),
        exposure_s=card("EXPTIME", "TEXPTIME"),
    )
    return _zero_points(base, headers, unit, card, pixel_arcsec)


def _zero_points(
    base: Calibration,
    headers: Sequence[fits.Header],
    unit: str,
    card: Callable[..., float | None],
    pixel_arcsec: float | None,
) -> Calibration:
    """Return the calibration with the zero points that the headers give."""
    of_unit = _of_flux_unit(unit, base.photplam, pixel_arcsec)
    if of_unit is not None:
        return replace(base, zero_point_ab=of_unit, source=f"unit {unit}")
    exposure = _exposure_term(unit, base.exposure_s)
    if exposure is None:
        return base
    ab, vega = card(*_AB_CARDS), card(*_VEGA_CARDS)
    sources = [_present(headers, words) for words in (_AB_CARDS, _VEGA_CARDS)]
    if ab is None and base.photflam and base.photplam:
        st = -2.5 * log10(base.photflam) + _st_zero(headers)
        ab = st - 5 * log10(base.photplam) + _ST_TO_AB
        sources[0] = "PHOTFLAM and PHOTPLAM"
    source = ", ".join(filter(None, sources))
    if exposure and source:
        source += f", for {base.exposure_s:g} s"
    return replace(
        base,
        zero_point_ab=None if ab is None else ab + exposure,
        zero_point_vega=None if vega is None else vega + exposure,
        source=source,
    )


def _st_zero(headers: Sequence[fits.Header]) -> float:
    """Return PHOTZPT, the zero of the ST system; the primary HDU of some files has a 0 there."""
    return _first_number(headers, ("PHOTZPT",), positive=False) or -21.10


def _exposure_term(unit: str, exposure_s: float | None) -> float | None:
    """Return what is to be added to a zero point for one count per second; None if unknown."""
    word = unit.upper().replace(" ", "")
    if word in _RATES:
        return 0.0
    return 2.5 * log10(exposure_s) if word in _TOTALS and exposure_s else None


def _of_flux_unit(text: str, photplam: float | None, pixel_arcsec: float | None) -> float | None:
    """Return the AB zero point of a unit of flux density or surface brightness; None of others."""
    unit: Any = units.Unit(text, parse_strict="silent")
    if not text or isinstance(unit, units.UnrecognizedUnit):
        return None
    if pixel_arcsec and unit.is_equivalent(units.Jy / units.sr):
        unit = units.Unit(unit * (pixel_arcsec * units.arcsec) ** 2)
    wave = units.spectral_density(photplam * units.AA) if photplam else None
    if not unit.is_equivalent(units.Jy, wave if unit.is_equivalent(_F_LAMBDA) else None):
        return None
    janskys = float((1 * unit).to_value(units.Jy, wave))
    return -2.5 * log10(janskys * 1e-23) - 48.60 if janskys > 0 else None


def _present(headers: Sequence[fits.Header], keywords: Sequence[str]) -> str:
    """Return the first of these keywords that a header has; empty without any."""
    return next((word for header in headers for word in keywords if word in header), "")


def _first_number(
    headers: Sequence[fits.Header], keywords: Sequence[str], *, positive: bool
) -> float | None:
    """Return the first finite number of these cards; above zero if `positive`."""
    values = [header.get(keyword) for header in headers for keyword in keywords]
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and isfinite(value) and (value > 0 or not positive):
            return float(value)
    return None
