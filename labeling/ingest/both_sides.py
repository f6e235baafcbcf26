"""Sources that are in the control sample and in the training pool, under two ids.

New candidates take the side of the same source that was imported before. Candidates of earlier
versions did not, and a source can lie between two older ones of different sides. Fields store the
number, which is counted anew after each import and removal.
"""

from __future__ import annotations

import numpy as np
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef

from classifier.core.shared_sky import Points, unit_vectors
from labeling.ingest.same_sources import SAME_PX, matches, side_and_position
from labeling.models import Candidate, CatalogueImport, Field

_MARGIN_DEG = 1 / 3600
"""More than a pixel, so that no field that overlaps is missed."""


def forget_counts(field: Field) -> None:
    """Forget the stored counts that depend on a field's candidates, which appear or vanish.

    They are its own and those of real fields with candidates at the same declinations. The caller
    locks all fields.
    """
    Field.objects.filter(pk=field.pk).update(both_sides_count=None)
    dec = field.candidates.aggregate(low=Min("dec"), high=Max("dec"))
    if field.simulated or dec["low"] is None:
        return
    dec_range = dec["low"] - _MARGIN_DEG, dec["high"] + _MARGIN_DEG
    at_declination = Candidate.objects.filter(field=OuterRef("pk"), dec__range=dec_range)
    others = Field.objects.filter(Exists(at_declination), simulated=False)
    others.update(both_sides_count=None)


def count_on_both_sides_again() -> None:
    """Store the counts that were forgotten."""
    for field in Field.objects.filter(both_sides_count=None):
        store_count_on_both_sides(field)


def store_count_on_both_sides(field: Field) -> int:
    """Store how many candidates of a field are on both sides; return the number."""
    while True:
        imports = CatalogueImport.objects.finished_keys()
        count = count_on_both_sides(field)
        with transaction.atomic():
            # No import appears or vanishes meanwhile.
            Field.objects.lock_rows([])
            if CatalogueImport.objects.finished_keys() == imports:
                Field.objects.filter(pk=field.pk).update(both_sides_count=count)
                return count


def count_on_both_sides(field: Field) -> int:
    """Return the candidates of a field within a pixel of one on the other side of the split.

    The other one is in this field, or in a field that overlaps with it.
    """
    pixels = side_and_position(field.candidates.exclude(x=None).exclude(y=None), "x", "y")
    sources = _opposite(pixels, pixels, pixels[:, 2:], pixels[:, 2:], SAME_PX)
    if not field.simulated:
        distance = np.radians(SAME_PX * field.scale_arcsec / 3600)
        sky = side_and_position(field.candidates.exclude(ra=None).exclude(dec=None), "ra", "dec")
        others = _overlapping(field, sky, np.degrees(distance))
        directions = unit_vectors(sky[:, 2:]), unit_vectors(others[:, 2:])
        sources |= _opposite(sky, others, *directions, distance)
    return len(sources)


def _overlapping(field: Field, candidates_N4: Points, margin_deg: float) -> Points:
    """Return the candidates of other real fields at the declinations of these.

    Columns are primary key, side, RA and Dec in degrees.
    """
    if not len(candidates_N4):
        return candidates_N4
    dec = candidates_N4[:, 3]
    dec_range = dec.min() - margin_deg, dec.max() + margin_deg
    others = Candidate.objects.exclude(field=field).filter(
        field__simulated=False, dec__range=dec_range, ra__isnull=False
    )
    return side_and_position(others, "ra", "dec")


def _opposite(
    candidates_N4: Points,
    others_M4: Points,
    points_ND: Points,
    others_MD: Points,
    distance: float,
) -> set[int]:
    """Return the keys of candidates within a distance of another one on the other side.

    `points` are px or unit vectors, and the distance is in their unit.
    """
    keys: set[int] = set()
    for side in (0, 1):
        on_side_N, opposite_M = candidates_N4[:, 1] == side, others_M4[:, 1] != side
        rows, _ = matches(points_ND[on_side_N], others_MD[opposite_M], distance)
        keys |= set(candidates_N4[on_side_N, 0][rows].astype(int).tolist())
    return keys
