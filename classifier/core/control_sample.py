"""The control sample: the candidates on which networks are measured, and never trained.

A candidate's side depends on the field's name and either its catalogue id (a random control sample)
or its position (sky cells), so that it never changes.

Sky cells are squares of the field's reference frame. Every fifth cell is a control cell, in a
lattice in which no two of them touch along a side; the field's name shifts the lattice. Candidates
of the training pool within a guard's width of a control cell are not trained on, so that no stamp
of the control sample shares a pixel with one of the training.

Shapes   N candidates; x, y (N,) are px, finite; 0 is the centre of the first pixel.
"""

from hashlib import sha256
from itertools import product

import numpy as np
from numpy.typing import NDArray

CONTROL_SHARE = 0.2
"""Share of the candidates in the control sample (Wei et al. 2020: 80 % / 20 %)."""


def name_hash(salt: str, field: str, catalogue_id: str) -> int:
    """Return a pseudo-random number in [0, 2**63), a hash of the names."""
    text = f"asterism/{salt}/1\0{field}\0{catalogue_id}"
    return int.from_bytes(sha256(text.encode()).digest()[:8]) >> 1


def in_control_sample(field: str, catalogue_id: str, share: float = CONTROL_SHARE) -> bool:
    """True if the candidate is in the control sample, False if it is in the training pool."""
    return name_hash("control", field, catalogue_id) < share * 2**63


CELL_PX = 500
"""Side of a sky cell: 20 arcsec on WFC3, five stored stamps."""

GUARD_PX = 100
"""Width of the guard around a control cell: the side of a stored stamp."""

_PERIOD = round(1 / CONTROL_SHARE)
_STEP = 2
"""Columns of the lattice by which a row is shifted, so that control cells do not touch."""


def sky_cells(x_N: NDArray[np.float64], y_N: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return column and row (N, 2) of the sky cell of each position."""
    return np.floor(np.column_stack([x_N, y_N]) / CELL_PX).astype(np.int64)


def sky_groups(x_N: NDArray[np.float64], y_N: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a number (N,) from 0 up for each position: those in one sky cell have the same."""
    _, group_N = np.unique(sky_cells(x_N, y_N), axis=0, return_inverse=True)
    return np.asarray(group_N, dtype=np.int64).ravel()


def in_control_cell(
    field: str, x_N: NDArray[np.float64], y_N: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return True (N,) for positions in a control cell of the field."""
    column_N, row_N = sky_cells(x_N, y_N).T
    shift = name_hash("cells", field, "") % _PERIOD
    return np.asarray((_STEP * column_N + row_N + shift) % _PERIOD == 0)


def near_control_cell(
    field: str, x_N: NDArray[np.float64], y_N: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return True (N,) for positions in a control cell or within the guard around one."""
    near_N = np.zeros(len(x_N), dtype=bool)
    # A guard is narrower than a cell, so that these nine positions reach all cells near.
    for dx, dy in product((-GUARD_PX, 0, GUARD_PX), repeat=2):
        near_N |= in_control_cell(field, x_N + dx, y_N + dy)
    return near_N
