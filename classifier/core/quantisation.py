"""Quantise noisy pixels with subtractive dithering, as fpack does for FITS images.

Shapes      stamps (n, C, y, x) float32; levels likewise, int32; sigma, step and zero (n, C).
            `numbers` (n,) are those of the candidates in their pack: a stamp's dither follows.
Method      level = round((pixel - zero) / step + dither - 1/2) + 2, and back; `dither` is uniform
            in [0, 1). The error is uniform and independent of the pixel, so that means and medians
            of quantised pixels have no bias.
No data     NaN is level 0; an exact zero (not exposed, in drizzled mosaics) is level 1.
Exact       a stamp whose step is 0 is not quantised: its levels are the bits of its pixels, XOR
            those of NaN. Such stamps have no noise, infinite pixels, or too bright ones.
Source      Pence, White & Seaman 2010 (PASP 122, 1065); FITS standard 4.0, section 10.2
            (SUBTRACTIVE_DITHER_2) and appendix I (the random numbers).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

STEPS_PER_SIGMA = 10
"""Errors reach sigma / 20; the rest of the bound is for the rounding of bright pixels."""

BOUND_PER_SIGMA = 16
"""Every error is below sigma / 16; a stamp in which one would not be is kept exactly."""

DITHER_STRIDE = 7919
"""From one stamp's first random number to the next one's; prime, so that all numbers are used."""

DESCRIPTION = {
    "method": "SUBTRACTIVE_DITHER_2",
    "dither_stride": DITHER_STRIDE,
    "steps_per_sigma": STEPS_PER_SIGMA,
}
"""What a pack says of its levels."""

_DITHER_LENGTH = 10_000
_NAN_LEVEL, _ZERO_LEVEL, _LOWEST_LEVEL = 0, 1, 2
_HIGHEST_LEVEL = 2**31 - 1
_SMALLEST_STEP, _LARGEST_STEP = 1.2e-38, 3.4e38
"""Of the numbers that float32 holds with full precision."""

_NAN_BITS = np.float32(np.nan).view(np.int32)
_MAX_REPEATED = 0.2
"""More equal neighbours than this are no noise but a constant, a mask or integers."""

Images = NDArray[np.float32]
Levels = NDArray[np.int32]
Scales = NDArray[np.float32]
Numbers = NDArray[np.int64]
Doubles = NDArray[np.float64]


def quantise(stamps: Images, sigma: Doubles, numbers: Numbers) -> tuple[Levels, Scales, Scales]:
    """Return the levels, steps and zeros of stamps whose noise is sigma."""
    levels = np.ascontiguousarray(stamps, dtype=np.float32).view(np.int32) ^ _NAN_BITS
    step, zero = np.zeros((2, *sigma.shape), np.float32)
    for i, c in np.ndindex(sigma.shape):
        dither = _dither(int(numbers[i]), c, stamps.shape)
        quantised = _quantise_stamp(stamps[i, c], float(sigma[i, c]), dither)
        if quantised is not None:
            levels[i, c], step[i, c], zero[i, c] = quantised
    return levels, step, zero


def dequantise(levels: Levels, step: Scales, zero: Scales, numbers: Numbers) -> Images:
    """Return the stamps that were quantised to these levels, in the memory of the levels."""
    stamps = levels.view(np.float32)
    for i, c in np.ndindex(step.shape):
        if step[i, c] == 0:
            levels[i, c] ^= _NAN_BITS
        else:
            dither = _dither(int(numbers[i]), c, levels.shape)
            scale = float(step[i, c]), float(zero[i, c])
            _restore(levels[i, c], *scale, dither, out=stamps[i, c])
    return stamps


def _quantise_stamp(
    pixels: Images, sigma: float, dither: Doubles
) -> tuple[Levels, float, float] | None:
    """Return levels (y, x), step and zero of one stamp; None if it must be kept exactly."""
    step = _step(sigma)
    values = pixels.astype(np.float64)
    np.copyto(values, np.nan, where=pixels == 0)
    lowest, highest = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
    if step is None or not np.isfinite([lowest, highest]).all() or _is_repetitive(pixels):
        return None
    scaled = (values - lowest) / step + dither
    scaled += _LOWEST_LEVEL - 0.5
    if (highest - lowest) / step > _HIGHEST_LEVEL - _LOWEST_LEVEL:
        return None
    np.copyto(scaled, _ZERO_LEVEL, where=pixels == 0)
    np.copyto(scaled, _NAN_LEVEL, where=np.isnan(pixels))
    levels = np.rint(scaled, out=scaled).astype(np.int32)
    restored = np.empty_like(pixels)
    _restore(levels, step, float(lowest), dither, out=restored)
    error = np.fmax.reduce(np.abs(restored - values), axis=None)
    return (levels, step, float(lowest)) if error < sigma / BOUND_PER_SIGMA else None


def _restore(levels: Levels, step: float, zero: float, dither: Doubles, *, out: Images) -> None:
    """Write the pixels (y, x) of one stamp to `out`, which may be the memory of the levels."""
    without_data = levels.min() < _LOWEST_LEVEL
    if without_data:
        nan, unexposed = levels == _NAN_LEVEL, levels == _ZERO_LEVEL
    # In float64: the levels of bright pixels exceed the precision of float32.
    pixels = levels - dither
    pixels += 0.5 - _LOWEST_LEVEL
    pixels *= step
    pixels += zero
    out[...] = pixels
    if without_data:
        out[nan], out[unexposed] = np.nan, 0


def _step(sigma: float) -> float | None:
    """Return the step, a number of float32; None if the noise is zero, unknown or too large."""
    step = sigma / STEPS_PER_SIGMA
    return float(np.float32(step)) if _SMALLEST_STEP < step < _LARGEST_STEP else None


def _is_repetitive(pixels: Images) -> bool:
    """True if many neighbours along a row are equal, zeros left out."""
    left, right = pixels[:, :-1], pixels[:, 1:]
    return float(((left == right) & (left != 0)).mean()) > _MAX_REPEATED


def _dither(number: int, band: int, shape: tuple[int, ...]) -> Doubles:
    """Return the random numbers (y, x) of one band of the candidate with this number."""
    _, bands, height, width = shape
    start = (number * bands + band) * DITHER_STRIDE % _DITHER_LENGTH
    return _sequence(height * width)[start : start + height * width].reshape(height, width)


@lru_cache(maxsize=8)
def _sequence(pixels: int) -> Doubles:
    """Return the random numbers of the FITS standard, repeated for stamps that start anywhere."""
    seed, numbers = 1, np.empty(_DITHER_LENGTH)
    for k in range(_DITHER_LENGTH):
        seed = 16807 * seed % (2**31 - 1)
        numbers[k] = seed / (2**31 - 1)
    return np.resize(numbers, _DITHER_LENGTH + pixels)
