"""PUT and DELETE /api/v1/votes/{uuid}/"""

from http import HTTPStatus
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils.dateparse import parse_datetime

from labeling.models import Candidate, Consensus, Vote
from tests.labeling.conftest import client_of
from tests.labeling.world import API, answer_of, at_once, make_field, problem, put_vote

FULL = {
    "label": 3,
    "certainty": "possible",
    "reason": "",
    "comment": "three knots — “loose”",
    "flagged": True,
    "seconds": 2.3,
    "display": {"stretch": "asinh", "limits": [0.1, 2.5], "zoom": 4},
}


def test_it_answers_with_the_vote(as_ada, ada, candidate):
    uuid = uuid4()
    response = put_vote(as_ada, {"candidate": candidate.pk, **FULL}, uuid)
    assert response.status_code == HTTPStatus.OK
    said = response.json()
    assert parse_datetime(said.pop("cast_at")) == Vote.objects.get().cast_at
    expected = {**FULL, "id": str(uuid), "candidate": candidate.pk, "retracted_at": None}
    expected |= {"surplus": False, "answers": []}
    del expected["display"]
    assert said == expected
    assert (Vote.objects.get().voter, Vote.objects.get().display) == (ada, FULL["display"])


@pytest.mark.parametrize("label", [1, 2, 3, 4, "unsure"])
def test_it_takes_four_classes_and_unsure(as_ada, candidate, label):
    response = put_vote(as_ada, answer_of(candidate, label))
    assert (response.status_code, response.json()["label"]) == (HTTPStatus.OK, label)


def test_the_same_request_gives_the_same_answer(as_ada, candidate):
    uuid, body = uuid4(), {"candidate": candidate.pk, **FULL}
    first, again = (put_vote(as_ada, body, uuid) for _ in range(2))
    assert again.status_code == HTTPStatus.OK
    assert again.content == first.content
    assert Vote.objects.count() == 1


def test_a_body_with_and_without_defaults_is_the_same_vote(as_ada, candidate):
    uuid = uuid4()
    put_vote(as_ada, answer_of(candidate), uuid)
    said = answer_of(candidate, certainty="sure", reason="", comment="", flagged=False)
    assert put_vote(as_ada, said, uuid).status_code == HTTPStatus.OK


def test_the_same_request_after_a_retraction_stays_retracted(as_ada, candidate):
    uuid, body = uuid4(), answer_of(candidate)
    put_vote(as_ada, body, uuid)
    as_ada.delete(f"{API}/votes/{uuid}/")
    response = put_vote(as_ada, body, uuid)
    assert response.status_code == HTTPStatus.OK
    assert response.json()["retracted_at"] is not None
    assert Consensus.objects.get().n_votes == 0


@pytest.mark.parametrize("change", [{"label": 4}, {"seconds": 9}, {"display": {"zoom": 1}}])
def test_another_body_under_the_same_uuid_is_a_conflict(as_ada, candidate, change):
    uuid, body = uuid4(), {"candidate": candidate.pk, **FULL}
    put_vote(as_ada, body, uuid)
    problem(put_vote(as_ada, body | change, uuid), HTTPStatus.CONFLICT)
    assert Vote.objects.get().label == FULL["label"]


