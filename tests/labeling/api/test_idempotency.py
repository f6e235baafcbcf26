"""Idempotency-Key: what is sent again after a lost answer is made once."""

from http import HTTPStatus
from uuid import uuid4

import pytest

from labeling.api.exports import ReleaseIn
from labeling.models import Adjudication, Comment, Experiment, IdempotencyKey, Release, TrainingRun
from tests.labeling.world import API, at_once, make_field, only_sample, problem, vote


@pytest.fixture
def labelled(field, ada):
    """A field whose labels suffice for training."""
    only_sample(field, control=False)
    field.votes_needed = 1
    field.save()
    for number, candidate in enumerate(field.candidates.all()):
        vote(candidate, ada, 1 + number % 4)
    return field


def post(client, path, body, key):
    return client.post(f"{API}/{path}", body, headers={"Idempotency-Key": key})


def count():
    return Release.objects.count(), TrainingRun.objects.count(), Experiment.objects.count()


def test_a_run_is_made_once_even_if_a_worker_has_started_it(as_admin, labelled):
    key = str(uuid4())
    first = post(as_admin, "runs/", {"preset": "quick"}, key)
    TrainingRun.objects.update(status="running")
    again = post(as_admin, "runs/", {"preset": "quick"}, key)
    assert (first.status_code, again.status_code) == (HTTPStatus.CREATED, HTTPStatus.CREATED)
    assert again.json()["id"] == first.json()["id"]
    assert count() == (0, 1, 0)


def test_a_release_is_made_once(as_cur, field):
    key = str(uuid4())
    first = post(as_cur, "releases/", {"version": "v1"}, key)
    again = post(as_cur, "releases/", {"version": "v1"}, f'"{key.upper()}"')
    assert again.status_code == HTTPStatus.CREATED
    assert again.json() == first.json()
    assert count() == (1, 0, 0)


def test_an_experiment_is_made_once(as_admin, labelled):
    body = {"kind": "crop-size", "preset": "quick"}
    answers = [post(as_admin, "experiments/", body, "a key") for _ in range(2)]
    assert answers[1].json() == answers[0].json()
    assert count() == (0, 0, 1)


def test_a_comment_is_made_once_even_if_a_curator_has_ruled_since(as_cur, cur, candidate):
    path, body = f"candidates/{candidate.pk}/comments/", {"text": "a pair"}
    post(as_cur, path, body, "key")
    Adjudication.objects.create(candidate=candidate, curator=cur, label=4, reason="a pair")
    assert post(as_cur, path, body, "key").status_code == HTTPStatus.CREATED
    assert Comment.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(as_cur, field):
    post(as_cur, "releases/", {"version": "v1"}, "key")
    response = post(as_cur, "releases/", {"version": "v2"}, "key")
    problem(response, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert count() == (1, 0, 0)


def test_keys_of_two_people_do_not_meet(as_cur, as_admin, field):
    post(as_cur, "releases/", {"version": "v1"}, "key")
    assert post(as_admin, "releases/", {"version": "v2"}, "key").status_code == HTTPStatus.CREATED
    assert count() == (2, 0, 0)


def test_a_request_that_was_refused_may_be_corrected(as_cur, field):
    problem(post(as_cur, "releases/", {"version": "not a slug"}, "key"), HTTPStatus.BAD_REQUEST)
    assert post(as_cur, "releases/", {"version": "v1"}, "key").status_code == HTTPStatus.CREATED


@pytest.mark.parametrize("key", ["", " ", '""', "é", "k" * 256])
def test_a_key_that_is_none_is_refused(as_cur, field, key):
    response = post(as_cur, "releases/", {"version": "v1"}, key)
    assert "Idempotency-Key" in problem(response, HTTPStatus.BAD_REQUEST)["errors"]


def test_a_request_that_is_overtaken_by_itself_gets_its_row(as_cur, cur, field):
    body = {"version": "v1"}

    def overtaken():
        post(as_cur, "releases/", body, "key")
        ReleaseIn(data=body).is_valid(raise_exception=True)

    key = IdempotencyKey.of(cur, f"{API}/releases/", "key", body)
    assert key.once(overtaken) == Release.objects.get().pk


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_make_one(as_cur):
    make_field()
    answers = at_once(4, lambda _: post(as_cur, "releases/", {"version": "v1"}, "key").status_code)
    assert answers == [HTTPStatus.CREATED] * 4
    assert count() == (1, 0, 0)
    assert IdempotencyKey.objects.count() == 1
