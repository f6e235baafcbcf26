"""`manage.py serve`: all of Asterism on one machine, in one terminal, ended by Ctrl-C."""

import fcntl
import hashlib
import os
import signal
import socket
import threading
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from deploy import demo
from deploy.services import WEB, WORKER, Child, PrivateRedis
from labeling import jobs
from labeling.models import Experiment, RunStatus, TrainingRun

HOST = "127.0.0.1"
WORKERS = {
    "worker": (*WORKER, "-Q", jobs.LONG, "--hostname", "long@%h"),
    "worker-short": (*WORKER, "-Q", jobs.SHORT, "--hostname", "short@%h", "--beat"),
}
"""By the name of their log: one trains; the other sweeps, and lets the queue follow votes."""
POLITE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def port_number(word: str) -> int:
    """A TCP port from the command line or PORT."""
    if not word.isdecimal() or not 0 < int(word) < 65536:
        raise ArgumentTypeError(f"{word!r} is not a port; give a number from 1 to 65535")
    return int(word)


class Command(BaseCommand):
    """Serves the pages and the API, with a private Redis and workers, until it is stopped."""

    help = "Serve Asterism on this machine; the first run prepares the demonstration."

    def add_arguments(self, parser: CommandParser) -> None:
        """--port and --no-demo."""
        port = os.environ.get("PORT") or "8000"
        parser.add_argument("--port", type=port_number, default=port)
        parser.add_argument(
            "--no-demo", action="store_true", help="start with an empty database, without accounts"
        )

    def handle(self, *args: Any, port: int, no_demo: bool, **options: Any) -> None:
        """Claim the port and the folder first, then prepare, then serve."""
        # A hang-up of the terminal and a polite kill are Ctrl-C by other names; and a shell that
        # runs this in the background has it ignore Ctrl-C itself.
        for polite in POLITE:
            signal.signal(polite, _interrupt)
        with bound(port) as door, sole_user_of_home(), ExitStack() as companions:
            try:
                self.prepare(no_demo=no_demo)
                self.start_companions(companions)
                self.serve(door, port, companions)
            except KeyboardInterrupt:
                self.stdout.write("Stopped before it was ready; the next start goes on from here.")
            finally:
                # The stop is bounded in time; another Ctrl-C would only leave things behind.
                for impatient in POLITE:
                    signal.signal(impatient, signal.SIG_IGN)

    def prepare(self, *, no_demo: bool) -> None:
        """Bring the tables and the static files up to date, and make the demonstration once."""
        call_command("migrate", verbosity=0, interactive=False)
        collect_static_files()
        own = get_user_model().objects.exclude(username__in=demo.ACCOUNTS)
        if not no_demo and not own.exists():
            call_command("demo", stdout=self.stdout, stderr=self.stderr)

    def start_companions(self, companions: ExitStack) -> None:
        """Start the Redis, unless REDIS_URL names one, and the workers, if they are installed."""
        if not os.environ.get("REDIS_URL"):
            redis = PrivateRedis(settings.HOME)
            companions.callback(redis.stop)
            redis.start()
            os.environ["REDIS_URL"] = redis.url
            take_up_what_was_left()
        if not find_spec("torch"):
            self.stdout.write("Training is off: the packages of the extra `worker` are missing.")
            return
        # Killed at once: what it was at is a row, which a worker takes up again, and the polite
        # end of a training is hours away.
        for name, command in WORKERS.items():
            log = settings.HOME / "logs" / f"{name}.log"
            worker = Child(command, log, environment=all_cores_but_one(), farewell=signal.SIGKILL)
            companions.callback(worker.stop)

    def serve(self, door: socket.socket, port: int, companions: ExitStack) -> None:
        """Answer requests until Ctrl-C."""
        log = settings.HOME / "logs" / "web.log"
        web = Child([*WEB, f"fd://{door.fileno()}"], log, inherited=[door.fileno()])
        companions.callback(web.stop)
        wait_until_it_answers(port, log)
        self.stdout.write(f"Asterism is at http://{HOST}:{port}/ (Ctrl-C stops it)")
        there = get_user_model().objects.filter(username__in=demo.ACCOUNTS)
        if names := there.order_by("pk").values_list("username", flat=True):
            self.stdout.write(f"Accounts, password = name: {', '.join(names)}")
        self.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def collect_static_files() -> None:
    """Collect them unless all are as they were: to name hundreds by their content takes seconds."""
    files = [
        (name, Path(storage.path(name)).stat())
        for finder in get_finders()
        for name, storage in finder.list([])
    ]
    told = sorted((name, found.st_size, found.st_mtime_ns) for name, found in files)
    fingerprint = hashlib.sha256(repr(told).encode()).hexdigest()
    collected = settings.HOME / "collected.sha256"
    if collected.exists() and collected.read_text() == fingerprint:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    collected.write_text(fingerprint)


def wait_until_it_answers(port: int, log: Path, seconds: float = 60) -> None:
    """Return when a request is answered, if only by a refusal or the way to HTTPS."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with closing(HTTPConnection(HOST, port, timeout=5)) as line:
                line.request("GET", "/healthz")
                line.getresponse()
        except (OSError, HTTPException) as error:
            if time.monotonic() > deadline:
                raise CommandError(f"The web server does not answer; see {log}.") from error
            time.sleep(0.05)
        else:
            return


def take_up_what_was_left() -> None:
    """Queue the work of the worker that went with an earlier server, without waiting for a sweep.

    No worker but ours can hear this Redis, and ours is not there yet.
    """
    for rows in (TrainingRun.objects, Experiment.objects):
        rows.filter(status=RunStatus.RUNNING).update(status=RunStatus.QUEUED)
        for pk in rows.requeue_lost():
            jobs.send(rows.model.task, pk)


def all_cores_but_one() -> dict[str, str]:
    """The environment of a worker that shares its machine with the pages.

    A team of threads waits for its slowest: while a page is served on one of its cores, a network
    trains not a little but ten times more slowly.
    """
    cores = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) - 1))
    return {"OMP_NUM_THREADS": cores}


@contextmanager
def bound(port: int) -> Iterator[socket.socket]:
    """The port, held before anything is started, so that nothing has to be undone."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OSError as error:
            raise occupied(port) from error
        yield door


@contextmanager
def sole_user_of_home() -> Iterator[None]:
    """Lets one server at a time use ASTERISM_HOME; the lock goes with the process."""
    with (settings.HOME / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"Another `manage.py serve` uses {settings.HOME}; stop it, or set ASTERISM_HOME "
                "to another folder."
            ) from error
        yield


def occupied(port: int) -> CommandError:
    """The one sentence for a port that cannot be had."""
    return CommandError(
        f"Port {port} of {HOST} is in use or not allowed; choose another one, for instance "
        f"`make run PORT={port + 1 if port < 65535 else 8000}`."
    )


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt
