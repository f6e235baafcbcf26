"""labeling.auth.backend: each request reads its session and account in one query, and anew."""

from http import HTTPStatus
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session as PlainSession
from django.test import Client
from django.utils import timezone

from labeling.models import Session
from tests.labeling.world import make_field

PAGE = "/api/v1/progress/"


@pytest.fixture
def browser(ada):
    """A browser in which ada is signed in, and has been at work."""
    client = Client()
    client.force_login(ada)
    make_field()
    assert client.get(PAGE).status_code == HTTPStatus.OK
    return client


def test_session_account_and_roles_are_read_by_one_query(browser, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert browser.get("/whoami/").json()["user"] == "ada"


def test_a_removed_role_has_no_effect_at_the_next_request(browser, ada):
    ada.groups.clear()
    assert browser.get(PAGE).status_code == HTTPStatus.FORBIDDEN


def test_a_closed_account_or_a_new_password_ends_the_session(browser, ada):
    ada.is_active = False
    ada.save()
    assert browser.get(PAGE).status_code == HTTPStatus.UNAUTHORIZED
    ada.is_active = True
    ada.set_password("another")
    ada.save()
    assert browser.get(PAGE).status_code == HTTPStatus.UNAUTHORIZED


def test_deleting_an_account_deletes_its_sessions(browser, ada):
    assert Session.objects.get().account == ada
    ada.delete()
    assert not Session.objects.exists()
    assert browser.get(PAGE).status_code == HTTPStatus.UNAUTHORIZED


def test_after_another_log_in_the_session_is_that_of_the_new_account(browser, bea):
    browser.force_login(bea)
    assert browser.get("/whoami/").json()["user"] == "bea"
    browser.logout()
    assert browser.get(PAGE).status_code == HTTPStatus.UNAUTHORIZED


def test_sessions_of_different_browsers_are_separate(browser, bea):
    """They share a thread here, as requests do on the server."""
    other = Client()
    other.force_login(bea)
    for _ in range(3):
        assert browser.get("/whoami/").json()["user"] == "ada"
        assert other.get("/whoami/").json()["user"] == "bea"
        assert Client().get(PAGE).status_code == HTTPStatus.UNAUTHORIZED


def test_an_expired_session_signs_nobody_in(browser):
    Session.objects.update(expire_date=timezone.now())
    assert browser.get(PAGE).status_code == HTTPStatus.UNAUTHORIZED


def test_sessions_from_before_the_upgrade_stay_valid(browser, ada):
    for old in Session.objects.all():
        row = {"session_data": old.session_data, "expire_date": old.expire_date}
        PlainSession.objects.create(session_key=old.session_key, **row)
        PlainSession.objects.create(session_key="of-a-visitor", **{**row, "session_data": "?"})
    Session.objects.all().delete()
    assert browser.get(PAGE).status_code == HTTPStatus.UNAUTHORIZED
    own_session = PlainSession.objects.exclude(session_key="of-a-visitor").get()
    browser.cookies[settings.SESSION_COOKIE_NAME] = own_session.pk
    import_module("labeling.migrations.0006_sessions").take_over(apps, None)
    assert browser.get(PAGE).status_code == HTTPStatus.OK
    assert Session.objects.get().account == ada
    assert not PlainSession.objects.exists()
