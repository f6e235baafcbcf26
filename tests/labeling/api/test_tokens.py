"""GET and POST tokens/, DELETE tokens/{id}/, and how tokens end."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from django.utils import timezone

from labeling.models import ApiToken
from tests.labeling.conftest import client_of
from tests.labeling.world import API

URL = f"{API}/tokens/"


@pytest.fixture
def as_root(django_user_model, db):
    return client_of(django_user_model.objects.create_superuser("root"))


@pytest.fixture
def key(ada):
    return ApiToken.objects.issue(ada, "backup")[1]


def progress(key):
    headers = {"Authorization": f"Token {key}"}
    return Client().get(f"{API}/progress/", headers=headers).status_code


def test_it_makes_a_named_token_and_shows_its_key_once(as_ada):
    made = as_ada.post(URL, {"name": "backup"})
    assert made.status_code == HTTPStatus.CREATED
    assert set(made.json()) == {"id", "name", "created_at", "last_used_at", "key"}
    assert progress(made.json()["key"]) == HTTPStatus.OK

    (listed,) = as_ada.get(URL).json()["results"]
    assert (listed["id"], listed["name"]) == (made.json()["id"], "backup")
    assert "key" not in listed
    assert listed["last_used_at"] is not None


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 81}, {"nmae": "x"}])
def test_it_rejects_a_token_without_a_name(as_ada, body):
    assert as_ada.post(URL, body).status_code == HTTPStatus.BAD_REQUEST
    assert not ApiToken.objects.exists()


def test_a_token_makes_no_tokens(key):
    answer = Client().post(
        URL, '{"name": "a"}', "application/json", headers={"Authorization": f"Token {key}"}
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["detail"] == "A token makes no tokens; log in on the pages to make one."


def test_a_revoked_token_ends(as_ada, ada, key):
    other = ApiToken.objects.issue(ada, "other")[1]
    pk = ada.api_tokens.get(name="backup").pk
    for _ in range(2):
        assert as_ada.delete(f"{URL}{pk}/").status_code == HTTPStatus.NO_CONTENT
    assert progress(key) == HTTPStatus.UNAUTHORIZED
    assert progress(other) == HTTPStatus.OK
    assert [row["name"] for row in as_ada.get(URL).json()["results"]] == ["other"]


def test_nobody_sees_or_revokes_the_tokens_of_others(as_admin, ada, key):
    assert as_admin.get(URL).json()["results"] == []
    pk = ada.api_tokens.get().pk
    assert as_admin.delete(f"{URL}{pk}/").status_code == HTTPStatus.NOT_FOUND
    assert progress(key) == HTTPStatus.OK


def test_a_token_ends_with_a_new_password(ada, key):
    ada.set_password("another word")
    ada.save()
    assert progress(key) == HTTPStatus.UNAUTHORIZED


def test_a_token_ends_with_a_new_password_by_the_admin_site(as_root, ada, key):
    form = {
        "password1": "a longer word 7",
        "password2": "a longer word 7",
        "usable_password": "true",
    }
    answer = as_root.post(f"/admin/auth/user/{ada.pk}/password/", form, format="multipart")
    assert answer.status_code == HTTPStatus.FOUND
    assert progress(key) == HTTPStatus.UNAUTHORIZED


def test_hashing_the_same_password_anew_keeps_the_token(ada, key, settings):
    preferred = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    settings.PASSWORD_HASHERS = [preferred, *settings.PASSWORD_HASHERS]
    assert ada.check_password("ada")
    ada.refresh_from_db()
    assert ada.password.startswith(PBKDF2PasswordHasher.algorithm)
    assert progress(key) == HTTPStatus.OK


def test_a_token_ends_with_its_account(ada, key):
    ada.is_active = False
    ada.save()
    assert progress(key) == HTTPStatus.UNAUTHORIZED


def test_the_use_is_recorded_once_an_hour(ada, key):
    progress(key)
    token = ada.api_tokens.get()
    earlier = timezone.now() - timedelta(minutes=50)
    ada.api_tokens.update(last_used_at=earlier)
    progress(key)
    assert ada.api_tokens.get().last_used_at == earlier
    ada.api_tokens.update(last_used_at=earlier - timedelta(minutes=20))
    progress(key)
    assert ada.api_tokens.get().last_used_at > token.last_used_at


@pytest.mark.parametrize("key", ["", "0" * 40, "a b", "ä" * 40])
def test_it_says_that_a_token_is_not_valid(db, key):
    answer = Client().get(f"{API}/progress/", headers={"Authorization": f"Token {key}".encode()})
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


def test_administrators_revoke_the_tokens_of_others(as_root, ada, key):
    form = {"action": "revoke", "_selected_action": [ada.api_tokens.get().pk]}
    as_root.post("/admin/labeling/apitoken/", form, format="multipart")
    assert progress(key) == HTTPStatus.UNAUTHORIZED
