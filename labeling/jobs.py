"""The only door to the queue: a row that is committed, and then a message with its id.

The row is the truth and the message only wakes a worker, so a message that cannot be sent, or
is lost, loses nothing: `asterism.sweep` sends it again every minute.
"""

import logging
from functools import cache, partial
from time import monotonic as _now

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

TRAIN = "asterism.train"
EXPERIMENT = "asterism.experiment"
REFRESH = "asterism.refresh"
SWEEP = "asterism.sweep"

LONG, SHORT = "long", "short"
"""The two queues: what takes seconds does not wait behind a training."""

QUEUES = {
    TRAIN: {"queue": LONG},
    EXPERIMENT: {"queue": LONG},
    REFRESH: {"queue": SHORT},
    SWEEP: {"queue": SHORT},
}

# A request waits for the broker no longer than this; the sweeper makes good what it gave up.
CONNECT_SECONDS = 1
ANSWER_SECONDS = 2

# Nudges of one process for one row are this far apart, or the second where no broker answers.
NUDGE_SECONDS = 1
SILENT_SECONDS = 60

_next_nudge: dict[tuple[str, int], float] = {}

logger = logging.getLogger(__name__)


@cache
def publisher(url: str) -> Celery:
    """A Celery app that can only send, so that a web process needs no worker code."""
    app = Celery("asterism-publisher", broker=url, set_as_current=False)
    app.conf.update(
        task_routes=QUEUES,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_publish_retry=False,
        broker_connection_retry=False,
        broker_transport_options={
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": ANSWER_SECONDS,
            "max_retries": 0,
        },
    )
    return app


def send_on_commit(name: str, row: int) -> None:
    """Send the task `name` for a row's id as soon as the row is committed."""
    transaction.on_commit(partial(send, name, row), robust=True)


def send(name: str, row: int) -> bool:
    """Send the task now; False, and a line in the log, where the broker does not answer."""
    try:
        publisher(settings.BROKER_URL).send_task(name, [row], retry=False)
    except OperationalError as error:
        logger.warning("%s of row %d waits for the broker to come back: %s", name, row, error)
        return False
    return True


def notify_throttled(name: str, row: int) -> None:
    """As `start`, for what happens at many votes: the second within a second sends nothing.

    A broker that is away makes at most one vote a minute wait. Whoever nudges has the sweeper look
    after what was left out.
    """
    now = _now()
    if now >= _next_nudge.get((name, row), now):
        _next_nudge[name, row] = now + NUDGE_SECONDS
        transaction.on_commit(partial(_send_nudge, name, row), robust=True)


def _send_nudge(name: str, row: int) -> None:
    if not send(name, row):
        _next_nudge[name, row] = _now() + SILENT_SECONDS
