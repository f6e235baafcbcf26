"""GET /api/v1/candidates/{id}/opinions/"""

from http import HTTPStatus
from uuid import uuid4

import pytest

from labeling.models import Candidate, ReferenceLabel
from tests.labeling.world import API, make_run, problem, promote, settle, vote


def url(candidate):
    return f"{API}/candidates/{candidate.pk}/opinions/"


def opinions(response):
    assert response.status_code == HTTPStatus.OK
    return response.json()


def test_it_is_shut_before_the_vote_and_says_why(as_ada, bea, candidate):
    vote(candidate, bea)
    refused = problem(as_ada.get(url(candidate)), HTTPStatus.FORBIDDEN)
    assert refused["detail"] == "Opinions on a candidate are shown once you have voted on it."
    assert "bea" not in str(refused)


def test_it_opens_with_the_vote_and_shuts_again_with_its_undo(as_ada, ada, candidate):
    cast = vote(candidate, ada)
    assert as_ada.get(url(candidate)).status_code == HTTPStatus.OK
    cast.retract()
    problem(as_ada.get(url(candidate)), HTTPStatus.FORBIDDEN)


def test_a_vote_on_one_opens_no_other(as_ada, ada, field):
    one, other = field.candidates.all()[:2]
    vote(one, ada)
    problem(as_ada.get(url(other)), HTTPStatus.FORBIDDEN)


def test_curators_need_no_vote_and_nothing_said_is_empty(as_cur, candidate):
    nothing = {"network": None, "votes": [], "consensus": None, "references": [], "comments": []}
    assert opinions(as_cur.get(url(candidate))) == nothing


def test_it_tells_the_live_votes_in_order_of_time(as_bea, ada, bea, cy, candidate):
    vote(candidate, cy, 4, reason="galaxy", comment="arms", flagged=True)
    vote(candidate, bea, 3)
    vote(candidate, ada, 1).retract()
    candidate.cast_vote(bea, uuid4(), label=5, certainty="possible")
    plain = {"certainty": "sure", "reason": "", "comment": "", "flagged": False}
    assert opinions(as_bea.get(url(candidate)))["votes"] == [
        {"voter": "cy", "label": 4, "mine": False, **plain}
        | {"reason": "galaxy", "comment": "arms", "flagged": True},
        {"voter": "bea", "label": "unsure", "mine": True, **plain} | {"certainty": "possible"},
    ]


def test_it_tells_what_the_votes_come_to(as_ada, ada, bea, cy, candidate):
    settle(candidate, [ada, bea, cy], 2)
    told = opinions(as_ada.get(url(candidate)))["consensus"]
    assert told == {"label": 2, "status": "agreed", "n_votes": 3}


def test_it_tells_the_promoted_run_and_no_other(as_cur, admin, field, candidate):
    live = promote(field, admin, {candidate.pk: 0.8})
    make_run(field, admin, {candidate.pk: 1.2})
    assert opinions(as_cur.get(url(candidate)))["network"] == {
        "run": live.pk,
        "external": "",
        "probabilities": [0.1, 0.6, 0.2, 0.1],
        "entropy_nats": 0.8,
        "ensemble_agreement": 0.75,
        "label": 2,
    }
    live.roll_back()
    assert opinions(as_cur.get(url(candidate)))["network"] is None


def test_it_tells_published_classes_by_source(as_cur, candidate):
    for source, label in (("StarcNet", 2), ("LEGUS", 1)):
        ReferenceLabel.objects.create(candidate=candidate, source=source, label=label)
    assert opinions(as_cur.get(url(candidate)))["references"] == [
        {"source": "LEGUS", "label": 1},
        {"source": "StarcNet", "label": 2},
    ]


def test_it_costs_as_many_statements_for_many_votes(
    as_cur, ada, bea, cy, candidate, django_assert_max_num_queries
):
    settle(candidate, [ada, bea, cy])
    with django_assert_max_num_queries(10):
        opinions(as_cur.get(url(candidate)))


@pytest.mark.parametrize("pk", [0, 10**30])
def test_what_is_not_there_is_not_found(as_cur, pk):
    problem(as_cur.get(f"{API}/candidates/{pk}/opinions/"), HTTPStatus.NOT_FOUND)


def test_nobody_votes_on_what_was_set_aside_so_there_is_nothing_to_tell(as_cur, candidate):
    Candidate.objects.filter(pk=candidate.pk).update(set_aside="outside the image")
    problem(as_cur.get(url(candidate)), HTTPStatus.NOT_FOUND)


@pytest.mark.parametrize(
    "address", ["candidates/{pk}/opinions/", "candidates/{pk}/comments/", "consensus/"]
)
def test_whoever_is_shown_what_others_say_is_on_record_for_it(as_ada, ada, bea, field, address):
    told, other = field.candidates.all()[:2]
    for candidate, expert in ((told, ada), (told, bea), (other, bea)):
        vote(candidate, expert)
    for _ in range(2):
        assert as_ada.get(f"{API}/{address.format(pk=told.pk)}").status_code == HTTPStatus.OK
    assert list(ada.disclosures.values_list("candidate", flat=True)) == [told.pk]
    assert vote(told, ada, 2).informed
