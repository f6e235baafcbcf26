"""Stamps from packs: read a few at a time, cut to what a network needs, scaled to [0, 1].

A pack is a Zarr v3 group: `stamps` (N, bands, 100, 100) float32 (candidate, band, y, x), NaN where
there is no data, and `observed` (N, bands) bool. The network sees zeros for both, as in the paper.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import zarr
from numpy.typing import NDArray

from classifier.core.config import PACK_STAMP_PX, TrainingConfig
from classifier.core.manifest import Manifest

FORMAT = "asterism-stamps/1"
CHUNK = 256
"""Stamps read at a time: 50 MB raw."""
GAP = 4
"""So many rows that nobody asked for are read sooner than skipped."""

# What zarr and its codecs raise for files that are missing, cut short or tampered with.
UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError)


class PackError(ValueError):
    """A pack cannot be read; the message names it."""


@dataclass(frozen=True)
class Pack:
    """One open stamp pack."""

    name: str
    stamps: Any
    observed: NDArray[np.bool_]
    bands: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a pack for reading. Raises PackError where it is missing or not one."""
        if not path.is_dir():
            raise PackError(f"The stamp pack {path.name} is not in {path.parent}.")
        try:
            group = zarr.open_group(path, mode="r")
            attributes = dict(group.attrs)
            if attributes.get("format") != FORMAT:
                raise PackError(f"{path.name} is not a stamp pack ({FORMAT}).")
            stamps: Any = group["stamps"]
            observed = np.asarray(group["observed"][...], dtype=bool)  # type: ignore[index]
            bands = tuple(map(str, attributes["bands"]))  # type: ignore[arg-type]
        except PackError:
            raise
        except UNREADABLE as error:
            raise PackError(f"The stamp pack {path.name} cannot be read ({error}).") from error
        shape = (len(observed), len(bands), PACK_STAMP_PX, PACK_STAMP_PX)
        if stamps.shape != shape or observed.shape != shape[:2]:
            raise PackError(f"The stamp pack {path.name} has arrays of the wrong shape.")
        return cls(path.name, stamps, observed, bands)

    def read(
        self, rows: NDArray[np.int64], bands: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Raw stamps (n, C, 100, 100) and whether each band was observed (n, C), as in `rows`."""
        absent = [band for band in bands if band not in self.bands]
        if absent:
            raise PackError(f"The stamp pack {self.name} has no band {absent[0]}.")
        if rows.max(initial=-1) >= len(self.observed):
            raise PackError(f"The stamp pack {self.name} has no row {rows.max()}.")
        sorted_rows, back = np.unique(rows, return_inverse=True)
        order = [self.bands.index(band) for band in bands]
        try:
            stamps = np.concatenate([self._run(run) for run in _runs(sorted_rows)])
        except UNREADABLE as error:
            raise PackError(f"Stamps of {self.name} cannot be read ({error}).") from error
        return stamps[back][:, order], self.observed[rows][:, order]

    def _run(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Stamps of rising rows that lie close together."""
        first, last = rows[0], rows[-1]
        between = np.asarray(self.stamps[first : last + 1], dtype=np.float32)
        return np.asarray(between[rows - first])


def _runs(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rising rows, cut where many between them are not wanted: Zarr reads ranges much faster."""
    return np.split(rows, np.flatnonzero(np.diff(rows) > GAP) + 1)


# One folder of packs holds few of them, and opening one reads all of `observed`.
open_pack = lru_cache(maxsize=64)(Pack.open)


@dataclass(frozen=True)
class Stamps:
    """Some candidates' stamps as a network can use them."""

    positions: NDArray[np.int64]
    """(n,) in the manifest."""
    pixels: NDArray[np.float32]
    """(n, C, crop_px, crop_px) in [0, 1]; zero where there is no data."""
    missing: NDArray[np.int64]
    """(n,) number of bands that were not observed, or are NaN or one constant value throughout."""
    unreadable: list[tuple[int, str]]
    """(position, reason) of those that could not be read, which are not among `positions`."""
    blank: NDArray[np.int64]
    """(b,) positions of those without data in any band, which are not among `positions` either."""

    @property
    def unusable(self) -> list[tuple[int, str]]:
        """(position, reason) of all of which nothing can be said."""
        return self.unreadable + [(int(at), "No band has any data.") for at in self.blank]


@dataclass(frozen=True)
class View:
    """The part of a stamp that a network is shown."""

    stamp_px: int
    """Side of the central square whose darkest and brightest pixels become 0 and 1."""
    side: int
    """Side of the square that is kept, so that sampling finds what it needs around the other."""
    sky_px: int
    """Side of the central square that asinh takes the median and the noise from: in training and in
    prediction the same."""

    @classmethod
    def training(cls, config: TrainingConfig) -> Self:
        """With room for the largest crop, in any orientation."""
        largest = config.crop_px[1] if config.crop_px else config.stamp_px
        return cls(largest, crop_px(largest, rotated=config.augment), config.stamp_px)

    @classmethod
    def prediction(cls, config: TrainingConfig) -> Self:
        """Upright."""
        side = crop_px(config.stamp_px, rotated=False)
        return cls(config.stamp_px, side, config.stamp_px)


def crop_px(stamp_px: int, *, rotated: bool) -> int:
    """Side of the square that sampling needs to fill a square of `stamp_px`, even.

    Rotated it reaches out by sqrt(2); a pixel more on each side feeds the interpolation.
    """
    reach = stamp_px * (np.sqrt(2) if rotated else 1.0) / 2 + 1
    return min(PACK_STAMP_PX, 2 * int(np.ceil(reach)))


def read_chunks(
    manifest: Manifest, positions: NDArray[np.int64], config: TrainingConfig, view: View
) -> Iterator[Stamps]:
    """Read the stamps of the candidates at `positions`, scaled, CHUNK at a time, pack by pack."""
    for pack in np.unique(manifest.pack[positions]):
        of_pack = positions[manifest.pack[positions] == pack]
        for first in range(0, len(of_pack), CHUNK):
            yield _read(manifest, of_pack[first : first + CHUNK], config, view)


def complete(manifest: Manifest, config: TrainingConfig) -> NDArray[np.bool_]:
    """(N,) whether a candidate can be read and has enough bands to be trained and measured on."""
    found = np.zeros(len(manifest), dtype=bool)
    for chunk in read_chunks(manifest, np.arange(len(manifest)), config, View.prediction(config)):
        found[chunk.positions] = chunk.missing <= config.max_missing_bands
    return found


def _read(
    manifest: Manifest, positions: NDArray[np.int64], config: TrainingConfig, view: View
) -> Stamps:
    """Read one chunk of one pack; where that fails, one candidate after the other."""
    path = manifest.packs / str(manifest.pack[positions[0]])
    try:
        raw, observed = open_pack(path).read(manifest.row[positions], config.bands)
    except PackError as error:
        if len(positions) == 1 or not path.is_dir():
            reasons = [(int(position), str(error)) for position in positions]
            empty = np.empty((0, len(config.bands), view.side, view.side), dtype=np.float32)
            return Stamps(positions[:0], empty, positions[:0], reasons, positions[:0])
        singles = positions.reshape(-1, 1)
        return joined([_read(manifest, single, config, view) for single in singles])
    pixels = scaled(raw, observed, view, config.scaling)
    # A band that is not constant has a brightest pixel, and that one is 1.
    missing = (pixels.max(axis=(2, 3)) == 0).sum(axis=1)
    blank = missing == len(config.bands)
    pixels[:, [config.bands.index(band) for band in config.blanked]] = 0
    return Stamps(positions[~blank], pixels[~blank], missing[~blank], [], positions[blank])


def joined(parts: list[Stamps]) -> Stamps:
    """Several chunks, at least one, as one."""
    return Stamps(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.missing for part in parts]),
        [reason for part in parts for reason in part.unreadable],
        np.concatenate([part.blank for part in parts]),
    )


