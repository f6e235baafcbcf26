"""Compare a catalogue's pixel positions with its sky positions, by the full WCS of the mosaic.

x, y are (row,) in px of the image, the centre of the first pixel is 0; RA and Dec are ICRS in
degrees, NaN where a row has none. Sentences begin in lower case, to follow the name of a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, inf, sqrt

import numpy as np
from astropy.coordinates import angular_separation
from numpy.typing import NDArray

from labeling.imaging.celestial import (
    Degrees,
    Pixels,
    centre_of,
    icrs_to_pixel,
    pixel_scale_arcsec,
    pixel_to_icrs,
)
from labeling.imaging.grids import Grid
from labeling.number_texts import count_text

MAX_OFFSET_PX = 1.0
"""Median offset beyond which the catalogue belongs to other pixels."""
_FAR_PX = 5.0
"""Offset of a single row beyond which its x, y and its RA, Dec are not of one source."""
_MAX_SHARE_OFF = 0.05
_ORIGIN_TOLERANCE_PX = 0.3
_MAX_STEP_DEG = 1e-3
"""Coarser steps are taken for round numbers by chance."""
_MANY_ROWS = 100_000
"""As many rows as are needed for a median that is only shown."""
_FEW_ROWS = 5
"""With fewer rows, one column may consist of round numbers by chance."""
_STEPS_PER_DEGREE = (1, 240, 3600)
"""Degrees, seconds of time and seconds of arc: the units in which tables round."""
_MOST_DECIMALS = 9
_EXACT_PX = 0.01
"""Errors below this are not worth a sentence."""


@dataclass(frozen=True)
class Rounding:
    """The last digit of a table's RA and Dec, in degrees, and the error that it leaves, in px."""

    step_deg: float
    largest_px: float

    @property
    def note(self) -> str:
        """A sentence on the rounding; empty for what is too little to matter."""
        if self.largest_px < _EXACT_PX:
            return ""
        return (
            f"RA and Dec are rounded to {self.step_deg * 3600:.2g}″, which leaves errors of up to "
            f"{self.largest_px:.2g} px."
        )


@dataclass(frozen=True)
class PositionCheck:
    """How far x, y of a catalogue lie from its RA and Dec, in px.

    `rows` is the number of rows with both; `dx`, `dy` the median of x, y minus the position by
    RA and Dec; `scatter_px` the median distance from it; `outside` counts the rows whose RA and
    Dec lie outside the image. `off_rows` and `far_rows` are the numbers, from 1, of rows that are
    farther than a pixel, and much farther, from where the others are. `scale` and `rotation_deg`
    are those of x, y relative to the image, `separation_deg` the median distance of RA and Dec
    from the image's centre.
    """

    rows: int
    dx: float
    dy: float
    scatter_px: float
    rounding: Rounding
    outside: int
    separation_deg: float
    off_rows: tuple[int, ...]
    far_rows: tuple[int, ...]
    scale: float = 1.0
    rotation_deg: float = 0.0

    @property
    def offset_px(self) -> float:
        """Length of the median offset."""
        return hypot(self.dx, self.dy)

    def note(self) -> str:
        """Return how well the positions agree, as a sentence."""
        text = (
            f"x, y and RA, Dec of {self._rows} agree by the image's WCS: median offset "
            f"({self.dx:z.2f}, {self.dy:z.2f}) px, scatter {self.scatter_px:.2f} px"
        )
        if self.off_rows:
            text += f", more than a pixel in {_row_numbers(self.off_rows)}"
        return f"{text}. {self.rounding.note}".rstrip()

    def problem(self, origin: int) -> str:
        """Return why the catalogue does not fit the image; empty if it does.

        `origin` is the number of the first pixel as the catalogue was read.
        """
        if self.outside > self.rows / 2 and not self.offset_px <= MAX_OFFSET_PX:
            return (
                f"RA and Dec of {self.outside} of {self._rows} lie outside the image, "
                f"typically {self.separation_deg:.2g}° from its centre: this is the catalogue of "
                "another field"
            )
        if right := self._right_origin(origin):
            return (
                f"x, y are ({self.dx:+z.2f}, {self.dy:+z.2f}) px from RA, Dec by the image's WCS "
                f"(median of {self._rows}): its pixels count from {right[0]}; give "
                f"--origin {right[0]}"
            )
        if self.offset_px > MAX_OFFSET_PX + 3 * self._error_of_median():
            return (
                f"x, y are ({self.dx:+z.2f}, {self.dy:+z.2f}) px from RA, Dec by the image's WCS "
                f"(median of {self._rows}, scatter {self.scatter_px:.2f} px"
                f"{self._other_pixels()}): this is the catalogue of another field or of other "
                "mosaics"
            )
        if len(self.off_rows) > max(1, _MAX_SHARE_OFF * self.rows):
            return (
                f"x, y of {len(self.off_rows)} of {self._rows} are more than a pixel from "
                f"RA, Dec by the image's WCS (scatter {self.scatter_px:.2f} px"
                f"{self._other_pixels()}): x, y belong to other mosaics"
            )
        if self.far_rows:
            return (
                f"{_row_numbers(self.far_rows)}: x, y are more than {_FAR_PX:g} px from RA, Dec "
                "by the image's WCS; correct or remove the row"
            )
        return ""

    def _right_origin(self, origin: int) -> tuple[int, ...]:
        """Return the origin with which the positions agree, if it is the other one."""
        if self._error_of_median() > _ORIGIN_TOLERANCE_PX / 3:
            return ()
        step = 1 if origin == 0 else -1
        off = max(abs(self.dx - step), abs(self.dy - step))
        return (origin + step,) if off < _ORIGIN_TOLERANCE_PX else ()

    @property
    def _rows(self) -> str:
        return count_text(self.rows, "row")

    def _error_of_median(self) -> float:
        """Standard error of the median offset if errors are those of rounding."""
        return self.rounding.largest_px / sqrt(self.rows)

    def _other_pixels(self) -> str:
        if abs(self.scale - 1) < 1e-4 and abs(self.rotation_deg) < 1e-2:
            return ""
        return f", scaled by {self.scale:.4f}, rotated by {self.rotation_deg:.2f}°"


