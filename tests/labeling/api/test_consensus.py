"""GET /api/v1/consensus/"""

import pytest

from tests.labeling.world import API, make_field, settle, vote

URL = f"{API}/consensus/"


@pytest.fixture
def voted(field, ada, bea, cy):
    """Candidate 1 is settled by all three, bea alone has voted on 2."""
    one, two, *_ = field.candidates.all()
    settle(one, [ada, bea, cy], 2)
    vote(two, bea, 1)
    return one, two


def candidates(response):
    return [row["candidate"] for row in response.json()["results"]]


def test_an_expert_sees_the_consensus_of_candidates_they_voted_on(as_ada, as_bea, voted):
    one, two = voted
    assert candidates(as_ada.get(URL)) == [one.pk]
    assert candidates(as_bea.get(URL)) == [one.pk, two.pk]


def test_after_a_retraction_the_consensus_is_hidden_again(as_ada, ada, voted):
    voted[0].votes.get(voter=ada).retract()
    assert candidates(as_ada.get(URL)) == []


def test_a_curator_sees_all(as_cur, voted):
    assert candidates(as_cur.get(URL)) == [c.pk for c in voted]


def test_it_is_the_consensus_of_the_votes(as_ada, voted):
    (row,) = as_ada.get(URL).json()["results"]
    assert row == {
        "candidate": voted[0].pk,
        "field": "ngc1",
        "catalogue_id": "1",
        "label": 2,
        "status": "agreed",
        "n_votes": 3,
        "n_class1": 0,
        "n_class2": 3,
        "n_class3": 0,
        "n_class4": 0,
        "n_unsure": 0,
        "agreement": 1.0,
        "class_mean": 2.0,
        "vote_entropy": 0.0,
        "provenance": 3,
        "rule_version": 1,
    }


def test_it_filters_by_field_and_status(as_cur, ada, voted):
    other = make_field("ngc2").candidates.first()
    vote(other, ada)
    assert candidates(as_cur.get(URL, {"field": "ngc2"})) == [other.pk]
    assert candidates(as_cur.get(URL, {"status": "agreed"})) == [voted[0].pk]
