"""The path at which Asterism is served, and the names of its cookies."""

from http import HTTPStatus

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from deploy.address import cookie_name, script_name
from deploy.wsgi import below


@pytest.fixture
def ada(db):
    return User.objects.create(username="ada")


@pytest.mark.parametrize(
    ("text", "path"), [("", ""), ("/", ""), ("/asterism", "/asterism"), ("/a/b-1/", "/a/b-1")]
)
def test_the_path_has_no_slash_at_its_end(monkeypatch, text, path):
    monkeypatch.setenv("SCRIPT_NAME", text)
    assert script_name() == path


@pytest.mark.parametrize("text", ["asterism", "/a b", "/a?b", "/a//b", "/a#", '/"x', "http://a/b"])
def test_other_paths_stop_the_start(monkeypatch, text):
    monkeypatch.setenv("SCRIPT_NAME", text)
    with pytest.raises(SystemExit, match="must be a path such as /asterism"):
        script_name()


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/asterism", ""),
        ("/asterism/", "/"),
        ("/asterism/runs/", "/runs/"),
        ("/runs/", "/runs/"),
        ("/asterisms/", "/asterisms/"),
        ("/healthz", "/healthz"),
    ],
)
def test_the_path_is_removed_if_the_proxy_has_not_done_so(path, inside):
    application = below("/asterism", lambda environ, _: [environ["PATH_INFO"].encode()])
    assert application({"PATH_INFO": path}, None) == [inside.encode()]


def test_instances_have_cookies_of_their_own():
    one, other = (cookie_name("sessionid", key) for key in ("a" * 50, "b" * 50))
    assert one.startswith("sessionid_")
    assert one != other
    assert one == cookie_name("sessionid", "a" * 50)


def test_a_session_from_before_the_upgrade_goes_on(ada):
    before, after = Client(), Client()
    before.force_login(ada)
    key = before.cookies[settings.SESSION_COOKIE_NAME].value
    after.cookies["sessionid"] = key
    assert after.get("/whoami/").json()["user"] == "ada"
    cookie = after.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == (key, True, "Lax")
    del after.cookies["sessionid"]
    assert after.get("/whoami/").json()["user"] == "ada"


def test_an_open_page_from_before_the_upgrade_can_send_its_votes(ada):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    token = "c" * 32
    browser.cookies["csrftoken"] = token
    answer = browser.patch(
        "/api/v1/preferences/",
        {"theme": "light"},
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == HTTPStatus.OK


def test_a_cookie_of_another_instance_signs_nobody_in(ada):
    browser = Client()
    browser.cookies["sessionid"] = "x" * 32
    assert browser.get("/whoami/").json()["user"] == ""
    assert not browser.cookies[settings.SESSION_COOKIE_NAME].value
