"""`serve`: all of Asterism on one machine, in one terminal, ended by Ctrl-C."""

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
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from deploy import demo, demo_accounts
from deploy.services import WEB, WORKER, Child, PrivateRedis, ServiceError
from deploy.unavailable import refusing
from labeling import jobs
from labeling.auth.roles import administrators
from labeling.ingest.abandoned import remove_abandoned
from labeling.models import RunStatus
from labeling.models.job import all_jobs

HOST = "127.0.0.1"
COMMAND = "manage.py serve" if settings.IS_CHECKOUT else "asterism serve"
WORKERS = {
    "worker": (*WORKER, "-Q", jobs.LONG, "--hostname", "long@%h"),
    "worker-short": (*WORKER, "-Q", jobs.SHORT, "--hostname", "short@%h", "--beat"),
}
"""By the name of their log: one trains; the other sweeps, and lets the queue follow votes."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def port_number(text: str) -> int:
    """Return the TCP port that an argument or PORT names."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ArgumentTypeError(f"{text!r} is not a port; give a number from 1 to 65535")
    return int(text)


class Command(BaseCommand):
    """Serve the pages and the API, with a private Redis and workers, until stopped."""

    help = "Serve Asterism on this machine; the first run prepares the demonstration."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --port and --no-demo."""
        port = os.environ.get("PORT") or "8000"
        parser.add_argument("--port", type=port_number, default=port)
        parser.add_argument(
            "--no-demo", action="store_true", help="start with an empty database, without accounts"
        )

    def handle(self, *args: Any, port: int, no_demo: bool, **options: Any) -> None:
        """Claim the port and the data folder first, then prepare, then serve."""
        # A shell that runs this in the background has it ignore Ctrl-C.
        for number in STOP_SIGNALS:
            signal.signal(number, _interrupt)
        with listening(port) as listener, home_locked(), ExitStack() as services:
            self.stdout.write(f"Data: {settings.HOME} (ASTERISM_HOME names another folder)")
            try:
                self.prepare(no_demo=no_demo)
                self.start_services(services)
                self.serve(listener, port, services)
            except ServiceError as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt:
                self.stdout.write("Stopped before it was ready; the next start goes on from here.")
            finally:
                # Stopping takes bounded time; another Ctrl-C would only leave processes behind.
                for number in STOP_SIGNALS:
                    signal.signal(number, signal.SIG_IGN)

    def prepare(self, *, no_demo: bool) -> None:
        """Bring the tables and the static files up to date, and make the demonstration once."""
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
        call_command("migrate", verbosity=0, interactive=False)
        remove_abandoned()
        if not settings.ONE_COMPUTER and (reason := demo_accounts.known_password_error()):
            raise CommandError(reason)
        collect_static_files()
        real_users = get_user_model().objects.exclude(username__in=demo.ACCOUNTS)
        if not no_demo and not real_users.exists():
            call_command("demo", stdout=self.stdout, stderr=self.stderr)

    def start_services(self, services: ExitStack) -> None:
        """Start the Redis, unless REDIS_URL names one, and the workers, if they are installed."""
        if not os.environ.get("REDIS_URL"):
            redis = PrivateRedis(settings.HOME)
            services.callback(redis.stop)
            redis.start()
            os.environ["REDIS_URL"] = redis.url
            requeue_interrupted_jobs()
        if not find_spec("torch"):
            self.stdout.write(
                "Trainings wait: the packages that train are not installed "
                "(pip install 'asterism[worker]')."
            )
            return
        # Killed at once: a job is a row, which a worker takes up again, and Celery's warm
        # shutdown would wait for hours until a training has ended.
        for name, command in WORKERS.items():
            log = settings.HOME / "logs" / f"{name}.log"
            environment = thread_limit()
            worker = Child(command, log, environment=environment, stop_signal=signal.SIGKILL)
            services.callback(worker.stop)

    def serve(self, listener: socket.socket, port: int, services: ExitStack) -> None:
        """Answer requests until Ctrl-C."""
        log = settings.HOME / "logs" / "web.log"
        web = Child(
            [*WEB, f"fd://{listener.fileno()}"],
            log,
            pass_fds=[listener.fileno()],
            while_down=lambda: refusing(listener),
        )
        services.callback(web.stop)
        wait_for_web(port, log)
        url = f"http://{HOST}:{port}{settings.SCRIPT_NAME}/"
        self.stdout.write(f"Asterism is at {url} (Ctrl-C stops it)")
        if settings.ONE_COMPUTER and (names := demo_accounts.names_with_known_password()):
            self.stdout.write(f"Accounts, password = name: {', '.join(names)}")
        elif not administrators().exists():
            program = COMMAND.removesuffix(" serve")
            self.stdout.write(f"No administrator yet: `{program} createsuperuser` makes one.")
        self.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def collect_static_files() -> None:
    """Collect the static files, unless none has changed: hashing hundreds takes seconds."""
    paths = [
        (name, Path(storage.path(name)).stat())
        for finder in get_finders()
        for name, storage in finder.list([])
    ]
    state = sorted((name, status.st_size, status.st_mtime_ns) for name, status in paths)
    fingerprint = hashlib.sha256(repr(state).encode()).hexdigest()
    collected = settings.HOME / "collected.sha256"
    if collected.exists() and collected.read_text() == fingerprint:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    collected.write_text(fingerprint)


def wait_for_web(port: int, log: Path, seconds: float = 60) -> None:
    """Return when the web server answers, be it by a refusal or a redirect to HTTPS."""
    deadline = time.monotonic() + seconds
    while _status_of_health(port) in {None, HTTPStatus.SERVICE_UNAVAILABLE}:
        if time.monotonic() > deadline:
            raise CommandError(f"The web server does not answer; see {log}.")
        time.sleep(0.05)


def _status_of_health(port: int) -> int | None:
    """Return the status of /healthz, None without an answer."""
    try:
        with closing(HTTPConnection(HOST, port, timeout=5)) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
    except (OSError, HTTPException):
        return None


def requeue_interrupted_jobs() -> None:
    """Queue the jobs of the workers of an earlier server now, without waiting for a sweep.

    Only our workers use this Redis, and they are not started yet.
    """
    for rows in all_jobs():
        rows.filter(status=RunStatus.RUNNING).update(status=RunStatus.QUEUED)
        for pk in rows.requeue_lost():
            jobs.send(rows.model.task, pk)


def thread_limit() -> dict[str, str]:
    """Return the environment that leaves one core of this machine to the pages.

    OpenMP threads wait for the slowest: while a page is served on one of their cores, a network
    trains ten times more slowly.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) - 1))
    return {"OMP_NUM_THREADS": threads}


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Bind the port before anything is started, so that a failure has nothing to undo."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise port_error(port) from error
        yield listener


@contextmanager
def home_locked() -> Iterator[None]:
    """Let one server at a time use ASTERISM_HOME; the lock ends with the process."""
    with (settings.HOME / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"Another `{COMMAND}` uses {settings.HOME}; stop it, or set ASTERISM_HOME "
                "to another folder."
            ) from error
        yield


def port_error(port: int) -> CommandError:
    """Return the error for a port that cannot be bound."""
    other = port + 1 if port < 65535 else 8000
    example = f"make run PORT={other}" if settings.IS_CHECKOUT else f"{COMMAND} --port {other}"
    return CommandError(
        f"Port {port} of {HOST} is in use or not allowed; choose another one, for instance "
        f"`{example}`."
    )


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt
