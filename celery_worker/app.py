"""The Celery app: `celery -A celery_worker.app worker --beat`, with `-Q long` or `-Q short` for one
of the two queues alone.

Messages carry a task's name and a row's id as JSON, nothing else. Celery's own Django support
sets Django up, since the settings are named below, and looks after database connections.
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
    # A worker that is not told otherwise serves both.
    task_queues={jobs.LONG: {}, jobs.SHORT: {}},
    task_routes=jobs.QUEUES,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # A message is gone only when its task has ended, and a worker holds no more than one: the
    # next worker takes what a dead one leaves behind.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # A training takes the whole GPU, or all cores: one worker for each, and no more.
    worker_concurrency=1,
    # Redis delivers again what was not acknowledged for this long. Longer than any training:
    # a second delivery is harmless, and useless while the first is at work.
    broker_transport_options={"visibility_timeout": DAY},
    broker_connection_retry_on_startup=True,
    # A process that has trained (kilobytes) gives its memory, and the GPU's, back. One that has
    # only refitted heads stays, and need not load torch again.
    worker_max_memory_per_child=2_000_000,
    # A sweep that finds no free worker is overtaken by the next one.
    beat_schedule={
        "sweep": {"task": jobs.SWEEP, "schedule": MINUTE, "options": {"expires": MINUTE - 5}}
    },
    # In memory: the schedule is one line, and needs no file that remembers it.
    beat_scheduler="celery.beat:Scheduler",
)
