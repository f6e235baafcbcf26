"""Which stamps share sky with others: the squares that a network sees overlap.

Two squares of `width` px about two positions overlap where the positions differ by less than the
width along x and along y (Chebyshev distance).

Shapes   N and M positions of one frame, in px; rows with NaN share sky with nothing.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Points = NDArray[np.float64]


def nearest_distance(points_N2: Points, others_M2: Points) -> NDArray[np.float64]:
    """Return the Chebyshev distance (N,) to the nearest of the others; infinite without one."""
    distance_N = np.full(len(points_N2), np.inf)
    usable_N = np.isfinite(points_N2).all(axis=1)
    # KD-trees of many equal points are slow.
    others = np.unique(others_M2[np.isfinite(others_M2).all(axis=1)], axis=0)
    if usable_N.any() and len(others):
        distance_N[usable_N], _ = KDTree(others).query(points_N2[usable_N], p=np.inf)
    return distance_N


def unit_vectors(sky_N2: Points) -> Points:
    """Return directions (N, 3) of positions (RA, Dec) in degrees; NaN where one is not known."""
    ra, dec = np.radians(sky_N2.T)
    cosine = np.cos(dec)
    return np.column_stack([cosine * np.cos(ra), cosine * np.sin(ra), np.sin(dec)])


def shares_sky(points_N2: Points, others_M2: Points, width: float) -> NDArray[np.bool_]:
    """Return True (N,) where the square of `width` px overlaps that of any of the others."""
    return np.asarray(nearest_distance(points_N2, others_M2) < width)
