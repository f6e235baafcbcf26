"""The Celery app: `celery -A celery_worker.app worker --beat`.

`-Q long` or `-Q short` serves one of the two queues alone. Messages carry the name of a task and
the id of a row as JSON, nothing else. Celery's Django support sets Django up, since the settings
are named below, and closes database connections.
"""

import os

from celery import Celery
from django.conf import settings

from labeling import jobs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

DAY = 24 * 3600
MINUTE = 60

app = Celery("asterism", broker=settings.BROKER_URL, include=["celery_worker.tasks"])
app.conf.update(
    # Without -Q a worker serves both.
    task_queues={jobs.LONG: {}, jobs.SHORT: {}},
    task_routes=jobs.QUEUES,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # A message is deleted only when its task has ended, and a worker holds no more than one: the
    # next worker takes the message of a dead one.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # A training uses the whole GPU, or all cores.
    worker_concurrency=1,
    # Redis delivers a message again if it was not acknowledged for this long: longer than any
    # training, as a second delivery during the first is harmless but useless.
    broker_transport_options={"visibility_timeout": DAY},
    broker_connection_retry_on_startup=True,
    # In kilobytes. A process that has trained ends, and frees its memory and the GPU's; one that
    # has only refitted heads stays, and need not load torch again.
    worker_max_memory_per_child=2_000_000,
    # A sweep that waits for a free worker expires before the next one is sent.
    beat_schedule={
        "sweep": {"task": jobs.SWEEP, "schedule": MINUTE, "options": {"expires": MINUTE - 5}}
    },
    # Keeps the schedule in memory: with one entry it needs no file.
    beat_scheduler="celery.beat:Scheduler",
)
