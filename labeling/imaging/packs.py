"""Stamp packs: all stamps of one import, immutable once written (Zarr v3, sharded).

A pack is a Zarr group with two arrays, `stamps` (candidate, band, y, x) float32 and `observed`
(candidate, band) bool, and says in its attributes what it is. One candidate is one chunk, so
that a page reads one quickly; many chunks make one shard, so that training reads few files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from labeling.imaging.mosaics import Image
from labeling.imaging.stamps import STAMP_PX

FORMAT = "asterism-stamps/1"
SHARD = 128  # candidates: about 25 MB


class UnusablePack(Exception):
    """A pack that is missing or is not one of ours; the text names it."""


@contextmanager
def new_pack(path: Path, candidates: int, **attributes: Any) -> Iterator[Callable[..., None]]:
    """A pack that appears under `path` when the block ends well, and not at all otherwise.

    Yields `write(first, stamps, observed)`, which takes blocks of candidates in any order;
    blocks that start and end at multiples of SHARD are written fastest.
    """
    partial = path.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shape = (candidates, len(BANDS), STAMP_PX, STAMP_PX)
    about = {"format": FORMAT, "bands": list(BANDS), "stamp_px": STAMP_PX, **attributes}
    group = zarr.open_group(partial, mode="w", attributes=about)
    stamps = group.create_array(
        "stamps",
        shape=shape,
        chunks=(1, *shape[1:]),
        shards=(SHARD, *shape[1:]),
        dtype="float32",
        compressors=None,
        fill_value=float("nan"),
    )
    observed = group.create_array("observed", shape=shape[:2], chunks=shape[:2], dtype="bool")

    def write(first: int, block: Image, seen: NDArray[np.bool_]) -> None:
        stamps[first : first + len(block)] = block
        observed[first : first + len(block)] = seen

    try:
        yield write
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@lru_cache(maxsize=16)
def _arrays(path: Path) -> tuple[zarr.Array[Any], NDArray[np.bool_]]:
    """The stamps, kept open, and which bands were observed; packs never change."""
    try:
        group = zarr.open_group(path, mode="r")
        known = group.attrs.get("format") == FORMAT
        stamps, observed = group["stamps"], group["observed"]
    except (OSError, KeyError, ValueError) as error:
        raise UnusablePack(f"{path}: there is no stamp pack ({error}).") from None
    if not known or not isinstance(stamps, zarr.Array) or not isinstance(observed, zarr.Array):
        raise UnusablePack(f"{path}: not a stamp pack of the format {FORMAT}.")
    return stamps, np.asarray(observed[:], dtype=bool)


def read_stamps(path: Path, row: int) -> Image:
    """One candidate's stamps, (band, y, x) float32. Raises UnusablePack."""
    stamps, observed = _arrays(path)
    try:
        read = np.asarray(stamps[row], dtype=np.float32)
        complete = np.isfinite(read).any(axis=(1, 2)) | ~observed[row]
    except (OSError, IndexError, ValueError) as error:
        raise UnusablePack(f"{path}: row {row} cannot be read ({error}).") from None
    if not complete.all():
        # Zarr takes a part that is missing on disk for one that was never written.
        raise UnusablePack(f"{path}: row {row} is missing on disk; restore the pack.")
    return read


def read_observed(path: Path) -> NDArray[np.bool_]:
    """Which bands cover the candidates of a pack, (row, band). Raises UnusablePack."""
    return _arrays(path)[1]
