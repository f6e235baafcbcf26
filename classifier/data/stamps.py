"""Stamps for a network: read in chunks, cut to the window that it needs, scaled to [0, 1].

Arrays are (n, C, y, x), C bands. A pixel without data (NaN, or a band that was not observed) is
zero, as in the paper.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classifier.core.config import PACK_STAMP_PX, TrainingConfig
from classifier.core.pack_locations import pack_in
from classifier.core.packs import read_readable
from classifier.core.training_set import Manifest

CHUNK = 256
"""Stamps read at a time: 50 MB raw."""


@dataclass(frozen=True)
class Stamps:
    """Stamps of n candidates, ready for a network."""

    positions: NDArray[np.int64]
    """(n,) in the manifest."""
    pixels: NDArray[np.float32]
    """(n, C, crop_px, crop_px) in [0, 1]; zero without data."""
    missing: NDArray[np.int64]
    """(n,) number of bands that were not observed, or whose pixels are all NaN or all equal."""
    unreadable: list[tuple[int, str]]
    """(position, reason) of those that could not be read, which are not among `positions`."""
    blank: NDArray[np.int64]
    """(b,) positions of those without data in any band, also not among `positions`."""

    @property
    def unusable(self) -> list[tuple[int, str]]:
        """(position, reason) of all candidates that get no prediction."""
        return self.unreadable + [
            (int(position), "No band has any data.") for position in self.blank
        ]


@dataclass(frozen=True)
class StampWindow:
    """Sizes of the squares of a stamp that a network needs, in px."""

    stamp_px: int
    """Side of the central square whose minimum and maximum become 0 and 1."""
    side: int
    """Side of the stored square in px: the crop plus a margin for rotation."""
    sky_px: int
    """Side of the central square whose median and noise asinh uses; the same in training and
    prediction."""

    @classmethod
    def training(cls, config: TrainingConfig) -> Self:
        """Return the window for training, with a margin for the largest crop in any orientation."""
        largest = config.crop_px[1] if config.crop_px else config.stamp_px
        return cls(largest, crop_px(largest, rotated=config.augment), config.stamp_px)

    @classmethod
    def prediction(cls, config: TrainingConfig) -> Self:
        """Return the window for prediction, without rotation."""
        side = crop_px(config.stamp_px, rotated=False)
        return cls(config.stamp_px, side, config.stamp_px)


def crop_px(stamp_px: int, *, rotated: bool) -> int:
    """Return the side, even, of the square from which a square of `stamp_px` is sampled.

    Rotation extends it by sqrt(2), interpolation by a pixel on each side.
    """
    reach = stamp_px * (np.sqrt(2) if rotated else 1.0) / 2 + 1
    return min(PACK_STAMP_PX, 2 * int(np.ceil(reach)))


def read_chunks(
    manifest: Manifest, positions: NDArray[np.int64], config: TrainingConfig, window: StampWindow
) -> Iterator[Stamps]:
    """Yield the scaled stamps of the candidates at `positions`, pack by pack, CHUNK at a time."""
    for pack in np.unique(manifest.pack[positions]):
        in_pack = positions[manifest.pack[positions] == pack]
        for first in range(0, len(in_pack), CHUNK):
            yield _read_chunk(manifest, in_pack[first : first + CHUNK], config, window)


def has_enough_bands(manifest: Manifest, config: TrainingConfig) -> NDArray[np.bool_]:
    """Return True (N,) for each candidate that is readable and has enough bands with data."""
    enough = np.zeros(len(manifest), dtype=bool)
    for chunk in read_chunks(
        manifest, np.arange(len(manifest)), config, StampWindow.prediction(config)
    ):
        enough[chunk.positions] = chunk.missing <= config.max_missing_bands
    return enough


def _read_chunk(
    manifest: Manifest, positions: NDArray[np.int64], config: TrainingConfig, window: StampWindow
) -> Stamps:
    """Read candidates of one pack."""
    path = pack_in(manifest.packs, str(manifest.pack[positions[0]]))
    raw = read_readable(path, manifest.row[positions], config.bands)
    unreadable = [(int(positions[index]), reason) for index, reason in raw.unreadable]
    positions = positions[raw.indices]
    pixels = scale_stamps(
        raw.stamps, raw.observed, window, config.scaling, joint=config.scaling_range == "joint"
    )
    # The maximum of a band is 1, except of a band that is constant or has no data.
    missing = (pixels.max(axis=(2, 3)) == 0).sum(axis=1)
    blank = missing == len(config.bands)
    pixels[:, [config.bands.index(band) for band in config.blanked]] = 0
    return Stamps(positions[~blank], pixels[~blank], missing[~blank], unreadable, positions[blank])


def join_chunks(chunks: list[Stamps]) -> Stamps:
    """Return the stamps of all chunks, at least one."""
    return Stamps(
        np.concatenate([chunk.positions for chunk in chunks]),
        np.concatenate([chunk.pixels for chunk in chunks]),
        np.concatenate([chunk.missing for chunk in chunks]),
        [reason for chunk in chunks for reason in chunk.unreadable],
        np.concatenate([chunk.blank for chunk in chunks]),
    )


def scale_stamps(
    raw: NDArray[np.float32],
    observed: NDArray[np.bool_],
    window: StampWindow,
    scaling: str,
    *,
    joint: bool = False,
) -> NDArray[np.float32]:
    """Return the central `window.side` px of raw stamps (n, C, y, x), each band scaled to [0, 1].

    The minimum and maximum of the central `window.stamp_px`, the network's image, become 0 and 1,
    of each band or, with `joint`, of all bands of the stamp; the pixels around it, which enter by
    rotation, are clipped to this range. NaN, bands that were not observed, and constant bands
    become 0.
    """
    crop = _masked_square(raw, observed, window.side)
    if scaling == "asinh":
        crop = _apply_asinh(crop, _masked_square(raw, observed, window.sky_px), joint=joint)
    low, high = _pixel_range(central(crop, window.stamp_px))
    if joint:
        low, high = _joint_range(low, high)
    width = np.where(high > low, high - low, np.inf)
    unit = (crop - low) / width
    return np.nan_to_num(np.clip(unit, 0, 1), copy=False, nan=0.0).astype(np.float32)


def _masked_square(
    raw: NDArray[np.float32], observed: NDArray[np.bool_], side: int
) -> NDArray[np.float32]:
    """Return the central square of raw stamps (n, C, y, x), NaN for pixels without data."""
    crop = central(raw, side).astype(np.float32)
    crop[~np.isfinite(crop) | ~observed[:, :, None, None]] = np.nan
    return crop


def central(images: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the central square of images (..., y, x)."""
    first = (images.shape[-1] - side) // 2
    return images[..., first : first + side, first : first + side]


