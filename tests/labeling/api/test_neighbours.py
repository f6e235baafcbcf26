"""GET /api/v1/candidates/{id}/neighbours/"""

from http import HTTPStatus

import pytest
from django.db import connection

from labeling.models import Candidate
from tests.labeling.world import API, make_field, problem


def near(client, candidate, size=None):
    """Offsets of the neighbours by catalogue id."""
    response = client.get(url(candidate), {"size": size} if size else {})
    assert response.status_code == HTTPStatus.OK
    return {row["catalogue_id"]: (row["dx_px"], row["dy_px"]) for row in response.json()}


def url(candidate):
    return f"{API}/candidates/{candidate.pk}/neighbours/"


def put(field, **places):
    """Candidates 1, 2, … at these places (ids are c1, c2, …); all others far away."""
    field.candidates.update(x=5000.0, y=5000.0)
    for name, (x, y) in places.items():
        field.candidates.filter(catalogue_id=name[1:]).update(x=x, y=y)
    return field.candidates.get(catalogue_id="1")


def test_it_gives_the_positions_of_the_neighbours(as_ada, field):
    candidate = put(field, c1=(100.0, 200.0), c2=(103.5, 198.0), c3=(20.0, 210.0))
    assert near(as_ada, candidate) == {"2": (3.5, -2.0), "3": (-80.0, 10.0)}
    (row, _) = as_ada.get(url(candidate)).json()
    assert row == {
        "candidate": field.candidates.get(catalogue_id="2").pk,
        "catalogue_id": "2",
        "dx_px": 3.5,
        "dy_px": -2.0,
    }


@pytest.mark.parametrize(
    ("x", "inside"), [(95.49, False), (95.5, True), (105.4, True), (105.6, False)]
)
def test_the_window_is_that_of_the_picture_pixel_for_pixel(as_ada, field, x, inside):
    # About 100.2 a window of 10 px has the pixels 96 to 105, which reach from 95.5 to 105.5.
    candidate = put(field, c1=(100.2, 100.2), c2=(x, 100.0), c3=(100.0, x))
    assert (set(near(as_ada, candidate, 10)) == {"2", "3"}) == inside


def test_candidates_set_aside_are_neighbours_too(as_ada, field):
    candidate = put(field, c1=(100.0, 100.0), c2=(101.0, 100.0))
    Candidate.objects.filter(catalogue_id="2").update(set_aside="observed in 3 of 5 filters")
    assert set(near(as_ada, candidate)) == {"2"}


def test_candidates_of_other_fields_are_no_neighbours(as_ada, field):
    candidate = put(field, c1=(100.0, 100.0))
    put(make_field("ngc2"), c1=(100.0, 100.0))
    assert near(as_ada, candidate) == {}


def test_only_the_browser_may_cache_it(as_ada, candidate):
    assert as_ada.get(url(candidate)).headers["Cache-Control"] == "private, max-age=3600"


@pytest.mark.parametrize("size", ["0", "300", "wide", "-5"])
def test_it_rejects_windows_larger_than_the_picture(as_ada, candidate, size):
    problem(as_ada.get(url(candidate), {"size": size}), HTTPStatus.BAD_REQUEST)


def test_a_missing_candidate_is_not_found(as_ada, db):
    problem(as_ada.get(f"{API}/candidates/0/neighbours/"), HTTPStatus.NOT_FOUND)


def test_the_query_uses_an_index(db):
    candidate = make_field(candidates=3000).candidates.first()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    index = next(index for index in Candidate._meta.indexes if index.fields == ["field", "x"])
    assert index.name in candidate.neighbours(299).explain()
