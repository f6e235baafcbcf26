"""Stamps that were cut elsewhere, of any file format, in one form.

Arrays are (candidate, band, y, x), float32, row 0 at the bottom, PACK_STAMP_PX squared about the
centre; NaN where there is no data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.core.bands import BANDS, band_of
from classifier.core.config import PACK_STAMP_PX
from labeling.ingest.errors import BadInput
from labeling.number_texts import count_text

Images = NDArray[np.float32]
MAX_SIDE = 4096
"""Of one stamp, in px."""


@dataclass(frozen=True)
class StampOptions:
    """How files of stamps are read."""

    bands: tuple[str, ...] = ()
    """Bands, or filters, along the band axis of an array, or the channels of a picture."""
    dataset: str | None = None
    """Name of the array in a file or folder that holds several."""

    @property
    def filters(self) -> dict[str, str]:
        """The filters by band, in the order of the axis; a band's own name is no filter."""
        return {band_of(name): name.strip().upper() for name in self.bands}

    def check(self) -> None:
        """Raise BadInput unless the bands are different ones of the five."""
        try:
            bands = [band_of(name) for name in self.bands]
        except ValueError as error:
            raise BadInput(f"--bands: {error}.") from None
        if len(set(bands)) < len(bands):
            raise BadInput(f"--bands {','.join(self.bands)}: names a band twice.")


_SAME_NORTH_DEG = 0.5
"""Stamps whose north differs by less have one compass."""


@dataclass
class StampSet:
    """The stamps of the files of one import; `read` gives those of some rows, fitted to a pack."""

    path: Path
    format: str
    ids: list[str]
    bands: list[str]
    """The bands that the files have, in the order of BANDS."""
    read: Callable[[Sequence[int]], Images]
    """(n, all five bands, y, x)."""
    sizes: Counter[tuple[int, int]]
    """Number of stamps by their size (y, x) in px."""
    stamp_xy: NDArray[np.float64]
    """(candidate, 2) position of the candidate in its fitted stamp: x, y, from 0."""
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    aliases: dict[str, int] = field(default_factory=dict)
    """Rows by other names under which a table may list them: their files."""
    filters: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    pixel_scale_arcsec: float | None = None
    compasses: list[tuple[float, bool]] = field(default_factory=list)
    """Direction of north, and if east is left of it, of each stamp that has a WCS."""
    whole_numbers: bool = False
    """The pixels are whole numbers, as in pictures: they are stored as they are."""
    numbered: bool = False
    """The files hold no ids: candidates have numbers in their order."""
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_padded(self) -> bool:
        """True if some stamps are smaller than those of a pack."""
        return any(min(size) < PACK_STAMP_PX for size in self.sizes)

    @property
    def compass(self) -> tuple[float, bool] | None:
        """Direction of north in degrees from +y, and if east is left of it; None unless common."""
        if not self.compasses or len(self.compasses) < len(self):
            return None
        north, east_left = zip(*self.compasses, strict=True)
        offsets = (np.array(north) - north[0] + 180) % 360 - 180
        if len(set(east_left)) > 1 or np.abs(offsets).max() > _SAME_NORTH_DEG:
            return None
        return self.compasses[0]

    def size_notes(self) -> list[str]:
        """Return what became of stamps of other sizes than a pack's."""
        notes = []
        for (height, width), count in sorted(self.sizes.items()):
            if (height, width) == (PACK_STAMP_PX, PACK_STAMP_PX):
                continue
            verb = (
                "cropped about the centre"
                if min(height, width) > PACK_STAMP_PX
                else (
                    "padded with NaN"
                    if max(height, width) <= PACK_STAMP_PX
                    else "padded with NaN along one axis and cropped along the other"
                )
            )
            notes.append(
                f"{count_text(count, 'stamp')} of {width} x {height} px: {verb} "
                f"to {PACK_STAMP_PX} x {PACK_STAMP_PX} px."
            )
        return notes


def check_size(path: Path, height: int, width: int) -> None:
    """Raise BadInput for a stamp that is too large to be one, or empty."""
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise BadInput(
            f"{path}: a stamp of {width} x {height} px; stamps have sides of 1 to {MAX_SIDE} px."
        )


def places_of(bands: Sequence[str]) -> list[int]:
    """Return the places of these bands among the five."""
    return [BANDS.index(band) for band in bands]
