"""`manage.py account NAME --role ROLE`"""

from http import HTTPStatus
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from labeling.auth.roles import Role, has_role, role_of
from labeling.management.administrators import administrator

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(monkeypatch):
    """Call the command with a line on its standard input; return what it prints."""

    def call(name, role, line="correct horse battery"):
        out = StringIO()
        monkeypatch.setattr("sys.stdin", StringIO(f"{line}\n"))
        call_command("account", name, "--role", role, stdout=out)
        return out.getvalue().strip()

    return call


@pytest.mark.parametrize("role", Role)
def test_it_makes_an_account_with_its_role(account, client, role):
    assert account("ada", role) == f"The account ada is made, with the role {role}."
    assert client.login(username="ada", password="correct horse battery")
    ada = User.objects.get()
    assert (role_of(ada), ada.is_staff, ada.is_superuser) == (role, role == "administrator", False)
    assert client.get("/api/v1/progress/").status_code == HTTPStatus.OK


def test_it_gives_an_existing_account_another_role(account, client):
    account("ada", Role.ADMINISTRATOR)
    assert account("ada", Role.CURATOR, "another password") == "ada now has the role curator."
    ada = User.objects.get()
    assert role_of(ada) == Role.CURATOR
    assert not has_role(ada, Role.ADMINISTRATOR)
    assert client.login(username="ada", password="correct horse battery")


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [("ada", "1234", "too short"), ("ada", "", "too short"), ("a b", "correct horse", "valid")],
)
def test_it_rejects_bad_names_and_passwords(account, name, line, reason):
    with pytest.raises(CommandError, match=reason):
        account(name, Role.EXPERT, line)
    assert not User.objects.exists()


def test_an_administrator_that_it_made_can_act_in_commands(account):
    account("ada", Role.EXPERT)
    account("vera", Role.ADMINISTRATOR)
    assert administrator(None).username == "vera"
