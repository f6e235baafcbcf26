"""Sources that a catalogue has twice, or that are candidates already, in its field or another.

Two sources within a pixel are the same. A source that is a candidate already passes its side of the
split on, so that no network is measured on what another was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from classifier.core.shared_sky import Points, unit_vectors
from labeling.imaging.stamps import Positions
from labeling.models import Candidate, CatalogueImport, Field
from labeling.number_texts import count_text

SAME_PX = 1.0
"""Sources that lie closer than this are the same."""

_NEIGHBOURS = 8
_EXAMPLES = 3
_CHUNK = 10_000


@dataclass(frozen=True)
class SameSources:
    """What the rows of a catalogue have in common with each other and with older candidates."""

    control: dict[int, bool] = field(default_factory=dict)
    """Side of the split by row, of sources that have one already."""
    notes: list[str] = field(default_factory=list)
    imports: frozenset[int] = frozenset()
    """Finished imports with whose candidates the rows were compared."""

    @classmethod
    def find(
        cls,
        target: Field,
        ids: Sequence[str],
        pixels: tuple[Positions, Positions],
        sky: tuple[Positions, Positions],
    ) -> Self:
        """Compare the rows of a catalogue, at these px and degrees, with each other and others."""
        # Read first: the candidates of an import that finishes meanwhile may be missed.
        same = cls(imports=CatalogueImport.objects.finished_keys())
        same._compare_with_other_fields(target, np.column_stack(sky))
        if target.pk is not None:
            same._compare_with_field(target, ids, np.column_stack(pixels))
        same._compare_rows(target, ids, *pixels)
        return same

    def _compare_rows(self, target: Field, ids: Sequence[str], x: Positions, y: Positions) -> None:
        """Note rows within a pixel of each other; all take the side of the first."""
        usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        groups = _groups(x[usable] + 1j * y[usable])
        is_repeated = np.bincount(groups)[groups] > 1 if usable.size else np.zeros(0, dtype=bool)
        repeated = usable[is_repeated]
        members = list(zip(repeated.tolist(), groups[is_repeated].tolist(), strict=True))
        sides: dict[int, bool] = {}
        for row, group in members:
            if row in self.control:
                sides.setdefault(group, self.control[row])
        for row, group in members:
            if group not in sides:
                sides[group] = bool(target.in_control([ids[row]], x[[row]], y[[row]])[0])
            self.control.setdefault(row, sides[group])
        if repeated.size:
            examples = _listed([ids[row] for row in repeated[:_EXAMPLES]], len(repeated))
            self.notes.append(
                f"{_lie(len(repeated))} within a pixel of another row ({examples}): "
                "probably the same sources, which would be voted on twice."
            )

    def _compare_with_field(self, target: Field, ids: Sequence[str], pixels_N2: Points) -> None:
        """Note rows within a pixel of a candidate of the field; they take its side."""
        candidates = side_and_position(target.candidates.exclude(x=None).exclude(y=None), "x", "y")
        rows, _ = self._take_sides(pixels_N2, candidates[:, 2:], candidates, SAME_PX)
        if rows:
            examples = _listed([ids[row] for row in rows[:_EXAMPLES]], len(rows))
            self.notes.append(
                f"{_lie(len(rows))} within a pixel of candidates that the field has "
                f"already ({examples}): probably the same sources, which would be voted on twice."
            )

    def _compare_with_other_fields(self, target: Field, sky_N2: Points) -> None:
        """Note rows within a pixel of a candidate of an overlapping field; they take its side."""
        on_sky = sky_N2[np.isfinite(sky_N2).all(axis=1)]
        if target.simulated or not len(on_sky):
            return
        distance = np.radians(SAME_PX * target.scale_arcsec / 3600)
        margin = np.degrees(distance)
        dec_range = on_sky[:, 1].min() - margin, on_sky[:, 1].max() + margin
        others = Candidate.objects.exclude(field=target.pk).filter(
            field__simulated=False, dec__range=dec_range, ra__isnull=False
        )
        candidates = side_and_position(others, "ra", "dec")
        if not len(candidates):
            return
        rows, nearest = self._take_sides(
            unit_vectors(sky_N2), unit_vectors(candidates[:, 2:]), candidates, distance
        )
        if rows:
            fields = Field.objects.filter(candidates__in=candidates[nearest[:_CHUNK], 0].tolist())
            names = list(fields.distinct().values_list("name", flat=True))
            self.notes.append(
                f"{_lie(len(rows))} within a pixel of candidates of {', '.join(names)}: they are "
                "put in the same samples (control or training) as those."
            )

    def _take_sides(
        self, points_ND: Points, others_MD: Points, candidates_M4: Points, distance: float
    ) -> tuple[list[int], list[int]]:
        """Give rows the side of the nearest candidate within a distance; return who matched."""
        rows, nearest = matches(points_ND, others_MD, distance)
        sides = candidates_M4[nearest, 1] > 0
        self.control.update(zip(rows, sides.tolist(), strict=True))
        return rows, nearest


def _lie(count: int) -> str:
    return count_text(count, "row lies", "rows lie")


def _groups(pixels_N: NDArray[np.complex128]) -> NDArray[np.int64]:
    """Return a number (N,) for each position x + iy; those within a pixel have the same."""
    if not len(pixels_N):
        return np.zeros(0, dtype=np.int64)
    # KD-trees of many equal points are slow.
    distinct, inverse = np.unique(pixels_N, return_inverse=True)
    distinct_M2 = distinct.view(np.float64).reshape(-1, 2)
    # The nearest alone would leave two pairs apart that are close to each other.
    distance, nearest = KDTree(distinct_M2).query(
        distinct_M2, k=range(2, 2 + _NEIGHBOURS), distance_upper_bound=SAME_PX
    )
    close, column = np.nonzero(np.isfinite(distance))
    size = len(distinct)
    graph = coo_array((np.ones(close.size), (close, nearest[close, column])), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    groups: NDArray[np.int64] = group[inverse]
    return groups


def side_and_position(candidates: QuerySet[Candidate], first: str, second: str) -> Points:
    """Return primary key, side (1: control) and position of these candidates, (N, 4)."""
    columns = ("pk", "control", first, second)
    rows = candidates.order_by("pk").values_list(*columns).iterator(_CHUNK)
    chunks = [np.empty((0, len(columns)))]
    while chunk := list(islice(rows, _CHUNK)):
        chunks.append(np.array(chunk, dtype=float))
    return np.concatenate(chunks)


def matches(points_ND: Points, others_MD: Points, distance: float) -> tuple[list[int], list[int]]:
    """Return the rows that have another point within a distance, and the nearest one of each."""
    usable = np.flatnonzero(np.isfinite(points_ND).all(axis=1))
    if not usable.size or not len(others_MD):
        return [], []
    # KD-trees of many equal points are slow.
    places, first = np.unique(others_MD, axis=0, return_index=True)
    separation, nearest = KDTree(places).query(points_ND[usable], distance_upper_bound=distance)
    close = np.isfinite(separation)
    return usable[close].tolist(), first[nearest[close]].tolist()


def _listed(examples: Sequence[str], count: int) -> str:
    """Return the examples in a list, which ends with an ellipsis if there are more."""
    return ", ".join(examples) + (", …" if count > len(examples) else "")
