"""Pixel grids: scale, orientation and offset of one WCS relative to another.

Drizzled mosaics of one field share scale and orientation; between such frames a position
shifts by a constant. Offsets and positions are in px; the centre of the first pixel is 0.
"""

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

_SCALE_TOLERANCE = 2e-4  # 0.6 px over 3000 px from the centre


def pixel_matrix(wcs: WCS) -> NDArray[np.float64]:
    """Return degrees per pixel, (sky axis, pixel axis)."""
    matrix: NDArray[np.float64] = wcs.pixel_scale_matrix
    return matrix


def same_orientation(wcs: WCS, reference: WCS) -> bool:
    """True if two frames have the same scale and orientation, and differ by a shift at most."""
    matrix, reference_matrix = pixel_matrix(wcs), pixel_matrix(reference)
    scale = np.sqrt(abs(np.linalg.det(reference_matrix)))
    return bool(np.all(np.abs(matrix - reference_matrix) < _SCALE_TOLERANCE * scale))


def offset_px(wcs: WCS, reference: WCS) -> tuple[float, float]:
    """Return (dx, dy) in px to add to a position in the reference to get that in this frame."""
    x0, y0 = reference.wcs.crpix - 1
    ra, dec = reference.all_pix2world(x0, y0, 0)
    x, y = wcs.all_world2pix(ra, dec, 0)
    return float(x - x0), float(y - y0)


def compass(wcs: WCS) -> tuple[float, bool]:
    """Return the direction of north in degrees anticlockwise from +y, and if east is left of it."""
    inverse = np.linalg.inv(pixel_matrix(wcs))
    north_x, north_y = inverse @ (0.0, 1.0)
    east_x, east_y = inverse @ (1.0, 0.0)
    north_deg = float(np.degrees(np.arctan2(-north_x, north_y)))
    return north_deg, bool(north_x * east_y - north_y * east_x > 0)


def frame_shift(wcs: WCS | None, reference: WCS | None) -> tuple[float, float]:
    """Return `offset_px`, but (0, 0) without a WCS or if the frames agree to 0.01 px."""
    if wcs is None or reference is None:
        return 0.0, 0.0
    dx, dy = offset_px(wcs, reference)
    return (0.0, 0.0) if np.hypot(dx, dy) < 0.01 else (dx, dy)
