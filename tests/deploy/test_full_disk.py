"""On a full disk of SQLite votes are refused, and log-in, queue and pages go on."""

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_log_in_and_queue_go_on_while_votes_wait(small_disk):
    (small_disk / "static").mkdir()
    environment = {
        **os.environ,
        "ASTERISM_HOME": str(small_disk),
        "DJANGO_SETTINGS_MODULE": "deploy.settings",
    }
    environment.pop("DATABASE_URL", None)
    process = subprocess.run(
        [sys.executable, "-m", "tests.deploy.full_disk"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    report = json.loads(process.stdout.splitlines()[-1])
    assert report["before"] == [200, 200]
    assert report["vote"] == report["vote_then"] == 507
    assert report["log_in"] == report["log_in_again"] == 302
    assert report["queue"] == [200] * 20
    assert report["page"] == 200
    assert report["votes_stored_meanwhile"] == 0
    assert not report["storage"]["ok"]
    assert report["vote_after"] == 200
    assert report["reserve_after"]
