"""Colours: five Vega magnitudes relative to V, in the order of `classifier.core.bands.BANDS`.

Clusters: rounded medians by age of the reddening-corrected colours that LEGUS published for
NGC 1566, continued to old ages by single stellar populations of solar metallicity. Stars: the
main sequence and supergiants of Pickles 1998, PASP 110, 863, rounded.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Magnitudes: TypeAlias = NDArray[np.float64]

# Age in Myr, then NUV-V, U-V, B-V, V-I.
_BY_AGE = np.array(
    [
        [1, -2.35, -1.85, -0.23, -0.23],
        [5, -1.75, -1.35, -0.15, 0.00],
        [8, -1.70, -1.30, 0.03, 0.47],
        [15, -1.58, -1.19, -0.10, 0.31],
        [35, -1.10, -0.76, -0.13, 0.13],
        [75, -0.48, -0.44, -0.10, 0.15],
        [150, -0.10, -0.10, -0.05, 0.20],
        [400, 0.50, 0.20, 0.12, 0.42],
        [1000, 1.10, 0.45, 0.35, 0.65],
        [3000, 2.00, 0.80, 0.65, 0.90],
        [12000, 3.00, 1.20, 0.85, 1.10],
    ]
)

# Position on the spectral sequence (0 = O, 1 = B5, … 6 = M2 supergiant), then the same colours.
_BY_TYPE = np.array(
    [
        [0, -1.90, -1.50, -0.30, -0.30],
        [1, -0.90, -0.65, -0.16, -0.15],
        [2, 0.00, 0.00, 0.00, 0.00],
        [3, 0.90, 0.45, 0.45, 0.50],
        [4, 2.20, 0.90, 0.70, 0.75],
        [5, 4.00, 1.95, 1.05, 1.05],
        [6, 6.00, 3.40, 1.60, 2.00],
    ]
)

EXTINCTION = np.array([6.2, 5.0, 4.1, 3.2, 1.85])
"""Magnitudes of extinction per magnitude of E(B-V), NUV to I."""


def _relative(
    table: NDArray[np.float64], key: NDArray[np.float64], position: NDArray[np.float64]
) -> Magnitudes:
    nuv, u, b, v_i = (np.interp(position, key, table[:, column]) for column in range(1, 5))
    return np.array([nuv, u, b, np.zeros_like(v_i), -v_i])


def cluster(age_myr: float, reddening: float) -> Magnitudes:
    """Return the magnitudes (5,) of a cluster relative to its V, reddened by E(B-V)."""
    intrinsic = _relative(_BY_AGE, np.log10(_BY_AGE[:, 0]), np.asarray(np.log10(age_myr)))
    reddened: Magnitudes = intrinsic + reddening * (EXTINCTION - EXTINCTION[3])
    return reddened


def stars(spectral_types: NDArray[np.float64], reddening: float = 0.05) -> Magnitudes:
    """Return the magnitudes (5, N) of stars relative to their V: type 0 is O, 2 A0, 6 M2."""
    intrinsic = _relative(_BY_TYPE, _BY_TYPE[:, 0], spectral_types)
    reddened: Magnitudes = intrinsic + reddening * (EXTINCTION - EXTINCTION[3])[:, None]
    return reddened
