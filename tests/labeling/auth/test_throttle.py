"""Throttled log-in: by account and by address, on the pages and the admin site alike."""

from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from deploy.settings import networks
from labeling.auth.throttle import ACCOUNTS_AT_AN_ADDRESS, client_address
from tests.labeling.world import API

pytestmark = pytest.mark.beside("postgresql")

LIMIT = settings.AXES_FAILURE_LIMIT
PAGES = ["/login/", "/admin/login/"]
SENTENCE = "There were too many attempts to log in with a wrong password. Try again in 10 minutes."


@pytest.fixture(autouse=True)
def _uncollected_static_files(settings):
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def root(django_user_model, db):
    return django_user_model.objects.create_superuser("root", password="root")


def log_in(name, password, page="/login/", address="192.0.2.1", **headers):
    body = {"username": name, "password": password}
    return Client().post(page, body, REMOTE_ADDR=address, headers=headers)


def fail(count, name="root", **options):
    """The answer to the last of some log-ins with a wrong password."""
    return [log_in(name, f"wrong {n}", **options) for n in range(count)][-1]


def wait(**time):
    """Let time pass for all failures."""
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(**time))


@pytest.mark.parametrize("page", PAGES)
def test_after_ten_wrong_passwords_the_right_one_is_refused_too(root, page):
    assert fail(LIMIT - 1, page=page).status_code == HTTPStatus.OK
    assert fail(1, page=page).status_code == HTTPStatus.TOO_MANY_REQUESTS
    refused = log_in("root", "root", page)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert SENTENCE in refused.content.decode()
    assert 590 < int(refused.headers["Retry-After"]) <= 600


@pytest.mark.parametrize("page", PAGES)
def test_the_right_password_works_after_the_pause(root, page):
    fail(LIMIT, page=page)
    wait(minutes=9, seconds=30)
    assert "Try again in 1 minute." in log_in("root", "root", page).content.decode()
    wait(seconds=31)
    assert log_in("root", "root", page).status_code == HTTPStatus.FOUND


def test_attempts_during_the_pause_do_not_prolong_it(root):
    fail(LIMIT)
    wait(minutes=9)
    fail(3)
    wait(minutes=1, seconds=1)
    assert log_in("root", "root").status_code == HTTPStatus.FOUND


def test_an_account_is_paused_at_every_page_and_address(root):
    for number in range(LIMIT):
        fail(1, page=PAGES[number % 2], address=f"192.0.2.{number}", **{"User-Agent": str(number)})
    assert (
        log_in("root", "root", address="198.51.100.7").status_code == HTTPStatus.TOO_MANY_REQUESTS
    )


def test_another_account_at_the_address_is_not(root, ada):
    fail(LIMIT)
    assert log_in("ada", "ada").status_code == HTTPStatus.FOUND


def test_an_address_is_paused_for_all_accounts(root, ada):
    for number in range(LIMIT * ACCOUNTS_AT_AN_ADDRESS):
        fail(1, name=f"guess{number}")
    assert log_in("ada", "ada").status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert log_in("ada", "ada", address="192.0.2.2").status_code == HTTPStatus.FOUND


def test_the_right_password_forgets_the_failures_of_its_account_only(root, ada):
    fail(LIMIT - 1)
    assert log_in("root", "root").status_code == HTTPStatus.FOUND
    assert fail(LIMIT - 1).status_code == HTTPStatus.OK
    for number in range(LIMIT * ACCOUNTS_AT_AN_ADDRESS - LIMIT):
        fail(1, name=f"guess{number}")
        log_in("ada", "ada")
    assert fail(1, name="guess").status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_scripts_get_a_problem_object(root):
    fail(LIMIT)
    refused = log_in("root", "root", accept="application/json")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["detail"] == SENTENCE


def test_no_password_is_stored(root):
    fail(2)
    assert "wrong" not in str(AccessAttempt.objects.values_list())


def test_who_is_logged_in_is_not_disturbed(root, as_ada):
    fail(LIMIT, name="ada")
    assert as_ada.get("/api/v1/progress/").status_code == HTTPStatus.OK


def test_a_vote_asks_the_database_nothing_about_log_ins(as_ada, field):
    body = {"candidate": field.candidates.first().pk, "label": 1, "certainty": "sure"}
    with CaptureQueriesContext(connection) as queries:
        answer = as_ada.put(f"{API}/votes/{uuid4()}/", body)
    assert answer.status_code == HTTPStatus.OK
    assert not [q for q in queries.captured_queries if "axes" in q["sql"]]


FORWARDED = "203.0.113.9, 198.51.100.4"


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        ("", "192.0.2.1", None, "192.0.2.1"),
        ("", "192.0.2.1", FORWARDED, "192.0.2.1"),
        ("10.0.0.0/8", "192.0.2.1", FORWARDED, "192.0.2.1"),
        ("10.0.0.0/8", "10.1.2.3", FORWARDED, "198.51.100.4"),
        ("10.0.0.0/8,198.51.100.4", "10.1.2.3", FORWARDED, "203.0.113.9"),
        ("10.0.0.0/8", "10.1.2.3", None, "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3", "unknown", "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3", "203.0.113.9, 10.0.0.1", "203.0.113.9"),
        ("127.0.0.1,::1", "", FORWARDED, "198.51.100.4"),
        ("127.0.0.1,::1", "::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("127.0.0.1,::1", "::ffff:127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("", "", None, None),
    ],
)
def test_the_address_is_the_one_before_trusted_proxies(
    settings, monkeypatch, proxies, remote, forwarded, expected
):
    monkeypatch.setenv("TRUSTED_PROXIES", proxies)
    settings.TRUSTED_PROXIES = networks("TRUSTED_PROXIES", "")
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)
    assert client_address(request) == expected


def test_behind_a_proxy_clients_are_told_apart(root, settings, monkeypatch):
    settings.TRUSTED_PROXIES = networks("NONE", "10.0.0.1")
    for number in range(LIMIT * ACCOUNTS_AT_AN_ADDRESS):
        fail(1, name=f"guess{number}", address="10.0.0.1", **{"X-Forwarded-For": "203.0.113.9"})
    refused, accepted = (
        log_in("root", "root", address="10.0.0.1", **{"X-Forwarded-For": client})
        for client in ("203.0.113.9", "203.0.113.10")
    )
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert accepted.status_code == HTTPStatus.FOUND


def test_a_name_is_no_trusted_proxy(monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "proxy.example.org")
    with pytest.raises(SystemExit, match="TRUSTED_PROXIES must be addresses or networks"):
        networks("TRUSTED_PROXIES", "")
