"""GET /api/v1/candidates/{id}/opinions/"""

from http import HTTPStatus
from uuid import uuid4

import pytest

from labeling.models import Candidate, ReferenceLabel
from tests.labeling.world import API, calibrate_run, make_run, problem, promote, settle, vote


def url(candidate):
    return f"{API}/candidates/{candidate.pk}/opinions/"


def opinions(response):
    assert response.status_code == HTTPStatus.OK
    return response.json()


def test_opinions_are_forbidden_before_the_vote_with_a_reason(as_ada, bea, candidate):
    vote(candidate, bea)
    refused = problem(as_ada.get(url(candidate)), HTTPStatus.FORBIDDEN)
    assert refused["detail"] == "Opinions on a candidate are shown once you have voted on it."
    assert "bea" not in str(refused)


def test_opinions_are_readable_from_the_vote_to_its_retraction(as_ada, ada, candidate):
    cast = vote(candidate, ada)
    assert as_ada.get(url(candidate)).status_code == HTTPStatus.OK
    cast.retract()
    problem(as_ada.get(url(candidate)), HTTPStatus.FORBIDDEN)


def test_a_vote_discloses_only_its_own_candidate(as_ada, ada, field):
    one, other = field.candidates.all()[:2]
    vote(one, ada)
    problem(as_ada.get(url(other)), HTTPStatus.FORBIDDEN)


def test_curators_need_no_vote_and_missing_opinions_are_empty(as_cur, candidate):
    nothing = {"network": None, "votes": [], "consensus": None, "references": [], "comments": []}
    nothing["network_hidden"] = False
    assert opinions(as_cur.get(url(candidate))) == nothing


def test_it_has_the_live_votes_in_order_of_time(as_bea, ada, bea, cy, candidate):
    vote(candidate, cy, 4, reason="galaxy", comment="arms", flagged=True)
    vote(candidate, bea, 3)
    vote(candidate, ada, 1).retract()
    candidate.cast_vote(bea, uuid4(), label=5, certainty="possible")
    plain = {"certainty": "sure", "reason": "", "comment": "", "flagged": False}
    plain["imported"] = False
    assert opinions(as_bea.get(url(candidate)))["votes"] == [
        {"voter": "cy", "label": 4, "mine": False, **plain}
        | {"reason": "galaxy", "comment": "arms", "flagged": True},
        {"voter": "bea", "label": "unsure", "mine": True, **plain} | {"certainty": "possible"},
    ]


def test_it_has_the_consensus(as_ada, ada, bea, cy, candidate):
    settle(candidate, [ada, bea, cy], 2)
    told = opinions(as_ada.get(url(candidate)))["consensus"]
    assert told == {"label": 2, "status": "agreed", "n_votes": 3}


def test_it_has_the_prediction_of_the_promoted_run_only(as_cur, admin, field, candidate):
    live = promote(field, admin, {candidate.pk: 0.8})
    make_run(field, admin, {candidate.pk: 1.2})
    assert opinions(as_cur.get(url(candidate)))["network"] == {
        "run": live.pk,
        "external": "",
        "probabilities": [0.1, 0.6, 0.2, 0.1],
        "calibrated_probabilities": None,
        "calibration_labels": 0,
        "entropy_nats": 0.8,
        "ensemble_agreement": 0.75,
        "label": 2,
    }
    live.roll_back()
    assert opinions(as_cur.get(url(candidate)))["network"] is None


def test_it_has_the_calibrated_probabilities(as_cur, admin, field, candidate):
    run = promote(field, admin, {candidate.pk: 0.8})
    calibrate_run(run)
    network = opinions(as_cur.get(url(candidate)))["network"]
    # Square roots, by hand: 0.1, 0.6, 0.2 and 0.1 with a temperature of 2.
    roots = [0.316228, 0.774597, 0.447214, 0.316228]
    expected = [root / sum(roots) for root in roots]
    assert network["calibrated_probabilities"] == pytest.approx(expected, abs=2e-6)
    assert network["calibration_labels"] == 140
    assert network["probabilities"] == [0.1, 0.6, 0.2, 0.1]


def test_it_has_the_published_classes_by_source(as_cur, candidate):
    for source, label in (("StarcNet", 2), ("LEGUS", 1)):
        ReferenceLabel.objects.create(candidate=candidate, source=source, label=label)
    assert opinions(as_cur.get(url(candidate)))["references"] == [
        {"source": "LEGUS", "label": 1},
        {"source": "StarcNet", "label": 2},
    ]


def test_the_number_of_queries_does_not_grow_with_the_votes(
    as_cur, ada, bea, cy, candidate, django_assert_max_num_queries
):
    settle(candidate, [ada, bea, cy])
    with django_assert_max_num_queries(10):
        opinions(as_cur.get(url(candidate)))


@pytest.mark.parametrize("pk", [0, 10**30])
def test_a_missing_candidate_is_not_found(as_cur, pk):
    problem(as_cur.get(f"{API}/candidates/{pk}/opinions/"), HTTPStatus.NOT_FOUND)


def test_opinions_on_a_candidate_set_aside_are_not_found(as_cur, candidate):
    Candidate.objects.filter(pk=candidate.pk).update(set_aside="outside the image")
    problem(as_cur.get(url(candidate)), HTTPStatus.NOT_FOUND)


@pytest.mark.parametrize(
    "address", ["candidates/{pk}/opinions/", "candidates/{pk}/comments/", "consensus/"]
)
def test_reading_opinions_records_a_disclosure(as_ada, ada, bea, field, address):
    told, other = field.candidates.all()[:2]
    for candidate, expert in ((told, ada), (told, bea), (other, bea)):
        vote(candidate, expert)
    for _ in range(2):
        assert as_ada.get(f"{API}/{address.format(pk=told.pk)}").status_code == HTTPStatus.OK
    assert list(ada.disclosures.values_list("candidate", flat=True)) == [told.pk]
    assert vote(told, ada, 2).informed
