"""A full disk is 507, an absent database 503; both are problem objects, and end by themselves."""

import errno
import os
import subprocess
import sys
from http import HTTPStatus
from uuid import uuid4

import psycopg2.errors
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from labeling.db.failures import StorageFailure, storage_failure
from labeling.models import Vote
from tests.labeling.world import API, answer_of, problem, put_vote

SQLITE = connection.vendor == "sqlite"
LONG = "x" * 4000


@pytest.fixture
def full_disk(as_ada):
    """A database that may not grow, as on a full disk; call it to make space."""

    def set_limit(pages):
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {pages}")

    with connection.cursor() as cursor:
        # Pages that are free inside the database would hold votes too.
        cursor.execute("VACUUM")
    set_limit(1)  # SQLite takes the present size
    yield lambda: set_limit(2**30)
    set_limit(2**30)


@pytest.mark.skipif(not SQLITE, reason="SQLite alone can be given a limit")
@pytest.mark.django_db(transaction=True)  # SQLite rolls the whole transaction back
def test_a_vote_on_a_full_disk_is_507_and_may_be_sent_again(as_ada, field, full_disk):
    rows = list(field.candidates.all())
    votes = [(uuid4(), answer_of(candidate, comment=LONG)) for candidate in rows]
    answers = [put_vote(as_ada, body, uuid) for uuid, body in votes]
    refused = problem(answers[-1], HTTPStatus.INSUFFICIENT_STORAGE)
    assert "disk is full" in refused["detail"]
    assert answers[-1].headers["Retry-After"] == "60"
    assert as_ada.get(f"{API}/candidates/").status_code == HTTPStatus.OK
    full_disk()
    for uuid, body in votes:
        assert put_vote(as_ada, body, uuid).status_code == HTTPStatus.OK
    assert Vote.objects.live().count() == len(rows)


ABSENT = """
import io
from deploy.wsgi import application
from django.conf import settings
for method, path in (("PUT", "/api/v1/votes/00000000-0000-0000-0000-000000000001/"), ("GET", "/")):
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(b"{}"),
        "CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": "Token x",
        "HTTP_COOKIE": settings.SESSION_COOKIE_NAME + "=" + "x" * 32,
    }
    answer = lambda status, headers: print(status, dict(headers), sep="\\n")
    print(b"".join(application(environ, answer)).decode().replace("\\n", " "))
"""


@pytest.mark.parametrize("url", ["postgres://u:p@127.0.0.1:1/x", "sqlite:////nowhere/db.sqlite3"])
def test_a_database_that_is_away_is_503(url, tmp_path):
    (tmp_path / "static").mkdir()
    environment = {**os.environ, "DATABASE_URL": url, "ASTERISM_HOME": str(tmp_path)}
    output = subprocess.run(
        [sys.executable, "-c", ABSENT], env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    statuses, headers, bodies = output[0::3], output[1::3], output[2::3]
    assert statuses == ["503 Service Unavailable"] * 2
    assert all("'Retry-After': '5'" in line for line in headers)
    assert "application/problem+json" in headers[0]
    assert "The database does not answer" in bodies[0]
    assert "<h1>The server cannot answer at present</h1>" in bodies[1]


def caused_by(cause, error=OperationalError):
    """A database error as Django raises it."""
    try:
        raise error from cause
    except error as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (OSError(errno.ENOSPC, "full"), StorageFailure.FULL),
        (OSError(errno.ENOENT, "missing"), None),
        (caused_by(psycopg2.errors.DiskFull()), StorageFailure.FULL),
        (caused_by(psycopg2.errors.AdminShutdown()), StorageFailure.AWAY),
        (caused_by(psycopg2.InterfaceError(), InterfaceError), StorageFailure.AWAY),
        (caused_by(psycopg2.errors.UndefinedTable(), DatabaseError), None),
        (ValueError("a crash"), None),
    ],
)
def test_other_errors_are_not_taken_for_it(error, failure):
    assert storage_failure(error) is failure
