"""GET /api/v1/candidates/ and /api/v1/candidates/{id}/"""

from http import HTTPStatus

import pytest

from labeling.models import Candidate
from tests.labeling.world import API, make_field, problem, promote

URL = f"{API}/candidates/"


def ids(response):
    """Catalogue ids of a page."""
    return [row["catalogue_id"] for row in response.json()["results"]]


def test_it_lists_by_field_and_then_by_number(as_ada):
    make_field("ngc2", candidates=1)
    field = make_field("ngc1", candidates=12)
    Candidate.objects.filter(field=field, catalogue_id="3").update(
        catalogue_id="x", catalogue_number=None
    )
    rows = as_ada.get(URL).json()["results"]
    assert [(row["field"], row["catalogue_id"]) for row in rows] == [
        *(("ngc1", str(n)) for n in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
        ("ngc1", "x"),
        ("ngc2", "1"),
    ]


def test_it_comes_in_pages(as_ada, field):
    first = as_ada.get(URL, {"page_size": 4})
    assert first.json()["count"] == 6
    assert ids(first) == ["1", "2", "3", "4"]
    assert ids(as_ada.get(first.json()["next"])) == ["5", "6"]
    problem(as_ada.get(URL, {"page": 99}), HTTPStatus.NOT_FOUND)


def test_it_lists_one_field(as_ada, field):
    make_field("ngc2", candidates=1)
    assert ids(as_ada.get(URL, {"field": "ngc2"})) == ["1"]


def test_candidates_set_aside_are_not_listed_but_can_be_read(as_ada, candidate):
    Candidate.objects.filter(pk=candidate.pk).update(set_aside="outside the image")
    assert "1" not in ids(as_ada.get(URL))
    assert as_ada.get(f"{URL}{candidate.pk}/").json()["catalogue_id"] == "1"


def test_it_reveals_no_opinion(as_ada, field, candidate, admin):
    promote(field, admin, {candidate.pk: 0.7654})
    for url in (URL, f"{URL}{candidate.pk}/"):
        words = as_ada.get(url).content.decode()
        assert "0.7654" not in words
        assert "control" not in words


def test_it_counts_pixels_from_1_and_has_null_for_nan(as_ada, candidate):
    row = as_ada.get(f"{URL}{candidate.pk}/").json()
    assert (row["x_pix"], row["y_pix"]) == (candidate.x + 1, candidate.y + 1)
    assert (row["ra_deg"], row["ci"], row["distance_mpc"]) == (None, None, None)


@pytest.mark.parametrize("pk", [0, 10**30])
def test_a_missing_candidate_is_not_found(as_ada, pk):
    problem(as_ada.get(f"{URL}{pk}/"), HTTPStatus.NOT_FOUND)


def test_the_number_of_queries_does_not_depend_on_the_page_size(
    as_ada, django_assert_max_num_queries, imported
):
    make_field("ngc9", candidates=90)
    with django_assert_max_num_queries(8):
        as_ada.get(URL)
