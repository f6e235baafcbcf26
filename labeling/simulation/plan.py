"""Choose the objects of a simulated field: class, kind, position and light of each candidate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import MorphologicalClass
from labeling.simulation import seds
from labeling.simulation.artefacts import ChipGap
from labeling.simulation.background import Galaxy
from labeling.simulation.instrument import ZeroPoint
from labeling.simulation.recipes import RECIPES
from labeling.simulation.scene import Component, Fluxes
from labeling.simulation.stars import (
    SaturatedStar,
    field_stars,
    fluxes_of,
    luminosity_function,
)

SHARES = MappingProxyType(
    {
        MorphologicalClass.SYMMETRIC: 0.16,
        MorphologicalClass.ASYMMETRIC: 0.21,
        MorphologicalClass.ASSOCIATION: 0.20,
        MorphologicalClass.NOT_CLUSTER: 0.43,
    }
)
"""Shares of the classes by three people in LEGUS's fields (Wei et al. 2020, table 2)."""

KINDS = MappingProxyType(
    {
        MorphologicalClass.SYMMETRIC: {"symmetric": 1.0},
        MorphologicalClass.ASYMMETRIC: {"elongated": 0.4, "lopsided": 0.4, "tailed": 0.2},
        MorphologicalClass.ASSOCIATION: {"association": 1.0},
        MorphologicalClass.NOT_CLUSTER: {
            "star": 0.22,
            "pair": 0.32,
            "galaxy": 0.12,
            "spike": 0.07,
            "cosmic ray": 0.13,
            "hot pixel": 0.05,
            "patch": 0.09,
        },
    }
)
"""Share of each kind within its class."""

EVENLY = MappingProxyType(
    {"symmetric": 0.6, "star": 0.4, "pair": 0.1, "galaxy": 1.0, "cosmic ray": 0.6, "hot pixel": 0.6}
)
"""Share of a kind's objects that ignore the spiral arms; 0.06 for other kinds."""

LOG_AGE = MappingProxyType(
    {
        MorphologicalClass.SYMMETRIC: (1.95, 0.75),
        MorphologicalClass.ASYMMETRIC: (1.15, 0.5),
        MorphologicalClass.ASSOCIATION: (0.75, 0.35),
    }
)
"""Mean and scatter of log10(age/Myr), which give the classes their colours in NGC 1566."""

LIMITS = MappingProxyType({"association": (20.2, 22.6), "patch": (22.4, 24.2)})
"""Range of V magnitudes of a kind's objects; 20.2 to 23.4 for other kinds."""

MARGIN, SPACING, GLARE = 20.0, 13.0, 22.0
"""Least distance in px of a candidate to the edge, another candidate, a saturated star."""


@dataclass(frozen=True)
class PlannedCandidate:
    """A candidate: true position (from 0), class, kind, and the components of its light."""

    x: float
    y: float
    label: MorphologicalClass
    kind: str
    components: list[Component]


@dataclass
class Planner:
    """Draws the candidates of one field, at a distance from each other."""

    rng: np.random.Generator
    galaxy: Galaxy
    gap: ChipGap
    saturated: list[SaturatedStar]
    zero_points: Mapping[str, ZeroPoint]
    pixels_per_parsec: float
    _positions: list[tuple[float, float]] = field(default_factory=list)

    def plan(self, candidates: int) -> list[PlannedCandidate]:
        """Return all candidates, in random order."""
        labels = self._draw_labels(list(SHARES), list(SHARES.values()), candidates)
        planned = []
        for label in labels:
            kinds = KINDS[MorphologicalClass(label)]
            kind = str(self.rng.choice(list(kinds), p=list(kinds.values())))
            x, y = self._draw_position(kind)
            components = self._draw_components(MorphologicalClass(label), kind)
            planned.append(PlannedCandidate(x, y, MorphologicalClass(label), kind, components))
        return planned

    def _draw_labels(
        self, names: list[MorphologicalClass], shares: list[float], count: int
    ) -> NDArray[np.int64]:
        # Exact numbers rather than draws, so that a small field has every class.
        bounds = np.rint(np.cumsum(shares) * count).astype(int)
        numbers = np.diff(np.append(0, bounds))
        return self.rng.permutation(np.repeat([int(name) for name in names], numbers))

    def _draw_position(self, kind: str) -> tuple[float, float]:
        for attempt in range(400):
            x, y = self._propose_position(kind if attempt < 200 else "galaxy")
            if self._is_free(x, y):
                self._positions.append((x, y))
                return x, y
        raise ValueError(
            f"no room for another candidate after {len(self._positions)}: "
            "ask for fewer candidates or a larger shape"
        )

    def _propose_position(self, kind: str) -> tuple[float, float]:
        if kind == "spike" and self.saturated:
            star = self.saturated[int(self.rng.integers(len(self.saturated)))]
            return star.bead(int(self.rng.integers(4)), int(self.rng.integers(4)))
        if kind == "cosmic ray" and self.rng.random() < 0.7:
            xs, ys = self.gap.scatter(self.rng, 1, float(max(self.galaxy.shape)))
        else:
            xs, ys = self.galaxy.scatter(self.rng, 1, EVENLY.get(kind, 0.06))
        return float(xs[0]), float(ys[0])

    def _is_free(self, x: float, y: float) -> bool:
        height, width = self.galaxy.shape
        if not (MARGIN <= x < width - MARGIN and MARGIN <= y < height - MARGIN):
            return False
        obstacles = [(*position, SPACING) for position in self._positions]
        obstacles += [(star.x, star.y, GLARE) for star in self.saturated]
        return all(math.hypot(ox - x, oy - y) >= least for ox, oy, least in obstacles)

    def _draw_components(self, label: MorphologicalClass, kind: str) -> list[Component]:
        if kind == "spike":
            return []
        if kind in {"cosmic ray", "hot pixel"}:
            # A survey detects it in four bands only with a faint star at the same position.
            return RECIPES["star"](self.rng, self._draw_starlight(23.6, 25.2), 0.0)
        return RECIPES[kind](self.rng, self._draw_flux(label, kind), self._draw_length(kind))

    def _draw_flux(self, label: MorphologicalClass, kind: str) -> Fluxes:
        if kind in {"star", "pair"}:
            return self._draw_starlight(21.0, 23.7)
        bright, faint = LIMITS.get(kind, (20.2, 23.4))
        if kind in {"galaxy", "patch"}:
            log_age = self.rng.uniform(3.0, 4.0) if kind == "galaxy" else self.rng.uniform(1.0, 3.5)
        else:
            mean, scatter = LOG_AGE[label]
            log_age = float(np.clip(self.rng.normal(mean, scatter), 0.2, 4.05))
        colours = seds.cluster(10.0**log_age, self.rng.exponential(0.1))
        magnitude = float(luminosity_function(self.rng, 1, bright, faint)[0])
        return fluxes_of(magnitude + colours, self.zero_points)

    def _draw_starlight(self, bright: float, faint: float) -> Fluxes:
        magnitude = luminosity_function(self.rng, 1, bright, faint)
        return field_stars(self.rng, magnitude, 0.65, self.zero_points)[:, 0]

    def _draw_length(self, kind: str) -> float:
        if kind == "pair":
            return self.rng.uniform(1.0, 3.2)
        if kind in {"galaxy", "patch"}:
            return self.rng.uniform(1.8, 5.0)
        if kind == "association":
            return self.rng.uniform(4.0, 10.0) * self.pixels_per_parsec
        radius = float(np.clip(self.rng.lognormal(np.log(2.9), 0.4), 1.0, 8.0))
        return radius * self.pixels_per_parsec
