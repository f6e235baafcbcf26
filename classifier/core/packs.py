"""Stamp packs: the stamps of one import in one folder, immutable once written (Zarr v3, sharded).

Format      a group with the attributes `format`, `bands`, `stamp_px` and two arrays:
            `stamps` (candidate, band, y, x) float32 and `observed` (candidate, band) bool.
Chunks      one candidate is one chunk, so that a page reads it in about a millisecond; SHARD
            candidates are one file, so that a training reads few files.
No data     NaN in `stamps`: beyond the mosaic, or NaN in it. `observed` is True where the mosaic of
            a band covers the candidate; then the stamp has data.
Damage      Zarr reads a missing file as NaN. A row without data in a band that was observed is
            therefore one that the disk has lost, and reading it is an error.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import zarr
from numpy.typing import NDArray

from classifier.core.atomic_files import atomic_folder
from classifier.core.bands import BANDS
from classifier.core.config import PACK_STAMP_PX
from classifier.core.errors import PackError

FORMAT = "asterism-stamps/1"

SHARD = 128
"""Candidates in one file: about 25 MB."""

_GAP = 4
"""Rows that are read along sooner than skipped: Zarr reads ranges much faster."""

_CENTRE = slice(PACK_STAMP_PX // 2 - 4, PACK_STAMP_PX // 2 + 4)
"""Where a band that was observed has data, as far as imports go; the rest is looked at second."""

# What zarr and its codecs raise for files that are missing, cut short or tampered with.
_UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError)

Images = NDArray[np.float32]
Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]


@contextmanager
def new_pack(
    path: Path, candidates: int, *, bands: Sequence[str] = BANDS, **attributes: Any
) -> Iterator[Callable[[int, Images, Flags], None]]:
    """Yield `write(first, stamps, observed)`; the pack appears under `path` if the block ends well.

    It takes blocks of candidates in any order; blocks that start and end at multiples of SHARD are
    written fastest.
    """
    shape = (candidates, len(bands), PACK_STAMP_PX, PACK_STAMP_PX)
    about = {"format": FORMAT, "bands": list(bands), "stamp_px": PACK_STAMP_PX, **attributes}
    with atomic_folder(path) as folder:
        group = zarr.open_group(folder, mode="w", attributes=about)
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

        def write(first: int, block: Images, block_observed: Flags) -> None:
            stamps[first : first + len(block)] = block
            observed[first : first + len(block)] = block_observed

        yield write


@dataclass(frozen=True)
class Pack:
    """One open stamp pack."""

    name: str
    stamps: Any
    observed: Flags
    bands: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a pack for reading. Raises PackError for anything else."""
        if not path.is_dir():
            raise PackError(f"The stamp pack {path.name} is not in {path.parent}.")
        try:
            group = zarr.open_group(path, mode="r")
            if group.attrs.get("format") != FORMAT:
                raise PackError(f"{path.name} is not a stamp pack ({FORMAT}).")
            stamps: Any = group["stamps"]
            observed = np.asarray(group["observed"][...], dtype=bool)  # type: ignore[index]
            bands = tuple(map(str, group.attrs["bands"]))  # type: ignore[arg-type]
            shapes = stamps.shape, observed.shape
        except PackError:
            raise
        except (*_UNREADABLE, AttributeError) as error:
            raise PackError(f"The stamp pack {path.name} cannot be read ({error}).") from error
        shape = (len(observed), len(bands), PACK_STAMP_PX, PACK_STAMP_PX)
        if shapes != (shape, shape[:2]):
            raise PackError(f"The stamp pack {path.name} has arrays of the wrong shape.")
        if observed.size and not observed.any():
            raise PackError(
                f"The stamp pack {path.name} has lost `observed` on disk: restore the pack."
            )
        return cls(path.name, stamps, observed, bands)

    def read(self, rows: Rows, bands: Sequence[str] = BANDS) -> tuple[Images, Flags]:
        """Read stamps (n, C, y, x), and whether each band was observed (n, C), as in `rows`.

        Raises PackError where any of the rows cannot be read.
        """
        absent = [band for band in bands if band not in self.bands]
        if absent:
            raise PackError(f"The stamp pack {self.name} has no band {absent[0]}.")
        outside = rows[(rows < 0) | (rows >= len(self.observed))]
        if len(outside):
            raise PackError(f"The stamp pack {self.name} has no row {outside[0]}.")
        rising, inverse = np.unique(rows, return_inverse=True)
        ranges = np.split(rising, np.flatnonzero(np.diff(rising) > _GAP) + 1)
        try:
            stamps = np.concatenate([self._read_range(part) for part in ranges])
        except _UNREADABLE as error:
            raise PackError(f"Stamps of {self.name} cannot be read ({error}).") from error
        self._check_whole(stamps, rising)
        order = [self.bands.index(band) for band in bands]
        return stamps[inverse][:, order], self.observed[rows][:, order]

    def _read_range(self, rows: Rows) -> Images:
        """Stamps of rising rows that lie close together."""
        first, last = rows[0], rows[-1]
        between = np.asarray(self.stamps[first : last + 1], dtype=np.float32)
        return np.asarray(between[rows - first])

    def _check_whole(self, stamps: Images, rows: Rows) -> None:
        """Raise PackError where rows have no data in a band that was observed."""
        observed = self.observed[rows]
        suspect = np.flatnonzero(_without_data(stamps[..., _CENTRE, _CENTRE], observed))
        lost = rows[suspect[_without_data(stamps[suspect], observed[suspect])]]
        if len(lost):
            which = f"row {lost[0]}" if len(lost) == 1 else f"rows {lost[0]} to {lost[-1]}"
            raise PackError(
                f"The stamp pack {self.name} has lost {which} on disk: restore the pack."
            )