def _pixel_range(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lowest and highest pixel (n, C, 1, 1), NaN for a band without data."""
    low = np.fmin.reduce(images, axis=(2, 3), keepdims=True)
    high = np.fmax.reduce(images, axis=(2, 3), keepdims=True)
    return low, high


def _joint_range(
    low: NDArray[np.float32], high: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the range of all bands with more than one value, for each of them; NaN for others."""
    varies = high > low
    lowest = np.where(varies, low, np.inf).min(axis=1, keepdims=True)
    highest = np.where(varies, high, -np.inf).max(axis=1, keepdims=True)
    return np.where(varies, lowest, np.nan), np.where(varies, highest, np.nan)


def _apply_asinh(
    crop: NDArray[np.float32], sky: NDArray[np.float32], *, joint: bool
) -> NDArray[np.float32]:
    """Return asinh((pixel - median) / noise), both of `sky`; noise = 1.4826 median deviations.

    With `joint` the noise is one of all bands, so that the ratio of their fluxes is kept.
    """
    # numpy warns of a median of NaN only.
    sky = np.where(np.isnan(sky).all(axis=(2, 3), keepdims=True), 0, sky)
    median = np.nanmedian(sky, axis=(2, 3), keepdims=True)
    noise = 1.4826 * np.nanmedian(np.abs(sky - median), axis=(2, 3), keepdims=True)
    if joint:
        # Bands without data have no noise, and must not lower that of the others.
        noise = np.nanmedian(np.where(noise > 0, noise, np.nan), axis=1, keepdims=True)
    return np.arcsinh((crop - median) / np.where(noise > 0, noise, 1)).astype(np.float32)