def test_another_voter_under_the_same_uuid_is_a_conflict(as_ada, as_bea, candidate):
    uuid = uuid4()
    put_vote(as_ada, answer_of(candidate), uuid)
    refused = problem(put_vote(as_bea, answer_of(candidate), uuid), HTTPStatus.CONFLICT)
    assert "ada" not in refused["detail"]
    assert Vote.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"label": 0}, "label"),
        ({"label": 5}, "label"),
        ({"label": "1"}, "label"),
        ({"label": 1.0}, "label"),
        ({"label": True}, "label"),
        ({"label": None}, "label"),
        ({"label": ["unsure"]}, "label"),
        ({"certainty": "perhaps"}, "certainty"),
        ({"reason": "cat"}, "reason"),
        ({"comment": "x" * 4001}, "comment"),
        ({"comment": "\0"}, "comment"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": 1e9}, "seconds"),
        ({"candidate": 0}, "candidate"),
        ({"candidate": 10**30}, "candidate"),
        ({"candidate": "first"}, "candidate"),
        ({"display": "log"}, "display"),
        ({"display": {"x": "y" * 5000}}, "display"),
        ({"display": {"x": "\0"}}, "display"),
    ],
)
def test_it_rejects_an_invalid_vote(as_ada, candidate, change, name):
    response = put_vote(as_ada, answer_of(candidate) | change)
    refused = problem(response, HTTPStatus.BAD_REQUEST)
    assert list(refused["errors"]) == [name]
    assert refused["detail"].startswith(f"{name}: ")
    assert not Vote.objects.exists()


@pytest.mark.parametrize("value", [r'"\ud800"', "1e999", "NaN"])
def test_it_rejects_a_display_that_a_database_cannot_store(as_ada, candidate, value):
    body = f'{{"candidate": {candidate.pk}, "label": 1, "display": {{"x": [{value}]}}}}'
    url = f"{API}/votes/{uuid4()}/"
    problem(as_ada.put(url, body, content_type="application/json"), HTTPStatus.BAD_REQUEST)
    assert not Vote.objects.exists()


def test_a_candidate_that_was_set_aside_is_refused_with_the_reason(as_ada, candidate):
    Candidate.objects.update(set_aside="observed in 3 of 5 filters")
    refused = problem(put_vote(as_ada, answer_of(candidate)), HTTPStatus.BAD_REQUEST)
    assert refused["detail"] == (
        "candidate: ngc1 1 is not put to the vote: it was set aside (observed in 3 of 5 filters)."
    )
    assert not Vote.objects.exists()


def test_a_missing_candidate_is_refused_with_its_number(as_ada, candidate):
    refused = problem(put_vote(as_ada, {"candidate": 0, "label": 1}), HTTPStatus.BAD_REQUEST)
    assert refused["detail"] == "candidate: There is no candidate 0."


def test_a_retraction_may_be_repeated(as_ada, candidate):
    uuid = uuid4()
    put_vote(as_ada, answer_of(candidate), uuid)
    for _ in range(2):
        assert as_ada.delete(f"{API}/votes/{uuid}/").status_code == HTTPStatus.NO_CONTENT
    assert Vote.objects.get().retracted_at is not None
    assert Consensus.objects.get().n_votes == 0


def test_a_vote_of_another_expert_cannot_be_retracted(as_ada, as_bea, candidate):
    uuid = uuid4()
    put_vote(as_ada, answer_of(candidate), uuid)
    problem(as_bea.delete(f"{API}/votes/{uuid}/"), HTTPStatus.NOT_FOUND)
    assert Vote.objects.live().count() == 1


def test_an_address_that_is_no_uuid_is_not_found(as_ada, candidate):
    problem(put_vote(as_ada, answer_of(candidate), "first"), HTTPStatus.NOT_FOUND)
    assert not Vote.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_fifty_identical_concurrent_requests_are_one_vote(ada, candidate):
    uuid, body = uuid4(), answer_of(candidate, 2, comment="once")
    answers = at_once(50, lambda _: put_vote(client_of(ada), body, uuid))
    assert {answer.status_code for answer in answers} == {HTTPStatus.OK}
    assert len({answer.content for answer in answers}) == 1
    assert Vote.objects.count() == 1
    call_command("audit")


@pytest.mark.django_db(transaction=True)
def test_of_different_concurrent_requests_under_one_uuid_one_counts(ada):
    uuid = uuid4()
    candidates = list(make_field().candidates.all()[:4])
    answers = at_once(
        8, lambda k: put_vote(client_of(ada), answer_of(candidates[k % 4], 1 + k % 4), uuid)
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [HTTPStatus.OK] * 2 + [HTTPStatus.CONFLICT] * 6
    assert Vote.objects.count() == 1
    call_command("audit")
