"""Profiles against their analytic integrals, and their images by `draw`."""

import numpy as np
import pytest
from scipy.integrate import quad

from labeling.simulation.profiles import EFF, PIXEL_SIGMA, King, Profile, Sersic, draw

PROFILES = [EFF(1.3, 3.0), King(0.8, 9.0), Sersic(2.0, 0.5), Sersic(3.0, 1.0), Sersic(2.5, 3.0)]


@pytest.mark.parametrize("profile", PROFILES, ids=repr)
@pytest.mark.parametrize("radius", [0.5, 2.0, 7.0])
def test_the_enclosed_flux_is_the_integral_of_the_surface(profile: Profile, radius: float) -> None:
    integral, _ = quad(
        lambda r: 2.0 * np.pi * r * float(profile.surface(np.array(r))), 0.0, radius, limit=200
    )
    assert integral == pytest.approx(profile.enclosed(radius), rel=1e-6)


def test_the_flux_of_eff_is_its_closed_form() -> None:
    # Elson, Fall & Freeman 1987: L = 2 pi a^2 S0 / (slope - 2).
    profile = EFF(a=1.7, slope=3.4)
    centre = float(profile.surface(np.array(0.0)))
    assert 2.0 * np.pi * 1.7**2 * centre / 1.4 == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("profile", [EFF.of_half_light(2.2, 2.7), Sersic(2.2, 1.0)], ids=repr)
def test_half_of_the_flux_is_within_the_half_light_radius(profile: Profile) -> None:
    assert profile.enclosed(2.2) == pytest.approx(0.5, abs=1e-9)


def test_king_ends_at_its_tidal_radius() -> None:
    profile = King(core=1.0, tidal=6.0)
    assert profile.enclosed(6.0) == pytest.approx(1.0)
    assert profile.surface(np.array([6.0, 9.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("values", [(0.0, 3.0), (1.0, 2.0)])
def test_it_rejects_an_eff_profile_of_infinite_flux(values: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="finite flux"):
        EFF(*values)


def test_a_drawn_profile_has_unit_flux_at_its_position() -> None:
    patch = draw(EFF.of_half_light(1.5, 3.5), (20.3, 31.8), axis_ratio=0.6, angle=0.4)
    y, x = np.indices(patch.image.shape)
    assert patch.image.sum() == pytest.approx(1.0, abs=1e-5)
    assert (patch.image * (x + patch.x0)).sum() == pytest.approx(20.3, abs=0.02)
    assert (patch.image * (y + patch.y0)).sum() == pytest.approx(31.8, abs=0.02)


def test_a_drawn_gaussian_has_the_given_width_axis_ratio_and_angle() -> None:
    # Sersic 0.5 is a Gaussian whose half-light radius is 1.1774 sigma.
    sigma, ratio, angle = 2.0, 0.5, 0.6
    patch = draw(Sersic(1.17741 * sigma, 0.5), (40.0, 40.0), ratio, angle, largest=30)
    y, x = np.indices(patch.image.shape)
    dx, dy = x + patch.x0 - 40.0, y + patch.y0 - 40.0
    light = patch.image / patch.image.sum()
    covariance = np.array([[(light * a * b).sum() for a in (dx, dy)] for b in (dx, dy)]) - np.eye(
        2
    ) * (PIXEL_SIGMA**2 + 1.0 / 12.0)
    small, large = np.linalg.eigvalsh(covariance)
    # The patch ends at 95 % of the flux, so it is a little narrower than the whole Gaussian.
    assert np.sqrt(small / large) == pytest.approx(ratio, abs=0.05)
    assert (small * large) ** 0.25 == pytest.approx(sigma, rel=0.12)
    tilt = 0.5 * np.arctan2(2.0 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])
    assert tilt == pytest.approx(angle, abs=0.02)
