"""`manage.py token NAME`"""

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


def test_it_opens_the_api(client, ada):
    assert progress(client, token("ada")).status_code == HTTPStatus.OK


def test_it_is_the_same_until_it_is_renewed(client, ada):
    first = token("ada")
    assert token("ada") == first
    renewed = token("ada", "--renew")
    assert progress(client, first).status_code == HTTPStatus.UNAUTHORIZED
    assert progress(client, renewed).status_code == HTTPStatus.OK


def test_it_says_who_is_not_there():
    with pytest.raises(CommandError, match="There is no account 'nobody'"):
        token("nobody")
