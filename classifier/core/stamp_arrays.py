"""Stamps of any size as those of a pack: padded with NaN or cropped about the centre.

Arrays are (…, y, x). The middle pixel of an odd size n, n // 2, comes to lie on pixel
PACK_STAMP_PX // 2; of an even size, the middle between two pixels stays the middle.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.core.config import PACK_STAMP_PX

Images = NDArray[np.float32]


def fit_to_pack(stamps: NDArray[Any], out: Images | None = None) -> Images:
    """Return stamps (…, y, x) as float32 of PACK_STAMP_PX squared, NaN where there is no pixel.

    Infinite pixels, and numbers that float32 cannot hold, have no data either.
    """
    shape = (*stamps.shape[:-2], PACK_STAMP_PX, PACK_STAMP_PX)
    fitted = np.empty(shape, np.float32) if out is None else out
    fitted[...] = np.nan
    (target_y, source_y), (target_x, source_x) = (_overlap(n) for n in stamps.shape[-2:])
    with np.errstate(over="ignore", invalid="ignore"):
        fitted[..., target_y, target_x] = stamps[..., source_y, source_x]
    fitted[~np.isfinite(fitted)] = np.nan
    return fitted


def position_in_pack(size: int, position: float | None = None) -> float:
    """Return where a position in a stamp of this size, along one axis, is in the fitted stamp.

    By default the centre. Pixels count from 0.
    """
    return first_in_pack(size) + ((size - 1) / 2 if position is None else position)


def first_in_pack(size: int) -> int:
    """Return the pixel of the fitted stamp on which the first one lies; below 0 if cropped."""
    return PACK_STAMP_PX // 2 - size // 2


def _overlap(size: int) -> tuple[slice, slice]:
    """Return the pixels of the fitted stamp that have data, and those they come from."""
    first = first_in_pack(size)
    start, stop = max(first, 0), min(first + size, PACK_STAMP_PX)
    return slice(start, stop), slice(start - first, stop - first)


def has_data(stamps: Images) -> NDArray[np.bool_]:
    """Return True (…) for stamps (…, y, x) with any pixel that is neither NaN nor 0.

    A filter that was not observed is NaN, or zero as in Wei et al. 2020.
    """
    return np.asarray((np.nan_to_num(stamps, nan=0.0) != 0).any(axis=(-2, -1)))
