"""A confirmed vote is on disk: settings of every connection, and the system calls of real votes."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from django.core.checks import Tags, run_checks
from django.db import connection

from tests.services import postgresql
from tests.services.missing import Unavailable, cannot_run
from tests.services.site import ROOT, Site
from tests.services.system_calls import recorded
from tests.soak.ledger import Ledger

VOTES = 20
READ_SETTING = "from django.db import connection as c; x = c.cursor(); x.execute({!r}); "
PRINT_SETTING = "print(x.fetchone()[0])"
PROCESSES = {
    "web": "import deploy.wsgi; ",
    "worker": "import celery_worker.app, django; django.setup(); ",
    "command": "import django; django.setup(); ",
}
SETTINGS = {
    "sqlite": [("PRAGMA journal_mode", "wal"), ("PRAGMA synchronous", "2")],
    # Off in the server of the tests.
    "postgresql": [("SHOW synchronous_commit", "on")],
}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_waits_for_the_disk(worker_environment, process):
    values = []
    for query, _ in SETTINGS[connection.vendor]:
        code = PROCESSES[process] + READ_SETTING.format(query) + PRINT_SETTING
        environment = {**os.environ, **worker_environment}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True
        )
        values.append((query, done.stdout.decode().split()[-1]))
    assert values == SETTINGS[connection.vendor]


def ids_of_messages():
    """Return the ids of what the checks of the database report."""
    return {message.id for message in run_checks(tags=[Tags.database], databases=["default"])}


def test_a_check_refuses_settings_that_do_not_wait():
    weaken = {"sqlite": "PRAGMA synchronous = OFF", "postgresql": "SET synchronous_commit = off"}
    expected = {"sqlite": "asterism.E011", "postgresql": "asterism.E012"}
    assert expected[connection.vendor] not in ids_of_messages()
    with connection.cursor() as cursor:
        cursor.execute(weaken[connection.vendor])
    assert expected[connection.vendor] in ids_of_messages()
    connection.close()


@pytest.mark.postgresql
def test_a_check_warns_of_a_server_without_fsync():
    with connection.cursor() as cursor:
        cursor.execute("SHOW fsync")
        (fsync,) = cursor.fetchone()
    assert ("asterism.W011" in ids_of_messages()) == (fsync == "off")


@pytest.fixture
def durable_server():
    """A PostgreSQL server that waits for the disk as PostgreSQL does by default; None on SQLite."""
    if connection.vendor != "postgresql":
        yield None
        return
    if "TEST_DATABASE_URL" in os.environ:
        pytest.skip("needs a server of its own")
    # Open to the account that runs the server, as pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="asterism-durable-"))
    try:
        # By default it does not wait: our sessions must.
        server = postgresql.Server(folder, ("synchronous_commit=off",))
    except Unavailable as reason:
        cannot_run(reason)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def durable_ledger(durable_server, tmp_path):
    url = durable_server.create("durable") if durable_server else None
    site = Site(tmp_path / "home", "--no-demo", database_url=url)
    site.wait()
    ledger = Ledger(site)
    yield ledger
    ledger.close()
    site.stop()


def writers(site, server):
    """Return the ids of the processes that answer requests, and of those of the database."""
    processes = [process.pid for process in site.answering()]
    if server:
        children = psutil.Process(server.pid).children(recursive=True)
        processes += [server.pid, *(child.pid for child in children)]
    return processes


def test_each_vote_is_on_disk_before_it_is_confirmed(durable_ledger, durable_server, tmp_path):
    (expert,) = durable_ledger.open_field("durable", 2 * VOTES, 1)
    candidates = [item["candidate"] for _ in range(VOTES // 10) for item in expert.next(10)]
    names = ("fsync", "fdatasync", "sendto", "sendmsg", "write", "writev")
    log = "pg_wal/" if durable_server else "db.sqlite3-wal>"
    try:
        processes = writers(durable_ledger.site, durable_server)
        with recorded(processes, names, tmp_path / "calls") as calls:
            for candidate in candidates:
                expert.vote(candidate)
    except Unavailable as reason:
        cannot_run(reason)
    assert synced_before_each_answer(calls, log) == [True] * VOTES


def synced_before_each_answer(calls, log):
    """Return for each answer 200 whether the log of the database was synced since the one before.

    Nobody else uses the site.
    """
    answers, synced = [], False
    for call in calls:
        if call.name in ("fsync", "fdatasync"):
            synced |= log in call.arguments and call.result == 0
        elif '"HTTP/1.1 200' in call.arguments:
            answers.append(synced)
            synced = False
    return answers