def scaled(
    raw: NDArray[np.float32],
    observed: NDArray[np.bool_],
    view: View,
    scaling: str,
) -> NDArray[np.float32]:
    """The central `view.side` px of raw stamps (n, C, y, x), each band of each scaled to [0, 1].

    The darkest and the brightest pixel of `view.stamp_px` become 0 and 1, because those are the
    image that the network sees; pixels around it, which only a rotation brings in, are clipped to
    the same range. NaN, bands not observed, and bands of one constant value become 0.
    """
    crop = _known(raw, observed, view.side)
    if scaling == "asinh":
        crop = _flattened(crop, _known(raw, observed, view.sky_px))
    low, high = _extent(central(crop, view.stamp_px))
    width = np.where(high > low, high - low, np.inf)
    unit = (crop - low) / width
    return np.nan_to_num(np.clip(unit, 0, 1), copy=False, nan=0.0).astype(np.float32)


def _known(raw: NDArray[np.float32], observed: NDArray[np.bool_], side: int) -> NDArray[np.float32]:
    """The central square of raw stamps (n, C, y, x), NaN where there is no data."""
    crop = central(raw, side).astype(np.float32)
    crop[~np.isfinite(crop) | ~observed[:, :, None, None]] = np.nan
    return crop


def central(images: NDArray[Any], side: int) -> NDArray[Any]:
    """The central square of images (..., y, x)."""
    first = (images.shape[-1] - side) // 2
    return images[..., first : first + side, first : first + side]


def _extent(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest pixel (n, C, 1, 1), NaN where there is none."""
    low = np.fmin.reduce(images, axis=(2, 3), keepdims=True)
    high = np.fmax.reduce(images, axis=(2, 3), keepdims=True)
    return low, high


def _flattened(crop: NDArray[np.float32], sky: NDArray[np.float32]) -> NDArray[np.float32]:
    """asinh((pixel - median) / noise) by those of `sky`: the noise is from the median deviation."""
    known = np.where(np.isnan(sky).all(axis=(2, 3), keepdims=True), 0, sky)
    median = np.nanmedian(known, axis=(2, 3), keepdims=True)
    noise = 1.4826 * np.nanmedian(np.abs(known - median), axis=(2, 3), keepdims=True)
    return np.arcsinh((crop - median) / np.where(noise > 0, noise, 1)).astype(np.float32)
