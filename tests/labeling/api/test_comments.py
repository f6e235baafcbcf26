"""The discussion of a candidate, and answers to the questions that come with a vote."""

from http import HTTPStatus
from uuid import uuid4

import pytest

from labeling.models import Vote
from tests.labeling.conftest import client_of
from tests.labeling.rules.test_decision_tree import path
from tests.labeling.world import API, at_once, vote


@pytest.fixture
def address(candidate):
    """Where its comments are."""
    return f"{API}/candidates/{candidate.pk}/comments/"


def test_comments_are_readable_only_after_the_vote(as_ada, ada, candidate, address):
    for answer in (as_ada.get(address), as_ada.post(address, {"text": "a star?"})):
        assert answer.status_code == HTTPStatus.FORBIDDEN
    vote(candidate, ada)
    assert as_ada.post(address, {"text": "a star?"}).status_code == HTTPStatus.CREATED
    (comment,) = as_ada.get(address).json()
    assert (comment["author"], comment["text"]) == ("ada", "a star?")


def test_it_rejects_an_empty_comment(as_ada, ada, candidate, address):
    vote(candidate, ada)
    assert as_ada.post(address, {"text": " "}).status_code == HTTPStatus.BAD_REQUEST
    assert not candidate.comments.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_comment_twice_is_stored_once(as_ada, ada, bea, as_bea, candidate, address):
    for expert in (ada, bea):
        vote(candidate, expert)
    sent = at_once(4, lambda _: client_of(ada).post(address, {"text": "a star?"}))
    assert {answer.status_code for answer in sent} == {HTTPStatus.CREATED}
    assert len({answer.json()["written_at"] for answer in sent}) == 1
    as_bea.post(address, {"text": "a star?"})
    as_ada.post(address, {"text": "a star!"})
    said = [(comment["author"], comment["text"]) for comment in as_ada.get(address).json()]
    assert said == [("ada", "a star?"), ("bea", "a star?"), ("ada", "a star!")]


def test_the_same_comment_after_a_ruling_is_stored_again(as_ada, ada, cur, candidate, address):
    vote(candidate, ada)
    as_ada.post(address, {"text": "two peaks"})
    candidate.adjudicate(cur, 1, "one")
    as_ada.post(address, {"text": "two peaks"})
    assert [comment["resolved"] for comment in as_ada.get(address).json()] == [True, False]


def test_a_ruling_resolves_the_discussion_until_another_comment(as_ada, ada, cur, candidate):
    vote(candidate, ada)

    def resolved():
        comments = as_ada.get(f"{API}/candidates/{candidate.pk}/opinions/").json()["comments"]
        return [comment["resolved"] for comment in comments]

    assert resolved() == []
    candidate.comments.create(author=ada, text="two peaks")
    assert resolved() == [False]
    candidate.adjudicate(cur, 3, "yes, two")
    assert resolved() == [True]
    candidate.comments.create(author=ada, text="or three")
    assert resolved() == [True, False]


def put(client, candidate, **answer):
    """A vote by HTTP."""
    return client.put(f"{API}/votes/{uuid4()}/", {"candidate": candidate.pk, **answer})


def test_answers_are_kept_with_the_vote(as_ada, candidate):
    answers = path("source=yes peaks=one resolved=no")
    reply = put(as_ada, candidate, label=4, reason="star", answers=answers)
    assert reply.json()["answers"] == answers
    assert Vote.objects.get().answers == answers


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ("source=yes peaks=one", "is not answered"),
        ("source=yes peaks=several together=yes", "lead to class 3, not to the class of the vote"),
    ],
)
def test_it_rejects_answers_that_lead_to_another_class(as_ada, candidate, answers, complaint):
    reply = put(as_ada, candidate, label=1, answers=path(answers))
    assert reply.status_code == HTTPStatus.BAD_REQUEST
    assert complaint in reply.json()["detail"]
    assert not Vote.objects.exists()
