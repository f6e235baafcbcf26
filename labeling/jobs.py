"""Send tasks to the workers: commit a row first, then send a message with its id.

The row is the record and the message only wakes a worker, so nothing is lost with a message that
cannot be sent or does not arrive: `asterism.sweep` sends it again every minute.
"""

import logging
from functools import cache, partial
from time import monotonic

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

TRAIN = "asterism.train"
EXPERIMENT = "asterism.experiment"
PREDICT = "asterism.predict"
REFRESH = "asterism.refresh"
IMPORT = "asterism.import"
SWEEP = "asterism.sweep"

LONG, SHORT = "long", "short"
"""The two queues: tasks of seconds or minutes do not wait behind a training."""

QUEUES = {
    TRAIN: {"queue": LONG},
    EXPERIMENT: {"queue": LONG},
    PREDICT: {"queue": LONG},
    REFRESH: {"queue": SHORT},
    IMPORT: {"queue": SHORT},
    SWEEP: {"queue": SHORT},
}

# A request waits for the broker no longer than this; the sweeper sends the message later.
CONNECT_SECONDS = 1
ANSWER_SECONDS = 2

NOTIFICATION_SECONDS = 1
"""Least time between two throttled notifications of one row by one process."""
OUTAGE_SECONDS = 60
"""The same after a broker did not answer."""

_next_notification: dict[tuple[str, int], float] = {}
"""Time of `monotonic` from which the task may be sent for the row again."""

logger = logging.getLogger(__name__)


@cache
def publisher(url: str) -> Celery:
    """Return a Celery app that can only send, so that a web process imports no worker code."""
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
    """Send the task `name` with a row's id when the current transaction is committed."""
    transaction.on_commit(partial(send, name, row), robust=True)


def send(name: str, row: int) -> bool:
    """Send the task now; return False, and log a warning, if the broker does not answer."""
    try:
        publisher(settings.BROKER_URL).send_task(name, [row], retry=False)
    except OperationalError as error:
        logger.warning("%s of row %d waits for the broker to come back: %s", name, row, error)
        return False
    return True


def notify_throttled(name: str, row: int) -> None:
    """Send the task on commit, unless it was sent for this row within NOTIFICATION_SECONDS.

    For tasks that many votes ask for. During an outage of the broker at most one vote in
    OUTAGE_SECONDS waits for it. The sweeper must repeat the tasks that were not sent.
    """
    time = monotonic()
    if time >= _next_notification.get((name, row), time):
        _next_notification[name, row] = time + NOTIFICATION_SECONDS
        transaction.on_commit(partial(_send_notification, name, row), robust=True)


def _send_notification(name: str, row: int) -> None:
    if not send(name, row):
        _next_notification[name, row] = monotonic() + OUTAGE_SECONDS
