"""Celestial coordinates of pixels: ICRS degrees, whatever frame and axis order a WCS has.

Pixel positions x, y count from 0 at the centre of the lower left pixel; right ascension and
declination are ICRS in degrees. Distortions (SIP, TPV and lookup tables) are applied.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from astropy.coordinates import (
    FK4,
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    BaseCoordinateFrame,
    FK4NoETerms,
    Galactic,
    SkyCoord,
    Supergalactic,
)
from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS, InvalidCoordinateError, NoConvergence, SingularMatrixError
from numpy.typing import ArrayLike, NDArray

Degrees = NDArray[np.float64]
Pixels = NDArray[np.float64]

_NOT_ON_SKY = "which is not on the sky"
_EQUINOXES = 1800.0, 2200.0
_STEP_PX = 100.0
"""Half of the distance over which scale and orientation are measured."""
_SMALLEST_PIXEL_DEG, _LARGEST_PIXEL_DEG = 1e-9, 10.0
_LONGITUDES = ("RA--", "GLON", "ELON", "SLON")
_WCS_ERRORS = (
    AssertionError,
    AttributeError,
    InvalidCoordinateError,
    LookupError,
    MemoryError,
    OverflowError,
    SingularMatrixError,
    TypeError,
    ValueError,
    fits.VerifyError,
)
"""What astropy raises for a WCS that contradicts itself, and for damaged cards."""


class UnusableWCS(Exception):
    """A header's WCS cannot be used; the text is the reason, to follow the name of a file."""


def read_wcs(header: fits.Header, file: fits.HDUList | None = None) -> WCS | None:
    """Return the celestial WCS of an image's first two axes, or None if the header has none.

    `file` holds the lookup tables of the distortion, if there are any. Raises UnusableWCS if the
    header has a WCS that cannot be read, or in a frame that has no fixed place on the sky.
    """
    if not _names_longitude(header):
        return None
    _check_matrix(header)
    _check_cards(header)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        try:
            wcs = WCS(header, fobj=file)
            wcs.wcs.set()
            axes = sorted((wcs.wcs.lng, wcs.wcs.lat))
            celestial = wcs.celestial if axes == [0, 1] else None
        except _WCS_ERRORS as error:
            raise UnusableWCS(f"its WCS cannot be read ({_first_line(error)})") from None
    if celestial is None:
        raise UnusableWCS("its first two axes are not the two axes of the sky")
    celestial_frame(celestial)
    _check_scale(celestial)
    _name_frame_plainly(celestial)
    return celestial


def _name_frame_plainly(wcs: WCS) -> None:
    """Clear RADESYS beside axes that are not RA and Dec: astropy would take it for their frame."""
    axis = wcs.wcs.ctype[wcs.wcs.lng][:4]
    if axis == "RA--":
        return
    if axis == "ELON":
        frame = celestial_frame(wcs)
        is_fk4 = wcs.wcs.radesys.startswith("FK4")
        wcs.wcs.equinox = frame.equinox.byear if is_fk4 else frame.equinox.jyear
    wcs.wcs.radesys = ""


def _names_longitude(header: fits.Header) -> bool:
    """True if an axis of the header is a longitude on the sky."""
    types = [str(value) for value in header.get("CTYPE*", {}).values()]
    return any(text[1:4] == "LON" or text[2:4] == "LN" or text[:2] == "RA" for text in types)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _check_matrix(header: fits.Header) -> None:
    """Raise UnusableWCS if pixels have no size: wcslib puts 1 degree for rows of zeros."""
    cards = [[f"CD{i}_{j}" for j in (1, 2)] for i in (1, 2)]
    rows = [[header.get(card, 0.0) for card in row] for row in cards]
    present = any(card in header for row in cards for card in row)
    zero_step = any(header.get(f"CDELT{i}", 1.0) == 0 for i in (1, 2))
    if zero_step or (present and not all(map(any, rows))):
        raise UnusableWCS("the matrix of its WCS is zero: its pixels have no size on the sky")


