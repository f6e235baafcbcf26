"""How objects of each class are put together from parts.

Every recipe takes the object's total flux, (5,) electrons/s, and a length in pixels, and returns
parts whose fluxes add up to that total in each band. The borders between the classes are as
blurred as they are on the sky: a round asymmetric cluster and a flattened symmetric one meet.
"""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from labeling.simulation.profiles import EFF, King, Profile, Sersic
from labeling.simulation.scene import Component, Fluxes

Recipe = Callable[[np.random.Generator, Fluxes, float], list[Component]]


def split_flux(
    rng: np.random.Generator, flux: Fluxes, shares: NDArray[np.float64], scatter: float
) -> Fluxes:
    """The flux split over K parts, (K, 5); `scatter` in magnitudes varies the parts' colours."""
    # A part is bluer or redder as a whole: the scatter grows along the bands.
    slope = rng.normal(0.0, scatter, (len(shares), 1)) * np.linspace(-1.0, 1.0, len(flux))
    weights = shares[:, None] * 10.0 ** (-0.4 * slope)
    divided_flux: Fluxes = flux * weights / weights.sum(axis=0)
    return divided_flux


def round_profile(rng: np.random.Generator, radius: float) -> Profile:
    """A cluster's profile with this half-light radius (px): mostly EFF, a third King."""
    if rng.random() < 0.67:
        return EFF.of_half_light(radius, rng.uniform(2.6, 4.0))
    return King(core=0.45 * radius, tidal=7.0 * radius)


