"""Sky positions of a table as ICRS degrees, whatever its units and its frame.

Units     degrees, hours, radians, arcseconds and arcminutes; texts such as 04:20:00.1, 04 20 00.1
          or 4h20m0.1s, whose RA counts hours unless the unit is degrees.
Frames    those of astropy (icrs, fk5, fk4, galactic, ecliptic …), with an equinox as in fk4:B1950.
Missing   NaN in both values where one is missing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.coordinates import Angle, SkyCoord
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_UNITS = {
    "": u.deg,
    **dict.fromkeys(("deg", "degree", "degrees", "d", "°"), u.deg),
    **dict.fromkeys(("h", "hr", "hour", "hours", "hourangle"), u.hourangle),
    **dict.fromkeys(("rad", "radian", "radians"), u.rad),
    **dict.fromkeys(("arcsec", "arcsecond", '"'), u.arcsec),
    **dict.fromkeys(("arcmin", "arcminute"), u.arcmin),
}
_SEXAGESIMAL_HOURS = {"h:m:s", "hms", "hh:mm:ss", "hh:mm:ss.s", "h m s"}
_SEXAGESIMAL_DEGREES = {"d:m:s", "dms", "dd:mm:ss", "dd:mm:ss.s", "d m s"}
FRAMES = ("icrs", "fk5", "fk4", "galactic", "ecliptic")
_ECLIPTIC = {"ecliptic": "barycentrictrueecliptic"}
_MAX_DECIMALS = 9


class NoPosition(ValueError):
    """Positions cannot be read; the text says why, `row` counts from 1 (0: the whole column)."""

    def __init__(self, reason: str, row: int = 0) -> None:
        super().__init__(reason)
        self.row = row


@dataclass(frozen=True)
class Axis:
    """One coordinate of all rows in a unit, and the step to which it is rounded, in degrees."""

    degrees: Numbers
    step: float
    is_text: bool = False


def rounding_of(longitude: Axis, latitude: Axis) -> float:
    """Return the step to which positions are rounded, in degrees; 0 if they are not."""
    steps = longitude.step, latitude.step
    if longitude.is_text or latitude.is_text:
        return max(steps)
    # Numbers of one table have as many decimals as the one with most of them.
    return min(steps)


def unit_of(text: str, *, is_longitude: bool) -> u.UnitBase:
    """Return the unit by a file's or a user's word. Raises NoPosition."""
    word = text.strip().strip("'\"").strip().lower() or text.strip()
    if word in _SEXAGESIMAL_HOURS:
        return u.hourangle
    if word in _SEXAGESIMAL_DEGREES:
        return u.deg
    if word in _UNITS:
        return _UNITS[word]
    try:
        unit = u.Unit(word)
    except ValueError:
        unit = None
    if unit is None or not unit.is_equivalent(u.deg):
        name = "RA" if is_longitude else "Dec"
        raise NoPosition(f"{text!r} is no unit of {name}: use deg, hour, rad or arcsec")
    return unit


def axis_of_numbers(values: Numbers, unit: str, *, is_longitude: bool) -> Axis:
    """Return a column of numbers in degrees."""
    factor = float(unit_of(unit, is_longitude=is_longitude).to(u.deg))
    step = _step(values) * factor
    return Axis(values * factor if factor != 1 else values, step)


def axis_of_texts(cells: list[str | None], unit: str, *, is_longitude: bool) -> Axis:
    """Return a column of sexagesimal text in degrees; None is missing."""
    default = u.hourangle if is_longitude and unit != "deg" else u.deg
    degrees = np.full(len(cells), np.nan)
    rows = [row for row, cell in enumerate(cells) if cell is not None]
    texts = [str(cells[row]) for row in rows]
    try:
        degrees[rows] = Angle(texts, unit=default).deg if rows else []
    except (ValueError, u.UnitsError):
        for row, text in zip(rows, texts, strict=True):
            try:
                Angle(text, unit=default)
            except (ValueError, u.UnitsError):
                raise NoPosition(f"{text!r} is no angle", row + 1) from None
        raise
    decimals = max((_decimals(text) for text in texts), default=0)
    hours = is_longitude and default is u.hourangle
    return Axis(degrees, (15 if hours else 1) / 3600 * 10.0**-decimals, is_text=True)


def _decimals(text: str) -> int:
    return len(text.rstrip("sS\"'").partition(".")[2])


def _step(values: Numbers) -> float:
    """Return the power of ten of which all values are multiples; 0 if there is none."""
    finite = values[np.isfinite(values)][:10_000]
    for decimals in range(_MAX_DECIMALS):
        scaled = finite * 10.0**decimals
        if np.all(np.abs(scaled - np.rint(scaled)) < 1e-4):
            return 10.0**-decimals
    return 0.0


def to_icrs(longitude: Numbers, latitude: Numbers, frame: str) -> tuple[Numbers, Numbers]:
    """Return RA and Dec, ICRS degrees, of positions in a frame NAME or NAME:EQUINOX.

    Raises NoPosition for an unknown frame and for values that are not on the sky.
    """
    _check_range(longitude, latitude, frame)
    name, _, equinox = frame.strip().lower().partition(":")
    if name == "icrs" and not equinox:
        return longitude % 360.0, latitude
    ra, dec = np.full(longitude.shape, np.nan), np.full(latitude.shape, np.nan)
    complete = np.isfinite(longitude) & np.isfinite(latitude)
    keywords = {"equinox": equinox.upper()} if equinox else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sky = SkyCoord(
                longitude[complete] * u.deg,
                latitude[complete] * u.deg,
                frame=_ECLIPTIC.get(name, name),
                **keywords,
            ).icrs
    except (ValueError, TypeError):
        raise NoPosition(
            f"{frame!r} is no sky frame: use one of {', '.join(FRAMES)}, with an equinox as in "
            "fk4:B1950"
        ) from None
    ra[complete], dec[complete] = sky.ra.deg, sky.dec.deg
    return ra, dec


def _check_range(longitude: Numbers, latitude: Numbers, frame: str) -> None:
    is_equatorial = frame.lower().partition(":")[0] in {"icrs", "fk5", "fk4"}
    names = ("RA", "Dec") if is_equatorial else ("longitude", "latitude")
    beyond = (
        (names[0], longitude, (longitude < 0) | (longitude > 360)),
        (names[1], latitude, np.abs(latitude) > 90),
    )
    for name, values, wrong in beyond:
        if wrong.any():
            row = int(wrong.argmax())
            raise NoPosition(f"{name} {float(values[row])} deg is not on the sky", row + 1)
