"""Accounts with known passwords are for one computer: elsewhere the start refuses them."""

import os
import socket
import subprocess
import sys
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from deploy import demo
from deploy.gunicorn_conf import refuse_known_passwords
from tests.services.site import ROOT, free_port

REASON = "The accounts of the demonstration have their names as passwords: "


@pytest.fixture
def accounts(db):
    demo.create_accounts()
    return get_user_model().objects


@pytest.fixture
def loopback():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.fileno()


def test_check_deploy_refuses_them_until_they_have_other_passwords(accounts, monkeypatch):
    # Set by the tests in a browser, and refused by Django.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    with pytest.raises(SystemCheckError, match=f"{REASON}ada, bea, cy, cur, admin"):
        call_command("check", "--deploy")
    for user in accounts.exclude(username="cy"):
        user.set_password("a longer word")
        user.save()
    with pytest.raises(SystemCheckError, match=f"{REASON}cy"):
        call_command("check", "--deploy")
    accounts.filter(username="cy").update(is_active=False)
    call_command("check", "--deploy", stderr=StringIO())


def test_with_a_database_url_the_demonstration_has_no_accounts(db, settings, monkeypatch, capsys):
    settings.ONE_COMPUTER = False
    monkeypatch.setattr(demo, "create_field", lambda report: demo.Field.objects.create(name="demo"))
    call_command("demo")
    assert not get_user_model().objects.exists()
    assert "Without demonstration accounts" in capsys.readouterr().out


def test_the_address_that_serve_passes_may_have_them(accounts, loopback, settings):
    settings.ONE_COMPUTER = True
    refuse_known_passwords([loopback])


@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("0.0.0.0", 80), "/run/asterism.sock"])
def test_no_other_address_may(accounts, settings, address):
    settings.ONE_COMPUTER = True
    with pytest.raises(SystemExit, match=REASON):
        refuse_known_passwords([address])


def test_an_open_file_with_another_address_may_not(accounts, settings):
    settings.ONE_COMPUTER = True
    with socket.socket() as listener, pytest.raises(SystemExit, match=REASON):
        listener.bind(("", 0))
        refuse_known_passwords([listener.fileno()])


def test_behind_a_proxy_nothing_may(accounts, loopback, settings):
    settings.ONE_COMPUTER = False
    with pytest.raises(SystemExit, match=REASON):
        refuse_known_passwords([loopback])


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory):
    """A data folder whose database has the accounts."""
    home = tmp_path_factory.mktemp("demonstration")
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment["ASTERISM_HOME"] = str(home)
    code = "from deploy.demo import create_accounts; create_accounts()"
    for command in (("migrate", "-v0"), ("shell", "-v0", "-c", code)):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True
        )
    return environment, f"sqlite:///{home / 'db.sqlite3'}"


SERVE = (sys.executable, "manage.py", "serve", "--no-demo", "--port", "{port}")
GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--config", "python:deploy.gunicorn_conf"),
    *("deploy.wsgi", "--bind", "127.0.0.1:{port}"),
)


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (SERVE, {"DATABASE_URL": "{url}"}),
        (SERVE, {"ALLOWED_HOSTS": "example.org"}),
        (SERVE, {"HTTPS": "1"}),
        (GUNICORN, {}),
    ],
)
def test_the_start_is_refused(lived_in, command, settings):
    environment, url = lived_in
    port = free_port()
    ended = subprocess.run(
        [word.format(port=port) for word in command],
        cwd=ROOT,
        env={**environment, **{k: v.format(url=url) for k, v in settings.items()}},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert f"{REASON}ada, bea, cy, cur, admin" in ended.stderr
    assert "Traceback" not in ended.stderr
