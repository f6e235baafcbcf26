"""Positions and photometry of the candidates of fields, as columns, for the evaluation of a run.

Shapes   N candidates of these fields, set aside or not; positions in px of the field, degrees.
NaN      values that the catalogue lacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from classifier.core.shared_sky import Points, shares_sky, unit_vectors
from labeling.db.bulk import batches
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.rules.figure_question import TrainingOverlap

CROWDING_PX = 50.0
"""Radius within which sources are counted: the side of the paper's stamps."""

_NUMBERS = ("x", "y", "ra", "dec", "mag_v", "mag_i", "ci")


@dataclass(frozen=True)
class CandidateColumns:
    """The candidates of some fields."""

    fields: list[Field]
    pk: NDArray[np.int64]
    """(N,), rising."""
    field: NDArray[np.int64]
    """(N,) number in `fields`."""
    points: Points
    """(N, 2) px."""
    sky: Points
    """(N, 2) RA and Dec in degrees."""
    photometry: dict[str, NDArray[np.float64]]
    """V, V - I and concentration index (N,)."""

    @classmethod
    def read(cls, fields: Iterable[Field], candidates: Iterable[int] | None = None) -> Self:
        """Read all candidates of these fields, or those of these keys that are in them."""
        fields = list(fields)
        number = {field.pk: i for i, field in enumerate(fields)}
        columns = Candidate.objects.filter(field__in=fields).order_by("pk")
        rows = columns.values_list("pk", "field", *_NUMBERS)
        if candidates is None:
            values = list(rows.iterator())
        else:
            parts = batches(sorted(candidates))
            values = [row for part in parts for row in rows.filter(pk__in=part)]
        pks = np.array([row[0] for row in values], dtype=np.int64)
        of_field = np.array([number[row[1]] for row in values], dtype=np.int64)
        table = np.array([row[2:] for row in values], dtype=float).reshape(-1, len(_NUMBERS))
        v, i, ci = table[:, 4:].T
        photometry = {"v": v, "v_i": v - i, "ci": ci}
        return cls(fields, pks, of_field, table[:, :2], table[:, 2:4], photometry)

    def rows_of(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of these candidates, all of which are in these fields."""
        return np.searchsorted(self.pk, candidates)

    def properties(self, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the properties by which accuracy is shown, of the candidates in these rows."""
        names = np.array([field.name for field in self.fields])
        crowding, nearest = self._crowding(rows)
        return {
            **{name: values_N[rows] for name, values_N in self.photometry.items()},
            "crowding": crowding,
            "nearest": nearest,
            "field": names[self.field[rows]],
        }

    def _crowding(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the number of other sources within CROWDING_PX and the distance of the nearest."""
        count_n, nearest_n = np.full((2, len(rows)), np.nan)
        placed_N = np.asarray(np.isfinite(self.points).all(axis=1))
        for number in range(len(self.fields)):
            sources = self.points[(self.field == number) & placed_N]
            chosen = np.flatnonzero((self.field[rows] == number) & placed_N[rows])
            if len(sources) > 1 and len(chosen):
                points = self.points[rows[chosen]]
                count_n[chosen], nearest_n[chosen] = _neighbours(points, sources)
        return count_n, nearest_n

    def apart(
        self, rows: NDArray[np.int64], trained: NDArray[np.int64], width_px: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which candidates share no sky with the trained ones, and whose position is known.

        In one field, squares of `width_px` must not overlap. Between fields that are not simulated,
        whose axes may point anywhere, the candidates must be a diagonal of the square apart.
        """
        apart_n = np.ones(len(rows), dtype=bool)
        placed_n = np.asarray(np.isfinite(self.points[rows]).all(axis=1))
        for number, field in enumerate(self.fields):
            in_field_n = self.field[rows] == number
            trained_in_field = trained[self.field[trained] == number]
            is_near = shares_sky(
                self.points[rows[in_field_n]], self.points[trained_in_field], width_px
            )
            for other_number, other in enumerate(self.fields):
                elsewhere = trained[(self.field[trained] == other_number) & self._on_sky[trained]]
                if other is not field and not field.simulated and len(elsewhere):
                    scale = (field.scale_arcsec + other.scale_arcsec) / 2
                    diagonal = sqrt(2) * width_px * scale * pi / 180 / 3600
                    is_near |= _within(self.sky[rows[in_field_n]], self.sky[elsewhere], diagonal)
            apart_n[in_field_n] = ~is_near
        return apart_n, placed_n

    def training_overlap(
        self, candidates: Iterable[int], trained: Iterable[int], width_px: int
    ) -> dict[str, TrainingOverlap]:
        """Return how many of these candidates share sky with the trained ones, by field.

        Candidates that were not read are left out.
        """
        rows, trained_rows = (
            np.flatnonzero(np.isin(self.pk, list(keys))) for keys in (candidates, trained)
        )
        apart_n, _ = self.apart(rows, trained_rows, width_px)
        unknown_n = apart_n & self._lacks_position(rows, trained_rows)
        return {
            field.name: TrainingOverlap(
                near=int((in_field_n & ~apart_n).sum()),
                unknown=int((in_field_n & unknown_n).sum()),
                of=int(in_field_n.sum()),
                width_px=width_px,
            )
            for number, field in enumerate(self.fields)
            for in_field_n in [self.field[rows] == number]
            if in_field_n.any()
        }

    def _lacks_position(
        self, rows: NDArray[np.int64], trained: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return True (n,) where a position is missing that could be near to a trained one."""
        lacks_n = np.zeros(len(rows), dtype=bool)
        placed = np.asarray(np.isfinite(self.points).all(axis=1))
        for number, field in enumerate(self.fields):
            in_field_n = self.field[rows] == number
            is_inside = self.field[trained] == number
            inside, elsewhere = trained[is_inside], trained[~is_inside & self._is_real[trained]]
            if len(inside):
                lacks_n |= in_field_n & ~(placed[rows] & placed[inside].all())
            if len(elsewhere) and not field.simulated:
                lacks_n |= in_field_n & ~(self._on_sky[rows] & self._on_sky[elsewhere].all())
        return lacks_n

    @cached_property
    def _is_real(self) -> NDArray[np.bool_]:
        """True (N,) for candidates of fields that are not simulated."""
        return np.array([not field.simulated for field in self.fields], dtype=bool)[self.field]

    @cached_property
    def _on_sky(self) -> NDArray[np.bool_]:
        """True (N,) for candidates of real fields whose RA and Dec are known."""
        return np.isfinite(self.sky).all(axis=1) & self._is_real


def _neighbours(
    points_N2: Points, sources_M2: Points
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many other sources each of these sources has near, and the nearest's distance."""
    # KD-trees of many equal points are slow.
    places, times = np.unique(sources_M2, axis=0, return_counts=True)
    tree = KDTree(places)
    near = tree.query_ball_point(points_N2, CROWDING_PX)
    count_N = np.array([times[indices].sum() - 1 for indices in near], dtype=float)
    distance_N2, index_N2 = tree.query(points_N2, k=2)
    return count_N, np.where(times[index_N2[:, 0]] > 1, 0.0, distance_N2[:, 1])


def _within(sky_N2: Points, others_M2: Points, angle: float) -> NDArray[np.bool_]:
    """Return True (N,) for positions that are within an angle, in radians, of any of the others."""
    near_N = np.zeros(len(sky_N2), dtype=bool)
    finite_N = np.isfinite(sky_N2).all(axis=1)
    if finite_N.any():
        others = np.unique(unit_vectors(others_M2), axis=0)
        distance, _ = KDTree(others).query(unit_vectors(sky_N2[finite_N]))
        near_N[finite_N] = distance < angle
    return near_N