def _without_data(stamps: Images, observed: Flags) -> NDArray[np.bool_]:
    """(n,) whether stamps (n, C, y, x) are NaN throughout in any band that was observed (n, C)."""
    empty = ~np.isfinite(stamps).any(axis=(2, 3))
    return np.asarray((empty & observed).any(axis=1))


@lru_cache(maxsize=64)
def open_pack(path: Path) -> Pack:
    """Open a pack and keep it open: packs never change, and opening one reads all of `observed`."""
    return Pack.open(path)


def read_stamps(path: Path, row: int) -> Images:
    """Read the stamps of one candidate, (band, y, x). Raises PackError."""
    images, _ = open_pack(path).read(np.array([row]))
    stamps: Images = images[0]
    return stamps


@dataclass(frozen=True)
class ReadableStamps:
    """Stamps of the requested rows that can be read, and the reasons why others cannot."""

    stamps: Images
    """(m, C, y, x)."""
    observed: Flags
    """(m, C)."""
    indices: NDArray[np.intp]
    """(m,) in the rows asked for, rising."""
    unreadable: list[tuple[int, str]]
    """(index, reason) of the others."""


def read_readable(path: Path, rows: Rows, bands: Sequence[str] = BANDS) -> ReadableStamps:
    """Read rows of a pack at once; where that fails, one after the other."""
    whole = np.arange(len(rows))
    try:
        return ReadableStamps(*open_pack(path).read(rows, bands), whole, [])
    except PackError as error:
        if len(rows) > 1 and path.is_dir():
            parts = [read_readable(path, rows[i : i + 1], bands) for i in whole]
            return ReadableStamps(
                np.concatenate([part.stamps for part in parts]),
                np.concatenate([part.observed for part in parts]),
                np.flatnonzero([len(part.indices) for part in parts]),
                [(i, part.unreadable[0][1]) for i, part in enumerate(parts) if part.unreadable],
            )
        shape = (0, len(bands), PACK_STAMP_PX, PACK_STAMP_PX)
        return ReadableStamps(
            np.empty(shape, np.float32),
            np.empty(shape[:2], bool),
            whole[:0],
            [(i, str(error)) for i in range(len(rows))],
        )
