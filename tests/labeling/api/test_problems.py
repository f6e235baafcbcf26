"""Every refusal is a problem object (RFC 9457)."""

from http import HTTPStatus

import pytest
from rest_framework.test import APIClient

from labeling.models import ApiToken
from tests.labeling.world import API, JsonClient, problem


def test_the_api_never_redirects_to_the_log_in_page(as_nobody, db):
    problem(as_nobody.get(f"{API}/candidates/"), HTTPStatus.UNAUTHORIZED)


def test_a_stranger_is_refused(as_stranger):
    problem(as_stranger.get(f"{API}/candidates/"), HTTPStatus.FORBIDDEN)


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_an_unknown_address_is_not_found(as_ada, method):
    refused = problem(getattr(as_ada, method)(f"{API}/nonsense/"), HTTPStatus.NOT_FOUND)
    assert "/api/v1/nonsense/" in refused["detail"]


def test_a_method_that_is_not_allowed_is_named(as_ada):
    refused = problem(as_ada.post(f"{API}/candidates/", {}), HTTPStatus.METHOD_NOT_ALLOWED)
    assert "POST" in refused["detail"]


@pytest.mark.parametrize("body", ["{", "", "null", "NaN", '"x"', "[1, 2]", b"\xff"])
def test_malformed_json_is_refused(as_admin, body):
    response = as_admin.post(f"{API}/runs/", body or " ", content_type="application/json")
    problem(response, HTTPStatus.BAD_REQUEST)


def test_another_media_type_is_refused(as_ada):
    response = as_ada.post(f"{API}/queue/", "count=1", content_type="text/plain")
    problem(response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def test_errors_are_one_sentence_and_listed_by_input(as_ada, candidate):
    body = {"candidate": "x", "label": 9}
    url = f"{API}/votes/00000000-0000-0000-0000-000000000001/"
    refused = problem(as_ada.put(url, body), HTTPStatus.BAD_REQUEST)
    assert set(refused["errors"]) == {"candidate", "label"}
    assert refused["title"] == "Bad Request"
    assert refused["type"] == "about:blank"


def test_a_token_authenticates_like_a_session(ada, candidate):
    client = JsonClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.objects.issue(ada, 'notebook')[1]}")
    assert client.get(f"{API}/candidates/").status_code == HTTPStatus.OK
    client.credentials(HTTP_AUTHORIZATION="Token nonsense")
    problem(client.get(f"{API}/candidates/"), HTTPStatus.UNAUTHORIZED)


def test_a_session_needs_the_csrf_token(ada, candidate):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ada)
    refused = problem(client.post(f"{API}/queue/", {}, format="json"), HTTPStatus.FORBIDDEN)
    assert "CSRF" in refused["detail"]


def test_an_inactive_account_is_refused(as_ada, ada):
    ada.is_active = False
    ada.save()
    problem(as_ada.get(f"{API}/candidates/"), HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize(
    "path",
    [
        "candidates/?field=%00",
        "candidates/?page_size=%00",
        "consensus/?field=%00",
        "consensus/?status=%00",
        "agreement/?field=%00",
        "export/consensus.csv?field=%00",
        "progress/?field=%00",
        "runs/?page=%00",
        "experiments/?page=%00",
    ],
)
def test_a_name_with_a_null_character_is_no_server_error(as_admin, field, path):
    code = as_admin.get(f"{API}/{path}").status_code
    assert code < HTTPStatus.INTERNAL_SERVER_ERROR


@pytest.mark.parametrize("path", ["candidates/", "consensus/"])
def test_an_unknown_field_is_named(as_admin, field, path):
    refused = problem(as_admin.get(f"{API}/{path}?field=nonsense"), HTTPStatus.BAD_REQUEST)
    assert refused["detail"] == "field: There is no field called 'nonsense'."


def test_the_agreement_of_an_unknown_field_is_not_found(as_admin, field):
    missing = problem(as_admin.get(f"{API}/agreement/?field=nonsense"), HTTPStatus.NOT_FOUND)
    assert missing["detail"] == "There is no field called 'nonsense'."


@pytest.mark.parametrize(
    "body", [{"fields": ["nonsense"]}, {"field": "nonsense"}, {"fields": ["ngc1", "nonsense"]}]
)
def test_an_unknown_field_in_a_body_is_named(as_admin, field, body):
    refused = problem(
        as_admin.post(f"{API}/runs/", {"preset": "quick", **body}), HTTPStatus.BAD_REQUEST
    )
    assert "There is no field called 'nonsense'." in refused["detail"]


@pytest.mark.parametrize("name", ["queue/", "runs/", "experiments/"])
def test_a_name_with_a_null_character_in_a_body_is_refused(as_admin, field, name):
    problem(as_admin.post(f"{API}/{name}", {"field": "\0"}), HTTPStatus.BAD_REQUEST)


def test_a_body_over_the_limit_is_refused(as_ada, candidate, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    url = f"{API}/votes/00000000-0000-0000-0000-000000000001/"
    response = as_ada.put(url, {"candidate": candidate.pk, "label": 1, "comment": "x" * 1000})
    refused = problem(response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    assert refused["detail"] == "The body is larger than any request needs."


def test_a_host_that_is_not_ours_is_refused(as_ada):
    response = as_ada.get(f"{API}/candidates/", headers={"Host": "example.org"})
    problem(response, HTTPStatus.BAD_REQUEST)


def test_a_crash_is_a_problem_object(ada, candidate, settings):
    # Stands for any mistake in a view: nothing but the address of the images is wrong.
    settings.RGB_CACHE = None
    client = JsonClient(raise_request_exception=False)
    client.force_login(ada)
    response = client.get(f"{API}/candidates/{candidate.pk}/rgb.png")
    crash = problem(response, HTTPStatus.INTERNAL_SERVER_ERROR)
    assert "log" in crash["detail"]
    assert "RGB" not in response.content.decode()
