"""Input is strict: what an address does not take is refused by name, and never ignored."""

from http import HTTPStatus
from uuid import uuid4

import pytest
from django.urls import get_resolver
from rest_framework import serializers

from labeling.api.problems import NotFoundView
from labeling.api.strict import SettingsField
from labeling.api.views import StrictQuery
from labeling.models import Comment, Release, TrainingRun, Vote
from tests.labeling.world import API, answer_of, lease_to, make_run, problem, put_vote, vote

NUL_ESCAPE = r"\u0000n"


def refused_names(response):
    """The names that a refusal is about."""
    return set(problem(response, HTTPStatus.BAD_REQUEST)["errors"])


def test_a_misspelt_name_of_a_vote_is_refused(as_ada, candidate):
    body = {"candidate": candidate.pk, "lable": 2, "commment": "a pair"}
    assert refused_names(put_vote(as_ada, body)) == {"lable", "commment", "label"}
    body = answer_of(candidate, 2, commment="a pair")
    assert refused_names(put_vote(as_ada, body)) == {"commment"}
    assert not Vote.objects.exists()


def test_a_misspelt_name_in_an_answer_is_refused(as_ada, candidate):
    answers = [{"question": "centre", "answer": "yes", "anwser": "no"}]
    assert refused_names(put_vote(as_ada, answer_of(candidate, answers=answers))) == {"answers"}


@pytest.mark.parametrize("path", ["queue/", "runs/", "experiments/", "releases/", "adjudications/"])
def test_other_bodies_are_strict_too(as_admin, field, path):
    assert "nonsense" in refused_names(as_admin.post(f"{API}/{path}", {"nonsense": 1}))
    assert not TrainingRun.objects.exists()


def test_a_comment_is_strict(as_cur, candidate):
    body = {"text": "a pair", "txt": "a star"}
    url = f"{API}/candidates/{candidate.pk}/comments/"
    assert refused_names(as_cur.post(url, body)) == {"txt"}
    assert not Comment.objects.exists()


def test_a_column_that_the_server_fills_cannot_be_sent(as_cur, field):
    body = {"version": "v1", "sha256": "0" * 64}
    assert refused_names(as_cur.post(f"{API}/releases/", body)) == {"sha256"}
    assert not Release.objects.exists()


def test_a_request_without_a_body_takes_none(as_admin, field, admin):
    run = make_run(field, admin, status="queued")
    lease = lease_to(field.candidates.first(), admin)
    for method, path in (
        ("post", f"runs/{run.pk}/cancellation/"),
        ("put", f"leases/{lease.pk}/"),
        ("put", f"leases/{lease.pk}/skip/"),
    ):
        assert refused_names(getattr(as_admin, method)(f"{API}/{path}", {"note": 1})) == {"note"}
        assert getattr(as_admin, method)(f"{API}/{path}", {}).status_code < HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "path",
    ["candidates/", "consensus/", "progress/", "runs/", "agreement/", "export/consensus.csv"],
)
def test_an_unknown_filter_is_refused(as_admin, field, path):
    response = as_admin.get(f"{API}/{path}?field=ngc1&nonsense=1&nosuch=2")
    assert refused_names(response) >= {"nonsense", "nosuch"}


def test_a_filter_that_belongs_to_another_method_is_refused(as_ada, candidate):
    response = as_ada.put(f"{API}/votes/{uuid4()}/?field=ngc1", answer_of(candidate))
    assert refused_names(response) == {"field"}


def test_the_names_of_pages_are_known_to_lists_only(as_ada, field):
    assert as_ada.get(f"{API}/candidates/?page=1&page_size=2").status_code == HTTPStatus.OK
    assert refused_names(as_ada.get(f"{API}/progress/?page=1")) == {"page"}


def test_every_view_is_strict_about_filters():
    views = [
        pattern.callback.view_class
        for resolver in get_resolver().url_patterns
        if str(resolver.pattern) == "api/v1/"
        for pattern in resolver.url_patterns
    ]
    documentation = "labeling.api.documentation"
    for view in views:
        assert issubclass(view, StrictQuery | NotFoundView) or view.__module__ == documentation, (
            view
        )


@pytest.mark.parametrize("value", ["plain", NUL_ESCAPE, [NUL_ESCAPE], {NUL_ESCAPE: 1}])
def test_the_text_of_an_escape_is_a_text(value):
    assert SettingsField(4000).run_validation({"k": value}) == {"k": value}


@pytest.mark.parametrize("value", ["\0", ["a", "\0"], {"a": {"\0": 1}}, {"a": ["\0"]}])
def test_a_nul_cannot_be_stored(value):
    with pytest.raises(serializers.ValidationError):
        SettingsField(4000).run_validation({"k": value})


def test_a_vote_keeps_the_text_of_an_escape(as_ada, candidate):
    body = answer_of(candidate, comment=NUL_ESCAPE, display={"stretch": NUL_ESCAPE})
    assert put_vote(as_ada, body).status_code == HTTPStatus.OK
    recorded = Vote.objects.get()
    assert (recorded.comment, recorded.display) == (NUL_ESCAPE, {"stretch": NUL_ESCAPE})


def test_a_uuid_in_upper_case_is_the_same(as_ada, candidate):
    uuid, body = uuid4(), answer_of(candidate)
    first = put_vote(as_ada, body, uuid)
    again = put_vote(as_ada, body, str(uuid).upper())
    assert (again.status_code, again.content) == (HTTPStatus.OK, first.content)
    url = f"{API}/votes/{str(uuid).upper()}/"
    assert as_ada.delete(url).status_code == HTTPStatus.NO_CONTENT
    assert not Vote.objects.live().exists()


@pytest.mark.parametrize("upper", [False, True])
def test_a_vote_of_somebody_else_cannot_be_replaced(as_ada, bea, field, upper):
    for candidate in field.candidates.all()[:2]:
        of_bea = vote(candidate, bea)
        replaces = str(of_bea.pk).upper() if upper else str(of_bea.pk)
        body = answer_of(field.candidates.first(), replaces=replaces)
        assert refused_names(put_vote(as_ada, body)) == {"replaces"}
    assert Vote.objects.live().count() == 2


def test_an_own_vote_on_another_candidate_cannot_be_replaced(as_ada, ada, field):
    first, second = field.candidates.all()[:2]
    body = answer_of(second, replaces=str(vote(first, ada).pk))
    assert refused_names(put_vote(as_ada, body)) == {"replaces"}


def test_the_correction_of_a_vote_that_has_not_arrived_counts(as_ada, candidate):
    body = answer_of(candidate, replaces=str(uuid4()))
    assert put_vote(as_ada, body).status_code == HTTPStatus.OK


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999", True, False])
def test_only_finite_numbers_are_numbers(as_ada, as_admin, candidate, number):
    assert refused_names(put_vote(as_ada, answer_of(candidate, seconds=number))) == {"seconds"}
    assert not Vote.objects.exists()
    for name in ("mag_min", "mag_max"):
        assert refused_names(as_ada.post(f"{API}/queue/", {name: number})) == {name}
    body = {"config": {"learning_rate": number}}
    assert refused_names(as_admin.post(f"{API}/runs/", body)) == {"config"}
    address = f"{API}/candidates/{candidate.pk}/rgb.png?q={number}"
    assert refused_names(as_ada.get(address)) == {"q"}
