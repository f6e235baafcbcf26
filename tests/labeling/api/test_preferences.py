"""GET and PATCH /api/v1/preferences/"""

from http import HTTPStatus

import pytest

from labeling.models import Preferences
from tests.labeling.conftest import client_of
from tests.labeling.world import API, at_once, problem

URL = f"{API}/preferences/"
FIRST = {"display": {}, "keys": {}, "theme": "dark"}


def saved(client):
    return client.get(URL).json()


def test_everybody_has_the_defaults_and_reading_writes_nothing(as_ada):
    assert saved(as_ada) == FIRST
    assert not Preferences.objects.exists()


@pytest.mark.parametrize(
    "section",
    [
        {"display": {"stretch": "log", "limits": {"kind": "zscale"}, "unlinked": ["V", "I"]}},
        {"keys": {"vote-1": ["q"], "unsure": ["5", "u"], "help": []}},
        {"theme": "system"},
    ],
)
def test_a_change_replaces_one_section_only(as_ada, section):
    before = {"display": {"zoom": 2}, "keys": {"undo": ["z"]}, "theme": "light"}
    assert as_ada.patch(URL, before).json() == before
    assert as_ada.patch(URL, section).json() == before | section
    assert saved(as_ada) == before | section


def test_each_person_has_their_own_preferences(as_ada, as_bea):
    as_ada.patch(URL, {"theme": "light"})
    assert saved(as_bea) == FIRST
    assert saved(as_ada) == FIRST | {"theme": "light"}


def test_the_same_request_again_changes_nothing(as_ada):
    answers = [as_ada.patch(URL, {"theme": "light"}).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert Preferences.objects.count() == 1


def test_a_key_of_two_actions_is_refused_with_key_and_actions(as_ada):
    as_ada.patch(URL, {"keys": {"undo": ["z"]}})
    body = {"keys": {"undo": ["z"], "zoom-in": ["z"]}, "theme": "light"}
    refused = problem(as_ada.patch(URL, body), HTTPStatus.BAD_REQUEST)
    assert refused["detail"] == "keys: z stands for two actions: undo and zoom-in."
    assert saved(as_ada) == FIRST | {"keys": {"undo": ["z"]}}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"theme": "pink"}, "theme"),
        ({"theme": None}, "theme"),
        ({"keys": []}, "keys"),
        ({"keys": {"vote-1": "1"}}, "keys"),
        ({"keys": {"vote-1": ["Tab"]}}, "keys"),
        ({"keys": {"vote-1": ["\0"]}}, "keys"),
        ({"keys": {"\0": []}}, "keys"),
        ({"display": "log"}, "display"),
        ({"display": None}, "display"),
        ({"display": {"x": "y" * 4000}}, "display"),
        ({"display": {"x": ["\0"]}}, "display"),
        ({"colour": "pink"}, "colour"),
        ([], "non_field_errors"),
    ],
)
def test_it_rejects_an_unknown_setting(as_ada, body, name):
    refused = problem(as_ada.patch(URL, body), HTTPStatus.BAD_REQUEST)
    assert list(refused["errors"]) == [name]
    assert not Preferences.objects.exists()


@pytest.mark.parametrize("value", [r'"\ud800"', "1e999", "NaN", "[" * 3000 + "]" * 3000])
def test_it_rejects_values_that_a_database_cannot_store(as_ada, value):
    body = f'{{"display": {{"x": {value}}}}}'
    response = as_ada.patch(URL, body, content_type="application/json")
    problem(response, HTTPStatus.BAD_REQUEST)


@pytest.mark.django_db(transaction=True)
def test_concurrent_changes_of_two_sections_are_both_stored(ada):
    sections = [{"display": {"zoom": 3}}, {"keys": {"undo": ["z"]}}, {"theme": "light"}]
    answers = at_once(9, lambda k: client_of(ada).patch(URL, sections[k % 3]))
    assert {answer.status_code for answer in answers} == {HTTPStatus.OK}
    assert saved(client_of(ada)) == {
        "display": {"zoom": 3}, "keys": {"undo": ["z"]}, "theme": "light"
    }  # fmt: skip
