"""`manage.py token NAME`"""

import hashlib
from http import HTTPStatus
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def token(*arguments):
    out = StringIO()
    call_command("token", *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def ada():
    user = User.objects.create_user("ada")
    user.groups.add(Group.objects.get(name="expert"))
    return user


def progress(client, key):
    return client.get("/api/v1/progress/", headers={"Authorization": f"Token {key}"})


def test_a_token_gives_access_to_the_api(client, ada):
    assert progress(client, token("ada")).status_code == HTTPStatus.OK


def test_each_call_prints_a_new_one_and_earlier_ones_stay_valid(client, ada):
    keys = {token("ada"), token("ada"), token("ada", "--token-name", "backup")}
    assert len(keys) == 3
    assert {progress(client, key).status_code for key in keys} == {HTTPStatus.OK}
    assert [t.name for t in ada.api_tokens.all()] == ["backup", "command line", "command line"]


def test_revoke_ends_all_of_the_account_and_only_its(client, ada):
    other = token(User.objects.create_superuser("root").username)
    keys = [token("ada"), token("ada")]
    assert token("ada", "--revoke") == "2 tokens of ada revoked."
    assert {progress(client, key).status_code for key in keys} == {HTTPStatus.UNAUTHORIZED}
    assert progress(client, other).status_code == HTTPStatus.OK
    assert token("ada", "--revoke") == "0 tokens of ada revoked."


def test_renew_ends_the_earlier_ones_and_prints_a_new_one(client, ada):
    first = token("ada")
    renewed = token("ada", "--renew")
    assert progress(client, first).status_code == HTTPStatus.UNAUTHORIZED
    assert progress(client, renewed).status_code == HTTPStatus.OK


def test_the_key_is_not_stored(ada):
    key = token("ada")
    assert hashlib.sha256(key.encode()).hexdigest() == ada.api_tokens.get().digest
    assert key not in str(ada.api_tokens.values_list())


def test_it_names_an_unknown_account():
    with pytest.raises(CommandError, match="There is no account 'nobody'"):
        token("nobody")
