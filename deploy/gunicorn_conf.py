"""How pages and API are served: `gunicorn --config python:deploy.gunicorn_conf deploy.wsgi`.

`manage.py serve` does just that. Two processes a core, because one has but one interpreter's lock,
and few threads each: a vote is some ten short questions to the database, after each of which a
thread waits for that lock again. Several, so that neither a long download nor the disk, which a
vote waits for, keeps others waiting.
"""

import gc
import os
from contextlib import suppress
from importlib import import_module
from typing import Any

from gunicorn.http import wsgi

from deploy.fair_worker import FairWorker, forget

# Each thread keeps a connection: PostgreSQL allows a hundred unless it is told otherwise.
workers = int(os.environ.get("WEB_CONCURRENCY") or min(16, 2 * (os.cpu_count() or 1)))
threads = 4
worker_class = FairWorker
preload_app = True
# Longer than experts look at a candidate, so that the line is still open for the vote.
keepalive = 75
timeout = 120
graceful_timeout = 5

# What serves is nobody's business.
wsgi.SERVER = "Asterism"


# Commands do without them, and a page that comes to need them would wait for seconds.
FOR_AGREEMENT = ("sklearn.metrics", "statsmodels.stats.inter_rater", "crowdkit.aggregation")


def on_starting(server: Any) -> None:
    """Load once, for all processes, what only pages of agreement need."""
    for package in FOR_AGREEMENT:
        with suppress(ModuleNotFoundError):  # crowd-kit is an extra
            import_module(package)


def pre_fork(server: Any, worker: Any) -> None:
    """Keep what is loaded out of the collector's hands, so that the processes share its memory."""
    gc.freeze()


def child_exit(server: Any, worker: FairWorker) -> None:
    """Whatever ended it, the others share what it held."""
    forget(worker)
