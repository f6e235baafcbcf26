"""The components of objects of each class.

A recipe takes the total flux of an object, (5,) electrons/s, and a length in pixels, and returns
components whose fluxes have this sum in each band. The classes overlap as they do on the sky: the
roundest asymmetric clusters look like the flattest symmetric ones.
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
    """Split the flux over K components, (K, 5); `scatter` in magnitudes varies their colours."""
    # The offsets change linearly along the bands: a component is bluer or redder as a whole.
    slope = rng.normal(0.0, scatter, (len(shares), 1)) * np.linspace(-1.0, 1.0, len(flux))
    weights = shares[:, None] * 10.0 ** (-0.4 * slope)
    divided_flux: Fluxes = flux * weights / weights.sum(axis=0)
    return divided_flux


def round_profile(rng: np.random.Generator, radius: float) -> Profile:
    """Return a cluster's profile of this half-light radius (px): two thirds EFF, a third King."""
    if rng.random() < 0.67:
        return EFF.of_half_light(radius, rng.uniform(2.6, 4.0))
    return King(core=0.45 * radius, tidal=7.0 * radius)


def symmetric(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Return a cluster of class 1: one profile, nearly round."""
    ratio, angle = rng.uniform(0.82, 1.0), rng.uniform(0.0, np.pi)
    return [Component(flux, profile=round_profile(rng, radius), axis_ratio=ratio, angle=angle)]


def elongated(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Return a cluster of class 2: two flattened profiles with one centre."""
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
    """Return a cluster of class 2: one peak, with blended knots on one side."""
    knots = int(rng.integers(1, 4))
    shares = np.concatenate([[1.0], rng.uniform(0.15, 0.5, knots)])
    fluxes = split_flux(rng, flux, shares, 0.15)
    side = rng.uniform(0.0, 2.0 * np.pi)
    main = Component(
        fluxes[0], profile=round_profile(rng, radius), axis_ratio=rng.uniform(0.7, 1.0)
    )
    return [
        main,
        *(
            _blended_knot(rng, component_flux, side, 1.1 * radius + 0.9, radius)
            for component_flux in fluxes[1:]
        ),
    ]


def _blended_knot(
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
    """Return a cluster of class 2: a peak with a curved, fading tail."""
    length = int(rng.integers(3, 6))
    shares = np.concatenate([[1.0], 0.4 * 0.7 ** np.arange(length)])
    fluxes = split_flux(rng, flux, shares, 0.12)
    bearing, bend = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(-0.35, 0.35)
    tail, x, y = [], 0.0, 0.0
    for step, component_flux in enumerate(fluxes[1:]):
        x += (0.7 * radius + 0.7) * np.cos(bearing + step * bend)
        y += (0.7 * radius + 0.7) * np.sin(bearing + step * bend)
        tail.append(
            Component(component_flux, dx=x, dy=y, profile=EFF.of_half_light(0.8 * radius, 3.2))
        )
    return [Component(fluxes[0], profile=round_profile(rng, radius)), *tail]


def association(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Return an association: 4 to 15 sources with spread `radius`, on diffuse light."""
    count = int(rng.integers(4, 16))
    bright = 1.0 / np.clip(rng.random(count), 0.08, 1.0) ** 0.6
    bright[np.argsort(bright)[::-1][1:3]] = bright.max() * rng.uniform(0.45, 0.95, 2)
    diffuse = rng.uniform(0.2, 0.5)
    shares = np.append((1.0 - diffuse) * bright / bright.sum(), diffuse)
    fluxes = split_flux(rng, flux, shares, 0.2)
    dx, dy = rng.normal(0.0, radius, (2, count)) * rng.uniform(0.6, 1.4, (2, 1))
    # The position of an association is that of its brightest source, which a survey detects.
    first = int(bright.argmax())
    dx, dy = dx - dx[first], dy - dy[first]
    sources = [
        Component(component_flux, dx=x, dy=y, profile=_knot_profile(rng))
        for component_flux, x, y in zip(fluxes[:-1], dx, dy, strict=True)
    ]
    haze = Component(
        fluxes[-1],
        dx=float(dx.mean()),
        dy=float(dy.mean()),
        profile=Sersic(1.4 * radius, 0.6),
        axis_ratio=rng.uniform(0.5, 1.0),
        angle=rng.uniform(0.0, np.pi),
    )
    return [haze, *sources]


def _knot_profile(rng: np.random.Generator) -> Profile | None:
    return EFF.of_half_light(rng.uniform(0.3, 0.9), 3.0) if rng.random() < 0.35 else None


def lone_star(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Return a star, of class 4: a point; the length is not used."""
    return [Component(flux)]


def close_pair(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Return an object of class 4: two or three blended stars, `radius` apart."""
    count = int(rng.choice([2, 2, 3]))
    shares = np.concatenate([[1.0], rng.uniform(0.3, 0.95, count - 1)])
    fluxes = split_flux(rng, flux, shares, 0.5)
    angles = rng.uniform(0.0, 2.0 * np.pi) + np.append(0.0, rng.uniform(1.0, 5.0, count - 2))
    away = radius * rng.uniform(0.8, 1.25, count - 1)
    companions = zip(fluxes[1:], away * np.cos(angles), away * np.sin(angles), strict=True)
    return [Component(fluxes[0]), *(Component(f, dx=x, dy=y) for f, x, y in companions)]


def background_galaxy(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Return a galaxy, of class 4: an elliptical, or bulge and disc with knots in two arms."""
    ratio, angle = rng.uniform(0.3, 0.9), rng.uniform(0.0, np.pi)
    if rng.random() < 0.4:
        return [Component(flux, profile=Sersic(radius, 3.0), axis_ratio=ratio, angle=angle)]
    knots = 12
    shares = np.concatenate([[0.3, 0.5], np.full(knots, 0.2 / knots)])
    fluxes = split_flux(rng, flux, shares, 0.25)
    along = np.repeat(np.linspace(0.6, 2.0, knots // 2), 2) * radius
    turn = 1.5 * np.log(along) + np.pi * (np.arange(knots) % 2)
    u, v = along * np.cos(turn), along * np.sin(turn) * ratio
    x, y = u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)
    bulge = Component(fluxes[0], profile=Sersic(0.35 * radius, 2.0), axis_ratio=0.9, angle=angle)
    disc = Component(fluxes[1], profile=Sersic(radius, 1.0), axis_ratio=ratio, angle=angle)
    arms = [Component(f, dx=a, dy=b) for f, a, b in zip(fluxes[2:], x, y, strict=True)]
    return [bulge, disc, *arms]


def faint_patch(rng: np.random.Generator, flux: Fluxes, radius: float) -> list[Component]:
    """Return an object of class 4: a smooth fluctuation of the galaxy's light."""
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
"""The recipe of each kind of object, by the subtype in the table of true classes."""
