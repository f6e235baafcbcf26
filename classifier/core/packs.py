"""Stamp packs: the stamps of one import in one folder, immutable once written (Zarr v3, sharded).

Format 1    lossless: a group with the attributes `format`, `bands`, `stamp_px` and two arrays:
            `stamps` (candidate, band, y, x) float32 and `observed` (candidate, band) bool.
Format 2    quantised: `levels` int32 takes the place of `stamps`, with `step` and `zero`
            (candidate, band) float32; `classifier.core.quantisation` says how they are read. The
            attribute `quantisation` has the numbers that this takes. A band of a candidate whose
            step is 0 is lossless.
Chunks      one candidate is one chunk, so that a page reads it in about a millisecond; SHARD
            candidates are one file, so that a training reads few files.
No data     NaN in the stamps: beyond the mosaic, or NaN in it. `observed` is True where the mosaic
            of a band covers the candidate; then the stamp has data.
Damage      Zarr reads a missing file as NaN. A row without data in a band that was observed is
            therefore one that the disk has lost, and reading it is an error.
Location    a folder, or a URL that fsspec opens (`classifier.core.pack_locations`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
import zarr
from numpy.typing import ArrayLike, NDArray
from zarr.codecs import BloscCodec, Crc32cCodec

from classifier.core import quantisation
from classifier.core.bands import BANDS
from classifier.core.config import PACK_STAMP_PX
from classifier.core.errors import PackError
from classifier.core.pack_locations import Location, folder_name, new_location, pack_name

FORMAT = "asterism-stamps/1"
QUANTISED = "asterism-stamps/2"

SHARD = 128
"""Candidates in one file: about 25 MB, or 5 MB quantised."""

_GAP = 4
"""Rows that are read along sooner than skipped: Zarr reads ranges much faster."""

_CENTRE = slice(PACK_STAMP_PX // 2 - 4, PACK_STAMP_PX // 2 + 4)
"""Where a band that was observed has data, as far as imports go; the rest is looked at second."""

# What zarr and its codecs raise for files that are missing, cut short or tampered with.
_UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError)

Images = NDArray[np.float32]
Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]
Steps = NDArray[np.float32]


@contextmanager
def new_pack(
    path: Location,
    candidates: int,
    *,
    bands: Sequence[str] = BANDS,
    sky_sigma: ArrayLike | None = None,
    **attributes: Any,
) -> Iterator[Callable[[int, Images, Flags], None]]:
    """Yield `write(first, stamps, observed)`; the pack appears under `path` if the block ends well.

    It takes blocks of candidates in any order; blocks that start and end at multiples of SHARD are
    written fastest. `sky_sigma`, in the unit of the pixels, is that of each band, or (candidate,
    band): pixels are quantised to less than 1/16 of it. Without it the pack is lossless.
    """
    shape = (candidates, len(bands), PACK_STAMP_PX, PACK_STAMP_PX)
    observed = np.zeros(shape[:2], bool)
    step, zero = np.zeros((2, *shape[:2]), np.float32)
    about = {"format": FORMAT, "bands": list(bands), "stamp_px": PACK_STAMP_PX, **attributes}
    if sky_sigma is not None:
        sigma = np.broadcast_to(np.asarray(sky_sigma, dtype=np.float64), shape[:2])
        about |= {"format": QUANTISED, "quantisation": quantisation.DESCRIPTION}
    with new_location(path) as target:
        pixels = _create_pixels(target, shape, quantised=sky_sigma is not None)

        def write(first: int, block: Images, block_observed: Flags) -> None:
            rows = slice(first, first + len(block))
            if sky_sigma is not None:
                numbers = np.arange(first, first + len(block))
                levels, step[rows], zero[rows] = quantisation.quantise(block, sigma[rows], numbers)
                pixels[rows] = levels
            else:
                pixels[rows] = block
            observed[rows] = block_observed

        yield write
        tables = {"observed": observed}
        if sky_sigma is not None:
            tables |= {"step": step, "zero": zero}
        for name, values in tables.items():
            _store_table(target, name, values)
        # Last: on an object store the pack is complete from here on.
        zarr.open_group(target, mode="r+").attrs.put(about)


def _create_pixels(target: Location, shape: tuple[int, ...], *, quantised: bool) -> Any:
    """Create the array of the stamps, or of their levels."""
    # The levels of one candidate are one block of Blosc; their high bytes are nearly all zero.
    codec = BloscCodec(
        cname="zstd", clevel=1, shuffle="shuffle", blocksize=4 * int(np.prod(shape[1:]))
    )
    return zarr.create_array(
        target,
        name="levels" if quantised else "stamps",
        shape=shape,
        chunks=(1, *shape[1:]),
        shards=(SHARD, *shape[1:]),
        dtype="int32" if quantised else "float32",
        compressors=[codec, Crc32cCodec()] if quantised else None,
        fill_value=0 if quantised else float("nan"),
    )


def _store_table(target: Location, name: str, values: NDArray[Any]) -> None:
    """Store numbers or flags (candidate, band) in one file; a lost file is not taken for zeros."""
    fill = False if values.dtype == bool else float("nan")
    chunks = (max(len(values), 1), values.shape[1])
    zarr.create_array(target, name=name, data=values, chunks=chunks, fill_value=fill)


@dataclass(frozen=True)
class Pack:
    """One open stamp pack."""

    name: str
    pixels: Any
    """Zarr array of stamps, or of levels."""
    observed: Flags
    bands: tuple[str, ...]
    step: Steps
    """(candidate, band) the step of the pixels in their unit; 0 where they are lossless."""
    zero: Steps
    quantised: bool

    @classmethod
    def open(cls, path: Location) -> Self:
        """Open a pack for reading. Raises PackError for anything else."""
        name = pack_name(path)
        try:
            group = zarr.open_group(path, mode="r")
            if group.attrs.get("format") not in (FORMAT, QUANTISED):
                raise PackError(f"{name} is not a stamp pack ({FORMAT} or {QUANTISED}).")
            quantised = group.attrs["format"] == QUANTISED
            pixels: Any = group["levels" if quantised else "stamps"]
            observed = np.asarray(group["observed"][...], dtype=bool)  # type: ignore[index]
            bands = tuple(map(str, group.attrs["bands"]))  # type: ignore[arg-type]
            step, zero = np.zeros((2, *observed.shape), np.float32)
            if quantised:
                step, zero = (np.asarray(group[key]) for key in ("step", "zero"))
            shapes = pixels.shape, observed.shape, step.shape, zero.shape
        except PackError:
            raise
        except FileNotFoundError:
            raise PackError(f"The stamp pack {name} is not in {folder_name(path)}.") from None
        except (*_UNREADABLE, AttributeError, ImportError) as error:
            raise PackError(f"The stamp pack {name} cannot be read ({error}).") from error
        shape = (len(observed), len(bands), PACK_STAMP_PX, PACK_STAMP_PX)
        if shapes != (shape, *[shape[:2]] * 3):
            raise PackError(f"The stamp pack {name} has arrays of the wrong shape.")
        if observed.size and not observed.any():
            raise PackError(f"The stamp pack {name} has lost `observed` on disk: restore the pack.")
        if not np.isfinite([step, zero]).all():
            raise PackError(f"The stamp pack {name} has lost its steps on disk: restore the pack.")
        return cls(name, pixels, observed, bands, step, zero, quantised)

    def read(self, rows: Rows, bands: Sequence[str] = BANDS) -> tuple[Images, Flags]:
        """Read stamps (n, C, y, x), and whether each band was observed (n, C), as in `rows`.

        Raises PackError where any of the rows cannot be read.
        """
        order = self._columns(bands)
        outside = rows[(rows < 0) | (rows >= len(self.observed))]
        if len(outside):
            raise PackError(f"The stamp pack {self.name} has no row {outside[0]}.")
        rising, inverse = np.unique(rows, return_inverse=True)
        ranges = np.split(rising, np.flatnonzero(np.diff(rising) > _GAP) + 1)
        try:
            parts = [self._read_range(part) for part in ranges]
        except _UNREADABLE as error:
            raise PackError(f"Stamps of {self.name} cannot be read ({error}).") from error
        stamps = parts[0] if len(parts) == 1 else np.concatenate(parts)
        self._check_whole(stamps, rising)
        # Each of these copies takes as long as a tenth of the reading.
        if not np.array_equal(rows, rising):
            stamps = stamps[inverse]
        if order != list(range(len(self.bands))):
            stamps = stamps[:, order]
        return stamps, self.observed[rows][:, order]

    def steps(self, row: int, bands: Sequence[str] = BANDS) -> Steps:
        """Return the steps (C,) of one candidate's pixels; 0 for bands that are lossless."""
        return self.step[row, self._columns(bands)]

    def _columns(self, bands: Sequence[str]) -> list[int]:
        """Return the numbers of these bands in the pack. Raises PackError."""
        absent = [band for band in bands if band not in self.bands]
        if absent:
            raise PackError(f"The stamp pack {self.name} has no band {absent[0]}.")
        return [self.bands.index(band) for band in bands]

    def _read_range(self, rows: Rows) -> Images:
        """Return stamps of rising rows that lie close together."""
        first, last = rows[0], rows[-1]
        # By default Zarr decodes chunk by chunk, which takes a fifth longer.
        with zarr.config.set({"codec_pipeline.batch_size": SHARD}):
            pixels = np.asarray(self.pixels[first : last + 1])
        if len(rows) < len(pixels):
            pixels = pixels[rows - first]
        if self.quantised:
            return quantisation.dequantise(pixels, self.step[rows], self.zero[rows], rows)
        return pixels.astype(np.float32, copy=False)

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
def open_pack(path: Location) -> Pack:
    """Open a pack and keep it open: packs never change, and opening one reads all of `observed`."""
    return Pack.open(path)


def read_stamps(path: Location, row: int) -> Images:
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


def read_readable(path: Location, rows: Rows, bands: Sequence[str] = BANDS) -> ReadableStamps:
    """Read rows of a pack at once; where that fails, one after the other."""
    whole = np.arange(len(rows))
    try:
        return ReadableStamps(*open_pack(path).read(rows, bands), whole, [])
    except PackError as error:
        if len(rows) > 1 and _can_be_opened(path):
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


def _can_be_opened(path: Location) -> bool:
    """True if the pack's description can be read."""
    try:
        open_pack(path)
    except PackError:
        return False
    return True
