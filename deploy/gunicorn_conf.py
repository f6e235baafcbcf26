"""How pages and API are served: `gunicorn --config python:deploy.gunicorn_conf deploy.wsgi`.

`serve` does the same. There are two processes a core, since each has one interpreter lock, and few
threads a process: a vote makes about ten short queries, and after each its thread waits for that
lock again. Several threads keep a long download or a slow disk from delaying other requests.
"""

import gc
import os
from contextlib import suppress
from importlib import import_module
from typing import Any

from gunicorn.http import wsgi

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
    """Import, once for all processes, the packages that only pages of agreement need."""
    for package in FOR_AGREEMENT:
        with suppress(ModuleNotFoundError):  # crowd-kit is an extra
            import_module(package)


def pre_fork(server: Any, worker: Any) -> None:
    """Exempt loaded objects from garbage collection, so that the processes share their memory."""
    gc.freeze()


def child_exit(server: Any, worker: FairWorker) -> None:
    """Let the other processes take over the connections of one that has ended."""
    forget(worker)
