"""Commands in a home that is new, or cannot be written: one sentence, no traceback."""

import os
import subprocess
import sys

import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError

from labeling.management.database_errors import remedy
from tests.services.site import ROOT


def run(home, *arguments):
    """Run a command with SQLite in this home."""
    environment = {"PATH": os.environ["PATH"], "ASTERISM_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["import_field", "ngc1", "--mosaic=nothing.fits"],
        ["import_catalogue", "ngc1", "nothing.csv"],
        ["detect", "ngc1", "sources.csv"],
        ["export_catalogue", "catalogue.csv"],
        ["audit"],
        ["token", "ada"],
    ],
)
def test_before_the_first_migration_a_command_says_what_to_do(tmp_path, arguments):
    result = run(tmp_path / "home", *arguments)
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().splitlines()[-1].endswith("(`serve` does so by itself).")


@pytest.mark.parametrize("home", ["/proc/asterism/home", "/dev/null/home", "/dev/null"])
def test_a_home_that_cannot_be_made_is_named(home):
    result = run(home, "import_field", "ngc1", "--mosaic=nothing.fits")
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("/")
    assert line.endswith("set ASTERISM_HOME to a folder that you may write to.")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OperationalError("no such table: labeling_field"), "migrate"),
        (ProgrammingError('relation "labeling_field" does not exist'), "migrate"),
        (OperationalError("attempt to write a readonly database"), "ASTERISM_HOME"),
        (OperationalError("unable to open database file"), "ASTERISM_HOME"),
        (OperationalError("database is locked"), ""),
        (OperationalError('database "asterism" does not exist'), ""),
    ],
)
def test_the_remedy_is_that_of_the_error(error: DatabaseError, word):
    assert word in remedy(error)
    assert bool(remedy(error)) == bool(word)
