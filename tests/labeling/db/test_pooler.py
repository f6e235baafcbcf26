"""PREPARED_QUERIES=0: votes through PgBouncer, which gives each transaction another connection."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest

from tests.services import postgresql
from tests.services.site import ROOT

CONFIGURATION = """
[databases]
asterism = host={socket} user=postgres dbname=asterism
[pgbouncer]
unix_socket_dir = {folder}
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@pytest.fixture
def pooler():
    """Address of a PgBouncer in transaction mode before a PostgreSQL server."""
    if not (program := shutil.which("pgbouncer")):
        pytest.skip("PgBouncer is not installed")
    # Open to the account that runs the server, as pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="asterism-pooler-"))
    server = postgresql.Server(folder)
    server.create("asterism")
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(socket=folder / "pg", folder=folder / "pg"))
    owner = postgresql.server_account()
    become = partial(postgresql.become, owner)
    process = subprocess.Popen([program, "-q", configuration], preexec_fn=become)
    yield f"postgresql://postgres@{str(folder / 'pg').replace('/', '%2F')}:6432/asterism"
    process.kill()
    process.wait()
    server.stop()
    shutil.rmtree(folder)


def test_four_experts_vote_through_a_pooler(pooler, tmp_path):
    settings = {"DATABASE_URL": pooler, "PREPARED_QUERIES": "0", "ASTERISM_HOME": str(tmp_path)}
    environment = {**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "deploy.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.labeling.db.pooler_votes"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout.split("\n")[:2], done.returncode) == (["48", "0 differences"], 0), done
