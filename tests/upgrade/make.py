"""`python -m tests.upgrade.make TAG`: copies of a database that was filled by an older version.

Checks the version out, fills one SQLite and one PostgreSQL database with its code, and writes what
is in them to `tests/upgrade/TAG/`, with the consensus catalogue as that version exports it, and
the files of the one on SQLite: stamp pack, runs, experiments and releases.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.services.postgresql import Server
from tests.services.site import ROOT
from tests.upgrade.copies import SECRET_KEY

HERE = Path(__file__).parent


def fill(
    code: Path, home: Path, database_url: str, target: Path, archive: Path | None = None
) -> None:
    """Fill one database with the code of that folder; write its copy, and an archive of files."""
    home.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(code),
        "DJANGO_SETTINGS_MODULE": "deploy.settings",
        "ASTERISM_HOME": str(home),
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": "testserver",
        "LOG_LEVEL": "ERROR",  # no broker answers, and none has to
    }
    scripts = [["manage.py", "migrate", "--verbosity=0"], [HERE / "populate.py", target]]
    if archive:
        scripts.append([HERE / "keep_files.py", archive])
    for script in scripts:
        subprocess.run(
            [sys.executable, "-W", "ignore", *script], cwd=code, env=environment, check=True
        )


def make(tag: str) -> None:
    """Write the copies of a version."""
    target = HERE / tag
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        worktree = ["git", "-C", ROOT, "worktree"]
        subprocess.run([*worktree, "add", "--quiet", "--detach", folder / "code", tag], check=True)
        server = Server(folder)
        try:
            sqlite = f"sqlite:///{folder / 'filled.sqlite3'}"
            files = target / "files.tar.xz"
            fill(folder / "code", folder / "on-sqlite", sqlite, target / "sqlite.json", files)
            postgresql = server.create("filled")
            fill(folder / "code", folder / "on-pg", postgresql, target / "postgresql.json")
        finally:
            server.stop()
            subprocess.run([*worktree, "remove", "--force", folder / "code"], check=True)


if __name__ == "__main__":
    make(sys.argv[1])
