"""deploy.data_folder: the secret key, permissions, and folders with special characters."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import data_folder

ROOT = Path(__file__).resolve().parents[2]
PRINT_KEY = "from deploy.settings import SECRET_KEY; print(SECRET_KEY)"
FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"


def start(home: Path, code: str = PRINT_KEY, **environment: str) -> subprocess.Popen[str]:
    """Start a process that reads the settings of a data folder."""
    inherited = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "SECRET_KEY"}}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**inherited, "ASTERISM_HOME": str(home), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def lax_umask():
    """A umask that takes away nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("lax_umask")
def test_what_is_created_is_readable_by_its_owner_only(tmp_path):
    home = tmp_path / "new" / "home"
    assert start(home).wait() == 0
    modes = {path.name: mode(path) for path in (home, *home.iterdir())}
    assert modes == {"home": 0o700, "secret_key": 0o600, "db.sqlite3": 0o600}


def test_processes_that_start_together_share_one_key(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    pipes = []
    for trial in range(20):
        home = data_folder.make_home(tmp_path / str(trial))
        barrier, barrier_end = os.pipe()
        output, output_end = os.pipe()
        for _ in range(6):
            if os.fork() == 0:
                try:
                    os.close(barrier_end)
                    os.read(barrier, 1)  # ends for all at once, when the parent closes its end
                    os.write(output_end, data_folder.secret_key(home).encode() + b"\n")
                finally:
                    os._exit(0)
        for end in (barrier, barrier_end, output_end):
            os.close(end)
        pipes.append((home, output))
    for home, output in pipes:
        with os.fdopen(output) as lines:
            keys = lines.read().split()
        assert keys == [(home / "secret_key").read_text()] * 6
        assert [path.name for path in home.iterdir()] == ["secret_key"]
    for _ in range(6 * len(pipes)):
        assert os.wait()[1] == 0


def test_a_full_disk_leaves_no_key(tmp_path):
    process = start(tmp_path, FULL_DISK + PRINT_KEY)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors == (
        f"The secret key {tmp_path / 'secret_key'} cannot be written or read: File too large.\n"
    )
    assert not any(tmp_path.iterdir())

    key, _ = start(tmp_path).communicate()
    assert len(key) > 60
    assert (tmp_path / "secret_key").read_text() == key.strip()


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_key_is_refused(tmp_path, monkeypatch, content):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / "secret_key").write_text(content)
    with pytest.raises(SystemExit, match=r"secret_key is empty; delete it"):
        data_folder.secret_key(tmp_path)


def test_a_blank_key_in_the_environment_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "  ")
    with pytest.raises(SystemExit, match="SECRET_KEY is blank"):
        data_folder.secret_key(tmp_path)


@pytest.mark.parametrize("name", ["my home é", "h#2", "h?q=1", "h%41x", "h[1]", "h&;'\""])
def test_the_database_is_in_the_folder_whatever_its_name(tmp_path, name):
    home = tmp_path / name
    code = "import django; django.setup(); from django.db import connection as c; " + (
        "c.cursor().execute('CREATE TABLE t (n INT)')"
    )
    process = start(home, code, DJANGO_SETTINGS_MODULE="deploy.settings")
    assert process.communicate() == ("", "")
    assert (home / "db.sqlite3").stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
