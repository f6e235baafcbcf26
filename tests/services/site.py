"""A real `manage.py serve` in a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shutil import copy2, copytree
from typing import ClassVar
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from deploy.demo_accounts import ROLES

ROOT = Path(__file__).resolve().parents[2]
STAMP = "collected.sha256"
NOT_INHERITED = (
    "ASTERISM_HOME",
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "PORT",
    "DEBUG",
    "SCRIPT_NAME",
)


def free_port() -> int:
    """A TCP port of this machine that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """Starts the server, waits until it answers, and ends it as Ctrl-C would."""

    first_home: ClassVar[Path | None] = None
    """Home of the first site, whose static files the others copy: collecting them takes seconds."""

    def __init__(
        self,
        home: Path,
        *options: str,
        database_url: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._take_over_static_files()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED}
        self.environment = {**inherited, "ASTERISM_HOME": str(home), **(environment or {})}
        if database_url:
            self.environment["DATABASE_URL"] = database_url
        self.has_demonstration_accounts = not database_url
        self.log = home / "serve.log"
        self.options = options
        self.start()

    def start(self) -> None:
        """Start the server, on the same data and port as before."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command("serve", "--port", str(self.port), *self.options),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, seconds: float = 300) -> None:
        """Return when it answers; RuntimeError, with its log, if it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"manage.py serve did not start:\n{self.log.read_text()}")
            time.sleep(0.1)
        Site.first_home = Site.first_home or self.home

    def _take_over_static_files(self) -> None:
        """Copy the static files of the first site; `serve` collects them if they have changed."""
        source = Site.first_home
        if source and (source / STAMP).exists() and not (self.home / STAMP).exists():
            copytree(source / "static", self.home / "static", dirs_exist_ok=True)
            copy2(source / STAMP, self.home)

    def answers(self) -> bool:
        """Whether the process answers requests."""
        try:
            with urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def password_of(self, name: str) -> str:
        """The password of a demonstration account, which with DATABASE_URL is none of those."""
        return name if self.has_demonstration_accounts else f"{name} of the tests"

    def create_accounts(self) -> None:
        """Make the accounts of the demonstration, each with `password_of` its name."""
        passwords = {name: self.password_of(name) for name in ROLES}
        code = f"""
from deploy.demo import create_accounts
from django.contrib.auth.models import User
create_accounts()
for name, password in {passwords}.items():
    user = User.objects.get(username=name)
    user.set_password(password)
    user.save()
"""
        self.manage("shell", "-v0", "-c", code)

    def manage(self, *arguments: str) -> str:
        """Output of a `manage.py` command on the same data."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it, and wait for its end; SIGKILL hits all that answer requests, in mid-sentence."""
        if self.process.poll() is None:
            answering = self.answering() if how == signal.SIGKILL else []
            self.process.send_signal(how)
            for process in answering:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self.process.wait(60)
            psutil.wait_procs(answering, timeout=60)

    def answering(self) -> list[psutil.Process]:
        """The processes of the web server."""
        everything = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in everything if "gunicorn" in process.cmdline()]

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]
