"""GET /api/v1/agreement/"""

from http import HTTPStatus

import pytest

from labeling.models import ReferenceLabel
from tests.labeling.world import API, make_field, problem, vote

URL = f"{API}/agreement/"


@pytest.fixture
def voted(field, ada, bea, cy):
    """ada and bea agree on three of four candidates; a catalogue has a word on two."""
    for candidate, (ours, theirs) in zip(
        field.candidates.all(), [(1, 1), (2, 2), (3, 4), (4, 4)], strict=False
    ):
        vote(candidate, ada, ours)
        vote(candidate, bea, theirs)
    for candidate in field.candidates.all()[:2]:
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=1)
    vote(field.candidates.last(), cy, 1)
    return field


def pairs(response):
    """The pairs by the names of their raters."""
    assert response.status_code == HTTPStatus.OK
    return {(pair["first"], pair["second"]): pair for pair in response.json()}


def test_it_compares_experts_and_catalogues(as_cur, voted):
    found = pairs(as_cur.get(URL))
    assert set(found) == {("ada", "bea"), ("ada", "LEGUS"), ("bea", "LEGUS")}
    both = found["ada", "bea"]
    assert (both["n"], both["share"], both["share_compact"]) == (4, 0.75, 1.0)
    assert both["confusion"] == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert both["interval"][0] < 0.75 < both["interval"][1]
    assert found["ada", "LEGUS"]["second_kind"] == "reference"


def test_what_cannot_be_said_is_null(as_cur, voted):
    pair = pairs(as_cur.get(URL))["ada", "LEGUS"]
    assert pair["per_class"] == [1.0, 0.0, None, None]


def test_an_expert_sees_only_the_pairs_they_are_part_of(as_ada, voted):
    assert set(pairs(as_ada.get(URL))) == {("ada", "bea"), ("ada", "LEGUS")}


def test_it_can_be_asked_for_a_field(as_cur, voted):
    make_field("ngc2")
    assert pairs(as_cur.get(URL, {"field": "ngc2"})) == {}
    assert len(pairs(as_cur.get(URL, {"field": "ngc1"}))) == 3
    problem(as_cur.get(URL, {"field": "nowhere"}), HTTPStatus.NOT_FOUND)