def _check_cards(header: fits.Header) -> None:
    """Raise UnusableWCS for numbers that no image on the sky has, as in damaged headers."""
    limits = {"LONPOLE": (360.0, _NOT_ON_SKY), "LATPOLE": (360.0, _NOT_ON_SKY)}
    for axis in (1, 2):
        limits[f"CRPIX{axis}"] = (1e7, "which lies far from any image")
        if str(header.get(f"CUNIT{axis}", "deg")).strip().lower() in {"", "deg"}:
            axis_type = str(header.get(f"CTYPE{axis}", ""))
            is_latitude = axis_type.startswith("DEC-") or axis_type[1:4] == "LAT"
            limits[f"CRVAL{axis}"] = (90.0 if is_latitude else 720.0, _NOT_ON_SKY)
    for card, (largest, reason) in limits.items():
        value = header.get(card, 0.0)
        if isinstance(value, int | float) and not abs(value) <= largest:
            raise UnusableWCS(f"its WCS has {card} = {value:g}, {reason}")


def _check_scale(wcs: WCS) -> None:
    """Raise UnusableWCS for pixels of an impossible size."""
    with np.errstate(over="ignore", invalid="ignore"):
        sides = np.hypot(*wcs.pixel_scale_matrix)
    for side in sides.tolist():
        if not _SMALLEST_PIXEL_DEG <= side <= _LARGEST_PIXEL_DEG:
            raise UnusableWCS(f"the matrix of its WCS gives pixels a side of {side:g} degrees")


def celestial_frame(wcs: WCS) -> BaseCoordinateFrame:
    """Return the frame of the WCS's longitudes and latitudes. Raises UnusableWCS.

    The rules are those of the FITS standard 4.0, section 8.3; astropy's own function has no
    ecliptic frame, and takes galactic axes for equatorial ones beside RADESYS.
    """
    axis = wcs.wcs.ctype[wcs.wcs.lng][:4]
    if axis == "GLON":
        return Galactic()
    if axis == "SLON":
        return Supergalactic()
    if axis not in _LONGITUDES:
        raise UnusableWCS(f"its WCS has the axis {axis.rstrip('-')}, which is not on the sky")
    equinox = float(wcs.wcs.equinox)
    if not (np.isnan(equinox) or _EQUINOXES[0] <= equinox <= _EQUINOXES[1]):
        raise UnusableWCS(f"its WCS has EQUINOX = {equinox:g}, which is no equinox of coordinates")
    system = wcs.wcs.radesys.strip().upper() or _default_system(equinox)
    if axis == "ELON":
        return BarycentricMeanEcliptic(equinox=_equinox(system, equinox))
    match system:
        case "ICRS":
            return ICRS()
        case "FK5":
            return FK5(equinox=_equinox(system, equinox))
        case "FK4":
            return FK4(equinox=_equinox(system, equinox))
        case "FK4-NO-E":
            return FK4NoETerms(equinox=_equinox(system, equinox))
    raise UnusableWCS(f"its WCS has the frame RADESYS = {system!r}; use ICRS, FK5 or FK4")


def frame_name(wcs: WCS) -> str:
    """Return the frame as a header names it: ICRS, FK5 J2000, FK4 B1950 …, or its axes."""
    frame = celestial_frame(wcs)
    if isinstance(frame, FK5):
        return f"FK5 J{frame.equinox.jyear:g}"
    if isinstance(frame, FK4 | FK4NoETerms):
        return f"{wcs.wcs.radesys.strip() or 'FK4'} B{frame.equinox.byear:g}"
    return str(frame.name.upper() if isinstance(frame, ICRS) else frame.name)


def _default_system(equinox: float) -> str:
    """Return RADESYS where the header has none."""
    if np.isnan(equinox):
        return "ICRS"
    return "FK4" if equinox < 1984.0 else "FK5"


def _equinox(system: str, equinox: float) -> Time:
    """Return the equinox: of B1950 or J2000 where the header has none."""
    if system.startswith("FK4"):
        return Time(1950.0 if np.isnan(equinox) else equinox, format="byear")
    return Time(2000.0 if np.isnan(equinox) else equinox, format="jyear")


