"""Settings of the web server: `gunicorn --config python:deploy.gunicorn_conf deploy.wsgi`.

`serve` does the same. There are two processes a core, since each has one interpreter lock, and few
threads a process: a vote makes about ten short queries, and after each its thread waits for that
lock again. Several threads keep a long download or a slow disk from delaying other requests.
"""

import gc
import os
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from gunicorn.http import wsgi

from deploy.demo_accounts import known_password_error
from deploy.fair_worker import FairWorker, forget

# Each thread keeps a connection, and PostgreSQL allows a hundred by default.
workers = int(os.environ.get("WEB_CONCURRENCY") or min(16, 2 * (os.cpu_count() or 1)))
threads = 4
worker_class = FairWorker
preload_app = True
# Longer than experts look at a candidate, so that the connection is still open for the vote.
keepalive = 75
timeout = 120
graceful_timeout = 5

# The Server header does not name gunicorn.
wsgi.SERVER = "Asterism"


# Commands do without these packages; the first page to import them would take seconds.
FOR_AGREEMENT = ("sklearn.metrics", "statsmodels.stats.inter_rater", "crowdkit.aggregation")


def on_starting(server: Any) -> None:
    """Refuse known passwords, and import, once for all processes, the packages of some pages."""
    refuse_known_passwords(server.cfg.address)
    for package in FOR_AGREEMENT:
        with suppress(ModuleNotFoundError):  # crowd-kit is an extra
            import_module(package)


def refuse_known_passwords(addresses: list[Any]) -> None:
    """End the start if demonstration accounts could be used from other computers.

    `serve` binds the loopback address itself, and passes it as the number of an open file.
    """
    by_serve = settings.ONE_COMPUTER and all(map(_is_inherited_loopback, addresses))
    if by_serve:
        return
    with suppress(DatabaseError):  # not there yet, or without tables
        if reason := known_password_error():
            sys.exit(reason)
    # The processes that answer requests open connections of their own.
    connections.close_all()


def _is_inherited_loopback(address: Any) -> bool:
    if not isinstance(address, int):
        return False
    with socket.socket(fileno=os.dup(address)) as listener:
        return listener.family == socket.AF_INET and listener.getsockname()[0].startswith("127.")


def pre_fork(server: Any, worker: Any) -> None:
    """Exempt loaded objects from garbage collection, so that the processes share their memory."""
    gc.freeze()


def child_exit(server: Any, worker: FairWorker) -> None:
    """Let the other processes take over the connections of one that has ended."""
    forget(worker)
