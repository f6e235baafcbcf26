"""Cutting the five-band stamps of NGC 1566's 2752 candidates, against a loop of Cutout2D.

The reference is the loop that astropy's documentation leads to: a Cutout2D with its WCS for each
candidate and band, padded with NaN. Two more references leave the WCS out, and slice by hand. All
fill the blocks, (candidate, band, y, x) float32, that a pack is written from, and must agree bit
for bit. They take turns, block by block, and each block counts with the best of its rounds, for a
busy machine only ever slows things down.
"""

import math
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from numpy.typing import NDArray
from report import record

from classifier.core.bands import BANDS
from classifier.core.config import PACK_STAMP_PX as SIZE
from classifier.core.packs import SHARD
from labeling.ingest.stamping import BandImage, stamp_blocks

SIDE = 6200
COUNT = 2752
ROUNDS = 3
CATALOGUE = "catalogues/hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"

Stamps = NDArray[np.float32]
Positions = NDArray[np.float64]
Cut = Callable[[Mapping[str, BandImage], Positions, Positions, Stamps], None]
Seconds = dict[Cut | None, dict[int, float]]


def positions() -> tuple[Positions, Positions]:
    """x and y from 0: the real catalogue's where ASTERISM_DATA has it, else made up like them.

    The real ones gather about the galaxy's centre and come in the order of detection, down the
    frame; both spare memory, ours and astropy's.
    """
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("ASTERISM_DATA", default)) / CATALOGUE
    if path.is_file():
        x, y = np.loadtxt(path, usecols=(1, 2), unpack=True)
        return x - 1, y - 1
    x, y = np.random.default_rng(0).normal(SIDE / 2, 900, (2, COUNT)).clip(0, SIDE - 1)
    return x, np.sort(y)[::-1]


def frames() -> dict[str, BandImage]:
    """Five mosaics of noise on NGC 1566's frame."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [65.00142698, -54.93776304]
    wcs.wcs.crpix = [3110.035, 3113.452]
    wcs.wcs.cdelt = [-0.0396 / 3600, 0.0396 / 3600]
    rng = np.random.default_rng(1)
    return {
        band: BandImage(rng.standard_normal((SIDE, SIDE), dtype=np.float32), wcs) for band in BANDS
    }


def astropy_with_wcs(
    mosaics: Mapping[str, BandImage], x: Positions, y: Positions, out: Stamps
) -> None:
    """The plain loop."""
    for row, place in enumerate(zip(x, y, strict=True)):
        for k, band in enumerate(BANDS):
            image, wcs = mosaics[band].image, mosaics[band].wcs
            cutout = Cutout2D(image, place, SIZE, wcs=wcs, mode="partial", fill_value=np.nan)
            out[row, k] = cutout.data


def astropy_without_wcs(
    mosaics: Mapping[str, BandImage], x: Positions, y: Positions, out: Stamps
) -> None:
    """The plain loop for those who need pixels only."""
    for row, place in enumerate(zip(x, y, strict=True)):
        for k, band in enumerate(BANDS):
            image = mosaics[band].image
            out[row, k] = Cutout2D(image, place, SIZE, mode="partial", fill_value=np.nan).data


def slices_alone(mosaics: Mapping[str, BandImage], x: Positions, y: Positions, out: Stamps) -> None:
    """numpy slices of stamps that lie inside: what memory allows, without any checks."""
    left, bottom = (np.ceil(p - SIZE / 2).astype(int) for p in (x, y))
    for row in range(len(x)):
        for k, band in enumerate(BANDS):
            x0, y0 = left[row], bottom[row]
            out[row, k] = mosaics[band].image[y0 : y0 + SIZE, x0 : x0 + SIZE]


def measure(
    mosaics: Mapping[str, BandImage], x: Positions, y: Positions, cuts: list[Cut]
) -> Seconds:
    """Seconds of each cut, and of ours under the key None, for each block (best of ROUNDS)."""
    spent: Seconds = defaultdict(lambda: defaultdict(lambda: math.inf))
    observed = np.ones((len(x), len(BANDS)), dtype=bool)
    theirs = {cut: np.zeros((SHARD, len(BANDS), SIZE, SIZE), np.float32) for cut in cuts}
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for first, block in stamp_blocks(mosaics, x, y, observed):
            spent[None][first] = min(spent[None][first], time.perf_counter() - start)
            rows = slice(first, first + len(block))
            for cut in cuts:
                out = theirs[cut][: len(block)]
                start = time.perf_counter()
                cut(mosaics, x[rows], y[rows], out)
                spent[cut][first] = min(spent[cut][first], time.perf_counter() - start)
                np.testing.assert_array_equal(out, block)
            start = time.perf_counter()
    return spent


def main() -> None:
    """Measure all, check that they agree, and append the figures to `bench/stamps.jsonl`."""
    mosaics, (x, y) = frames(), positions()
    cuts: list[Cut] = [astropy_with_wcs, astropy_without_wcs]
    if min(x.min(), y.min()) > SIZE and max(x.max(), y.max()) < SIDE - SIZE:
        cuts.append(slices_alone)
    seconds = {cut: sum(blocks.values()) for cut, blocks in measure(mosaics, x, y, cuts).items()}
    for cut in cuts:
        record(
            f"five-band stamps of {len(x)} candidates, against {cut.__name__.replace('_', ' ')}",
            len(x) / seconds[None],
            "candidates/s",
            len(x) / seconds[cut],
            file="stamps",
        )


if __name__ == "__main__":
    main()
