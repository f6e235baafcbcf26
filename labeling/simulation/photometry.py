"""Aperture correction of simulated mosaics, as LEGUS makes one for a whole galaxy.

Source: Adamo et al. 2017, ApJ 841, 131, section 3.
"""

import numpy as np
from numpy.typing import NDArray

from labeling.imaging.photometry import measure_flux
from labeling.simulation.profiles import EFF, draw
from labeling.simulation.scene import add_patch, convolve


def aperture_correction(psf: NDArray[np.float32], half_light: float) -> float:
    """Return the total minus the 4 px magnitude of a typical round cluster."""
    plane = np.zeros((121, 121), dtype=np.float32)
    add_patch(plane, draw(EFF.of_half_light(half_light, 3.0), (60.0, 60.0)), 1.0)
    centre = np.array([60.0])
    within = measure_flux(convolve(plane, psf), centre, centre).flux[0]
    return float(2.5 * np.log10(within))
