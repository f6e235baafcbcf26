"""Example pictures of the classes for the guide, from a field without votes."""

from pathlib import Path

import numpy as np
from astropy.stats import mad_std
from astropy.table import join
from numpy.typing import NDArray

from classifier.core.atomic_files import write_atomically
from labeling.imaging.rgb import encode_png, lupton_rgb, normalise_to_noise
from labeling.imaging.stamps import cut_stamps
from labeling.simulation.field import SimulatedField, simulate_field

SEED = 2718
SIDE_PX = 50
KINDS = {
    1: ("symmetric", "symmetric", "symmetric"),
    2: ("elongated", "lopsided", "tailed"),
    3: ("association", "association", "association"),
    4: ("star", "pair", "galaxy"),
}
_BRIGHTEST = 20.8
"""Magnitude in V; brighter objects are not typical candidates."""


def draw_examples(directory: Path) -> dict[str, Path]:
    """Write three colour pictures of 50 px of each class; return the paths by file name."""
    field = simulate_field(SEED)
    candidates = join(field.catalogue, field.truth, keys="id")
    candidates = candidates[np.asarray(np.ma.filled(candidates["mag_F555W"], 99.0)) > _BRIGHTEST]
    candidates.sort("mag_F555W")
    paths = {}
    for label, kinds in KINDS.items():
        for number, kind in enumerate(kinds):
            row = candidates[candidates["subtype"] == kind][kinds[:number].count(kind)]
            path = directory / f"class-{label}-{number + 1}.png"
            write_atomically(path, encode_png(_picture(field, row["x"] - 1, row["y"] - 1)))
            paths[path.name] = path
    return paths


def _picture(field: SimulatedField, x: float, y: float) -> NDArray[np.uint8]:
    """Return the colour picture (y, x, 3) around a position (px from 0), row 0 at the bottom."""
    bands = {}
    for band, hdu in field.mosaics.items():
        stamp = cut_stamps(hdu.data, np.array([x]), np.array([y]), SIDE_PX)[0]
        bands[band] = normalise_to_noise(stamp, float(mad_std(hdu.data)))
    return lupton_rgb(bands, (SIDE_PX, SIDE_PX))