def pixel_to_icrs(wcs: WCS, x: ArrayLike, y: ArrayLike) -> tuple[Degrees, Degrees]:
    """Return right ascension and declination of pixel positions; NaN where there is no sky."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    with np.errstate(invalid="ignore"):
        world = wcs.all_pix2world(x, y, 0)
    longitude, latitude = world[wcs.wcs.lng], world[wcs.wcs.lat]
    frame = celestial_frame(wcs)
    if isinstance(frame, ICRS):
        return np.asarray(longitude), np.asarray(latitude)
    return _converted(longitude, latitude, frame, ICRS())


def icrs_to_pixel(wcs: WCS, ra: ArrayLike, dec: ArrayLike) -> tuple[Pixels, Pixels]:
    """Return pixel positions (x, y) of the sky; NaN where the projection has no pixel."""
    world: list[Any] = [None, None]
    longitude, latitude = np.broadcast_arrays(np.asarray(ra, float), np.asarray(dec, float))
    frame = celestial_frame(wcs)
    if not isinstance(frame, ICRS):
        longitude, latitude = _converted(longitude, latitude, ICRS(), frame)
    world[wcs.wcs.lng], world[wcs.wcs.lat] = longitude, latitude
    with np.errstate(invalid="ignore"):
        try:
            x, y = wcs.all_world2pix(*world, 0)
        except NoConvergence as error:
            # The iteration diverges far outside the image, where the distortion is not defined.
            x, y = error.best_solution.T.reshape(2, *longitude.shape)
            lost = np.zeros(longitude.size, bool)
            for rows in (error.divergent, error.slow_conv):
                lost[[] if rows is None else rows] = True
            x, y = (np.where(lost.reshape(longitude.shape), np.nan, axis) for axis in (x, y))
    return np.asarray(x), np.asarray(y)


def _converted(
    longitude: ArrayLike, latitude: ArrayLike, frame: BaseCoordinateFrame, to: BaseCoordinateFrame
) -> tuple[Degrees, Degrees]:
    """Return the coordinates in another frame, in degrees."""
    position = SkyCoord(longitude, latitude, unit="deg", frame=frame).transform_to(to)
    sphere = position.spherical
    return np.asarray(sphere.lon.wrap_at("360d").deg), np.asarray(sphere.lat.deg)


def local_matrix(wcs: WCS, x: float, y: float) -> NDArray[np.float64]:
    """Return degrees east and north for one pixel along x and y, at a position: (sky, pixel)."""
    columns = []
    ra, dec = (float(value) for value in pixel_to_icrs(wcs, x, y))
    for step in ((_STEP_PX, 0.0), (0.0, _STEP_PX)):
        ends = [
            np.array(_tangent_plane(*pixel_to_icrs(wcs, x + k * step[0], y + k * step[1]), ra, dec))
            for k in (1, -1)
        ]
        columns.append((ends[0] - ends[1]) / (2 * _STEP_PX))
    return np.column_stack(columns)


def _tangent_plane(
    ra: ArrayLike, dec: ArrayLike, ra0: float, dec0: float
) -> tuple[np.float64, np.float64]:
    """Return the gnomonic projection about (ra0, dec0), east and north in degrees.

    Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3.
    """
    alpha, delta, delta0 = np.radians(ra) - np.radians(ra0), np.radians(dec), np.radians(dec0)
    cos_distance = np.sin(delta) * np.sin(delta0) + np.cos(delta) * np.cos(delta0) * np.cos(alpha)
    east = np.cos(delta) * np.sin(alpha)
    north = np.sin(delta) * np.cos(delta0) - np.cos(delta) * np.sin(delta0) * np.cos(alpha)
    return np.degrees(east / cos_distance), np.degrees(north / cos_distance)


def centre_of(wcs: WCS, shape: tuple[int, int] | None) -> tuple[float, float]:
    """Return the centre (x, y) of an image (height, width), or without one the reference pixel."""
    if shape is None:
        x, y = wcs.wcs.crpix - 1
        return float(x), float(y)
    return (shape[1] - 1) / 2, (shape[0] - 1) / 2


def compass(wcs: WCS, shape: tuple[int, int] | None = None) -> tuple[float, bool]:
    """Return the direction of north in degrees anticlockwise from +y, and if east is left of it.

    Both are those at the centre of an image of this shape (height, width).
    """
    inverse = np.linalg.inv(local_matrix(wcs, *centre_of(wcs, shape)))
    north_x, north_y = inverse @ (0.0, 1.0)
    east_x, east_y = inverse @ (1.0, 0.0)
    north_deg = float(np.degrees(np.arctan2(-north_x, north_y)))
    return north_deg, bool(north_x * east_y - north_y * east_x > 0)


def pixel_scale_arcsec(wcs: WCS, shape: tuple[int, int] | None = None) -> float:
    """Return the side of a square as large as a pixel at the image's centre, in arcsec."""
    matrix = local_matrix(wcs, *centre_of(wcs, shape))
    return float(np.sqrt(abs(np.linalg.det(matrix))) * 3600)


def wcs_header(wcs: WCS) -> fits.Header:
    """Return the WCS as cards. Lookup tables of its distortion are not among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        return wcs.to_header(relax=True)