def symmetric(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 1: one profile, nearly round."""
    ratio, angle = rng.uniform(0.82, 1.0), rng.uniform(0.0, np.pi)
    return [Component(flux, profile=round_profile(rng, radius), axis_ratio=ratio, angle=angle)]


def elongated(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 2: one profile, flattened, or two of different flattening on one centre."""
    angle = rng.uniform(0.0, np.pi)
    inner, outer = split_flux(rng, flux, np.array([0.6, 0.4]), 0.1)
    ratio = rng.uniform(0.35, 0.72)
    core = Component(inner, profile=round_profile(rng, radius), axis_ratio=ratio, angle=angle)
    halo = Component(
        outer,
        profile=round_profile(rng, 1.6 * radius),
        axis_ratio=rng.uniform(0.4, 0.9),
        angle=angle + rng.normal(0.0, 0.3),
    )
    return [core, halo]


def lopsided(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 2: one peak, with blended knots on one side of it."""
    knots = int(rng.integers(1, 4))
    shares = np.concatenate([[1.0], rng.uniform(0.15, 0.5, knots)])
    parts = split_flux(rng, flux, shares, 0.15)
    side = rng.uniform(0.0, 2.0 * np.pi)
    main = Component(parts[0], profile=round_profile(rng, radius), axis_ratio=rng.uniform(0.7, 1.0))
    return [main, *(_aside(rng, part, side, 1.1 * radius + 0.9, radius) for part in parts[1:])]


def _aside(
    rng: np.random.Generator, flux: Fluxes, side: float, distance: float, radius: float
) -> Component:
    away = distance * rng.uniform(0.8, 1.6)
    angle = side + rng.normal(0.0, 0.6)
    return Component(
        flux,
        dx=away * np.cos(angle),
        dy=away * np.sin(angle),
        profile=EFF.of_half_light(rng.uniform(0.5, 1.2) * radius, 3.0),
    )


def tailed(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 2: a peak with a curved tail that fades."""
    length = int(rng.integers(3, 6))
    shares = np.concatenate([[1.0], 0.4 * 0.7 ** np.arange(length)])
    parts = split_flux(rng, flux, shares, 0.12)
    bearing, bend = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(-0.35, 0.35)
    tail, x, y = [], 0.0, 0.0
    for step, part in enumerate(parts[1:]):
        x += (0.7 * radius + 0.7) * np.cos(bearing + step * bend)
        y += (0.7 * radius + 0.7) * np.sin(bearing + step * bend)
        tail.append(Component(part, dx=x, dy=y, profile=EFF.of_half_light(0.8 * radius, 3.2)))
    return [Component(parts[0], profile=round_profile(rng, radius)), *tail]


def association(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 3: 4 to 15 sources on diffuse light; `radius` is the spread of the sources."""
    count = int(rng.integers(4, 16))
    bright = 1.0 / np.clip(rng.random(count), 0.08, 1.0) ** 0.6
    bright[np.argsort(bright)[::-1][1:3]] = bright.max() * rng.uniform(0.45, 0.95, 2)
    diffuse = rng.uniform(0.2, 0.5)
    shares = np.append((1.0 - diffuse) * bright / bright.sum(), diffuse)
    parts = split_flux(rng, flux, shares, 0.2)
    dx, dy = rng.normal(0.0, radius, (2, count)) * rng.uniform(0.6, 1.4, (2, 1))
    # The survey finds the brightest source: it is what the position names.
    first = int(bright.argmax())
    dx, dy = dx - dx[first], dy - dy[first]
    sources = [
        Component(part, dx=x, dy=y, profile=_knot(rng))
        for part, x, y in zip(parts[:-1], dx, dy, strict=True)
    ]
    haze = Component(
        parts[-1],
        dx=float(dx.mean()),
        dy=float(dy.mean()),
        profile=Sersic(1.4 * radius, 0.6),
        axis_ratio=rng.uniform(0.5, 1.0),
        angle=rng.uniform(0.0, np.pi),
    )
    return [haze, *sources]


def _knot(rng: np.random.Generator) -> Profile | None:
    return EFF.of_half_light(rng.uniform(0.3, 0.9), 3.0) if rng.random() < 0.35 else None


def lone_star(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 4: a point; the length means nothing."""
    return [Component(flux)]


def close_pair(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 4: two or three stars that touch; `radius` is their separation."""
    count = int(rng.choice([2, 2, 3]))
    shares = np.concatenate([[1.0], rng.uniform(0.3, 0.95, count - 1)])
    parts = split_flux(rng, flux, shares, 0.5)
    angles = rng.uniform(0.0, 2.0 * np.pi) + np.append(0.0, rng.uniform(1.0, 5.0, count - 2))
    away = radius * rng.uniform(0.8, 1.25, count - 1)
    others = zip(parts[1:], away * np.cos(angles), away * np.sin(angles), strict=True)
    return [Component(parts[0]), *(Component(part, dx=x, dy=y) for part, x, y in others)]


def background_galaxy(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 4: an elliptical, or a bulge in a disc with knots along two arms."""
    ratio, angle = rng.uniform(0.3, 0.9), rng.uniform(0.0, np.pi)
    if rng.random() < 0.4:
        return [Component(flux, profile=Sersic(radius, 3.0), axis_ratio=ratio, angle=angle)]
    knots = 12
    shares = np.concatenate([[0.3, 0.5], np.full(knots, 0.2 / knots)])
    parts = split_flux(rng, flux, shares, 0.25)
    along = np.repeat(np.linspace(0.6, 2.0, knots // 2), 2) * radius
    turn = 1.5 * np.log(along) + np.pi * (np.arange(knots) % 2)
    u, v = along * np.cos(turn), along * np.sin(turn) * ratio
    x, y = u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)
    bulge = Component(parts[0], profile=Sersic(0.35 * radius, 2.0), axis_ratio=0.9, angle=angle)
    disc = Component(parts[1], profile=Sersic(radius, 1.0), axis_ratio=ratio, angle=angle)
    arms = [Component(part, dx=a, dy=b) for part, a, b in zip(parts[2:], x, y, strict=True)]
    return [bulge, disc, *arms]


def faint_patch(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Class 4: a smooth fluctuation of the galaxy's light that was taken for an object."""
    profile = Sersic(1.5 * radius, 0.6)
    ratio, angle = rng.uniform(0.4, 1.0), rng.uniform(0.0, np.pi)
    seed, haze = split_flux(rng, flux, np.array([0.25, 0.75]), 0.2)
    return [Component(haze, profile=profile, axis_ratio=ratio, angle=angle), Component(seed)]


RECIPES: MappingProxyType[str, Recipe] = MappingProxyType(
    {
        "symmetric": symmetric,
        "elongated": elongated,
        "lopsided": lopsided,
        "tailed": tailed,
        "association": association,
        "star": lone_star,
        "pair": close_pair,
        "galaxy": background_galaxy,
        "patch": faint_patch,
    }
)
"""Every kind of object that light makes, by the subtype under which the truth names it."""
