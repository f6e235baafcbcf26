"""A database that an older version filled works after `migrate`, and has lost nothing.

The copies were made by `make.py`, one folder a version.
"""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.core.classes import CALIBRATED_COLUMNS
from tests.services.site import ROOT
from tests.upgrade.copies import SECRET_KEY

HERE = Path(__file__).parent
DATABASE = os.environ.get("TEST_DATABASE", "postgresql")
VERSIONS = sorted(path.name for path in HERE.iterdir() if path.name.startswith("v"))

# Tables and columns that have had another name since: old name -> new name.
RENAMED_TABLES = {"labeling_opening": "labeling_disclosure"}
RENAMED_COLUMNS = {
    ("labeling_opening", "opened_at"): "disclosed_at",
    ("labeling_trainingrun", "fruitless"): "attempts_without_progress",
    ("labeling_experiment", "fruitless"): "attempts_without_progress",
    ("labeling_trainingrun", "finishing_at"): "trained_at",
    ("labeling_member", "taken_at"): "claimed_at",
    ("labeling_member", "heard_at"): "heartbeat_at",
    ("labeling_refresh", "begun_at"): "claimed_at",
}
# Columns of the catalogue since, behind the others.
ADDED_COLUMNS = ["n_imported", *CALIBRATED_COLUMNS, "calibration_labels"]
# Kept by Django from the code that there is, not from what people did.
OF_THE_CODE = {"django_content_type", "auth_permission"}
# Moved by migrations to a table of another form.
MOVED = {"authtoken_token"}
# What migrations rewrite: the session's data name the module of the log-in.
REWRITTEN_COLUMNS = {("labeling_session", "session_data")}


class Upgrade:
    """One copy, and the report on it once it was migrated."""

    def __init__(self, version, home, database_url):
        source = HERE / version / f"{DATABASE}.json"
        self.copy = json.loads(source.read_text(encoding="utf-8"))
        self.catalogue = source.with_suffix(".csv").read_text(encoding="utf-8")
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "ASTERISM_HOME": str(home),
            "SECRET_KEY": SECRET_KEY,
            "ALLOWED_HOSTS": "testserver",
            "DATABASE_URL": database_url or f"sqlite:///{home / 'db.sqlite3'}",
        }
        self._run("tests/upgrade/check.py", "load", str(source))
        self._run("manage.py", "migrate", "--verbosity=0")
        ((self.token, *_),) = self.copy["tables"]["authtoken_token"]["rows"]
        self.report = json.loads(self._run("tests/upgrade/check.py", "report", self.token))

    def _run(self, *command):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=VERSIONS)
def upgraded(request, tmp_path_factory, database_for):
    home = tmp_path_factory.mktemp("upgraded")
    return Upgrade(request.param, home, database_for(f"upgrade_of_{request.param}"))


def rows_of(table, columns):
    """The rows, reduced to some columns."""
    positions = [table["columns"].index(column) for column in columns]
    return [[row[position] for position in positions] for row in table["rows"]]


def test_every_row_is_unchanged(upgraded):
    for name, before in upgraded.copy["tables"].items():
        after = upgraded.report["tables"].get(RENAMED_TABLES.get(name, name))
        if name not in OF_THE_CODE | MOVED:
            assert after, name
            kept = [c for c in before["columns"] if (name, c) not in REWRITTEN_COLUMNS]
            columns = [RENAMED_COLUMNS.get((name, c), c) for c in kept]
            assert rows_of(after, columns) == rows_of(before, kept), name


def test_the_copy_has_rows_of_every_table(upgraded):
    empty = {name for name, table in upgraded.copy["tables"].items() if not table["rows"]}
    assert not {name for name in empty if name.startswith("labeling_")}


def test_the_audit_finds_no_difference(upgraded):
    assert upgraded.report["audit"] == "0 differences\n"


def test_the_migrations_give_the_models(upgraded):
    assert upgraded.report["changes"] == "No changes detected\n"


def test_the_catalogue_is_the_same_byte_for_byte(upgraded):
    names, *rows = csv.reader(upgraded.report["catalogue"].splitlines())
    former = upgraded.catalogue.splitlines()[0].split(",")
    assert names[: len(former)] == former
    assert names[len(former) :] == ADDED_COLUMNS
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row[: len(former)] for row in [names, *rows])
    assert text.getvalue() == upgraded.catalogue


def test_sessions_stay_valid(upgraded):
    assert set(upgraded.report["pages"].values()) == {200}


def test_tokens_stay_valid(upgraded):
    assert upgraded.report["token"] == 200


def test_tokens_are_stored_as_hashes(upgraded):
    assert upgraded.report["tables"]["authtoken_token"]["rows"] == []
    assert len(upgraded.report["tables"]["labeling_apitoken"]["rows"]) == 1
    assert upgraded.token not in json.dumps(upgraded.report)