def compare_positions(
    grid: Grid, x: Pixels, y: Pixels, ra: Degrees, dec: Degrees
) -> PositionCheck | None:
    """Compare x, y with RA, Dec; None if no row has both."""
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & np.isfinite(ra) & np.isfinite(dec))
    if not rows.size:
        return None
    if rows.size < len(x):
        x, y, ra, dec = x[rows], y[rows], ra[rows], dec[rows]
    on_image = np.stack(icrs_to_pixel(grid.wcs, ra, dec))
    inside = grid.contains(*on_image)
    # Where the WCS has no pixel, a position is as far away as can be.
    offsets = np.where(np.isfinite(on_image), np.stack([x, y]) - on_image, inf)
    dx, dy = np.median(offsets, axis=1)
    rounding = measure_rounding(grid, ra, dec)
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.hypot(offsets[0] - dx, offsets[1] - dy), nan=inf)
    scale, rotation = _scale_and_rotation(on_image[:, inside], np.stack([x, y])[:, inside])
    return PositionCheck(
        rows=len(rows),
        dx=float(dx),
        dy=float(dy),
        scatter_px=float(np.median(distance)),
        rounding=rounding,
        outside=int(np.sum(~inside)),
        separation_deg=_separation_deg(grid, ra, dec),
        off_rows=_numbers(rows[distance > MAX_OFFSET_PX + rounding.largest_px]),
        far_rows=_numbers(rows[distance > _FAR_PX + rounding.largest_px]),
        scale=scale,
        rotation_deg=rotation,
    )


def _scale_and_rotation(start: Pixels, end: Pixels) -> tuple[float, float]:
    """Return scale and rotation in degrees, anticlockwise, of the best similarity of two axes."""
    z, w = (points[0] + 1j * points[1] for points in (start, end))
    if len(z) < 3 or not np.ptp(z.real) + np.ptp(z.imag):
        return 1.0, 0.0
    z, w = z - z.mean(), w - w.mean()
    factor = np.vdot(z, w) / np.vdot(z, z)
    return float(abs(factor)), float(np.degrees(np.angle(factor)))


def _separation_deg(grid: Grid, ra: Degrees, dec: Degrees) -> float:
    """Return the median distance of the positions from the image's centre."""
    centre = np.radians(pixel_to_icrs(grid.wcs, *centre_of(grid.wcs, grid.shape)))
    step = 1 + len(ra) // _MANY_ROWS
    distances = angular_separation(*centre, np.radians(ra[::step]), np.radians(dec[::step]))
    return float(np.degrees(np.median(distances)))


def measure_rounding(grid: Grid, ra: Degrees, dec: Degrees) -> Rounding:
    """Return to which step RA and Dec are rounded, and what that means in px."""
    step_ra, step_dec = (min(_step_deg(values), _MAX_STEP_DEG) for values in (ra, dec))
    if len(ra) < _FEW_ROWS:
        step_ra = step_dec = min(step_ra, step_dec)
    scale_deg = pixel_scale_arcsec(grid.wcs, grid.shape) / 3600
    shortening = float(np.cos(np.radians(np.median(dec))))
    largest = hypot(step_ra * shortening, step_dec) / 2 / scale_deg
    return Rounding(max(step_ra, step_dec), largest)


def _step_deg(values: Degrees) -> float:
    """Return the coarsest step, in degrees, of which all values are multiples; 0 without one."""
    steps = [10.0**-n / unit for unit in _STEPS_PER_DEGREE for n in range(_MOST_DECIMALS)]
    multiples = [step for step in steps if _are_multiples(values, step)]
    single = values.astype(np.float32)
    if (single == values).all():
        multiples.append(float(np.spacing(np.abs(single).max())))
    return max(multiples, default=0.0)


def _are_multiples(values: Degrees, step: float) -> bool:
    """True if all values are multiples of the step, within the last bits of a float64."""
    scaled = values / step
    noise = 16 * np.spacing(np.abs(scaled).max())
    return bool(noise < 0.01 and np.abs(scaled - np.rint(scaled)).max() <= max(noise, 1e-6))


def _numbers(rows: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(int(row) + 1 for row in rows)


def _row_numbers(rows: tuple[int, ...]) -> str:
    """Return the first numbers of rows, as in "rows 3, 8"."""
    text = ", ".join(str(row) for row in rows[:5]) + (" …" if len(rows) > 5 else "")
    return f"row {text}" if len(rows) == 1 else f"rows {text}"
