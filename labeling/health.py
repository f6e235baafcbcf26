"""What a load balancer, a person in doubt, and Prometheus ask a running Asterism.

`/healthz`  the process answers.
`/readyz`   each part that it leans on, `ok` or `why` not. Without database, broker or storage the
            answer is 503. Without a worker it stays 200 and `degraded`: people vote as before and
            training runs wait in the database.
`/metrics`  counts in Prometheus' text format.
"""

import tempfile
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from redis import RedisError

from labeling import jobs
from labeling.models import Candidate, Experiment, Lease, RunStatus, TrainingRun, Vote

WORKER_SECONDS = 1

# kombu translates what goes wrong on connecting, not what the Redis client raises later.
BROKER_ERRORS = (OperationalError, RedisError)


def database() -> str | None:
    """Why the database cannot be used, or None."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"The database does not answer: {_line(error)}."
    return None


def broker() -> str | None:
    """Why no message can be sent to a worker, or None."""
    try:
        with jobs.publisher(settings.BROKER_URL).connection_for_write() as connected:
            connected.default_channel.client.ping()
    except BROKER_ERRORS as error:
        return f"The broker does not answer: {_line(error)}."
    return None


def storage() -> str | None:
    """Why nothing can be written under ASTERISM_HOME, or None."""
    try:
        with tempfile.TemporaryFile(dir=settings.HOME) as file:
            file.write(b"written")
    except OSError as error:
        return f"{settings.HOME} cannot be written: {error.strerror}."
    return None


def worker() -> str | None:
    """Why nobody trains, or None."""
    control = jobs.publisher(settings.BROKER_URL).control
    try:
        # Often the first to answer trains; else all have their time.
        for limit in (1, None):
            heard = control.broadcast(
                "active_queues", reply=True, limit=limit, timeout=WORKER_SECONDS
            )
            served = {queue["name"] for told in heard for own in told.values() for queue in own}
            if jobs.LONG in served:
                return None
    except BROKER_ERRORS as error:
        return f"Workers cannot be asked: {_line(error)}."
    return "No worker that trains answers; training runs wait until one does."


REQUIRED: dict[str, Callable[[], str | None]] = {
    "database": database,
    "broker": broker,
    "storage": storage,
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process is alive."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether each part that Asterism leans on can be used, and if not, why."""
    reasons = {name: check() for name, check in REQUIRED.items()}
    down = any(reasons.values())
    reasons["worker"] = "Not asked, as the broker is down." if reasons["broker"] else worker()
    parts = {name: {"ok": why is None, "why": why or ""} for name, why in reasons.items()}
    status = "unavailable" if down else "degraded" if reasons["worker"] else "ok"
    return JsonResponse({"status": status, **parts}, status=503 if down else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts of the campaign and of this process, for Prometheus."""
    campaign = CollectorRegistry()
    campaign.register(Campaign())
    text = generate_latest(campaign) + generate_latest(REGISTRY)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


class Campaign:
    """Reads its counts from the rows whenever Prometheus asks, so that they cannot drift."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The campaign's counts."""
        for name, says, rows in (
            ("candidates", "Candidates imported.", Candidate.objects.all()),
            ("votes_live", "Votes that count, that is, not retracted.", Vote.objects.live()),
            ("leases_live", "Candidates being looked at.", Lease.objects.live()),
        ):
            yield GaugeMetricFamily(f"asterism_{name}", says, value=rows.count())
        for name, says, work in (
            ("runs", "Training runs.", TrainingRun.objects.all()),
            ("experiments", "Experiments.", Experiment.objects.all()),
        ):
            gauge = GaugeMetricFamily(f"asterism_{name}", says, labels=["status"])
            for status in RunStatus.values:
                gauge.add_metric([status], work.filter(status=status).count())
            yield gauge


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else repr(error)
