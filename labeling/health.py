"""Health checks and metrics, for load balancers, people and Prometheus.

`/healthz`  The process answers.
`/readyz`   Each part that Asterism needs, with `ok`. Without database, broker or storage the answer
            is 503. Without a worker it is 200 and `degraded`: people can vote, and training runs
            wait in the database. It is at most a second old for each request.
`/metrics`  Counts in Prometheus' text format.

The metrics, and `why` a part is not ready, are for the bearer of METRICS_TOKEN; without a token,
for this machine.
"""

import tempfile
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

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
from labeling.api.problems import problem_response
from labeling.auth.monitoring import may_monitor
from labeling.files import reserve
from labeling.models import Candidate, Experiment, Lease, RunStatus, TrainingRun, Vote
from labeling.shared_answer import SharedAnswer

WORKER_SECONDS = 1

# kombu translates errors while connecting, not those that the Redis client raises later.
BROKER_ERRORS = (OperationalError, RedisError)


def database_error() -> str | None:
    """Return why the database cannot be used, or None if it can."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"The database does not answer: {_first_line(error)}."
    return None


def broker_error() -> str | None:
    """Return why no message can be sent to a worker, or None if it can."""
    try:
        with jobs.publisher(settings.BROKER_URL).connection_for_write() as broker:
            broker.default_channel.client.ping()
    except BROKER_ERRORS as error:
        return f"The broker does not answer: {_first_line(error)}."
    return None


def storage_error() -> str | None:
    """Return why nothing can be written under ASTERISM_HOME, or None if it can."""
    try:
        with tempfile.TemporaryFile(dir=settings.HOME) as file:
            file.write(b"written")
    except OSError as error:
        return f"{settings.HOME} cannot be written: {error.strerror}."
    if reserve.is_used():
        return f"The disk of {settings.HOME} is full: log-ins and the queue use reserved space."
    return None


def worker_error() -> str | None:
    """Return why training runs wait, or None if a worker answers that trains."""
    control = jobs.publisher(settings.BROKER_URL).control
    try:
        # The first worker to answer often trains; only otherwise wait for all.
        for limit in (1, None):
            replies = control.broadcast(
                "active_queues", reply=True, limit=limit, timeout=WORKER_SECONDS
            )
            queues = [queue for reply in replies for names in reply.values() for queue in names]
            if any(queue["name"] == jobs.LONG for queue in queues):
                return None
    except BROKER_ERRORS as error:
        return f"Workers cannot be asked: {_first_line(error)}."
    return "No worker that trains answers; training runs wait until one does."


REQUIRED: dict[str, Callable[[], str | None]] = {
    "database": database_error,
    "broker": broker_error,
    "storage": storage_error,
}


def check_readiness() -> dict[str, Any]:
    """Return the state of the whole and of each part."""
    errors = {name: check() for name, check in REQUIRED.items()}
    unavailable = any(errors.values())
    errors["worker"] = "Not asked, as the broker is down." if errors["broker"] else worker_error()
    status = "unavailable" if unavailable else "degraded" if errors["worker"] else "ok"
    parts = {name: {"ok": error is None, "why": error or ""} for name, error in errors.items()}
    return {"status": status, **parts}


# One thread at a time: with all of them busy with checks, votes would wait.
READINESS = SharedAnswer(check_readiness, seconds=1, oldest_s=20)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process is alive."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether each part that Asterism needs can be used, and why if the caller may know."""
    # While the first check is under way, nothing is known to be ready.
    readiness = READINESS.get() or {"status": "unavailable"}
    if not may_monitor(request):
        for part in readiness.keys() - {"status"}:
            del readiness[part]["why"]
    if readiness["status"] == "unavailable":
        headers = {"Retry-After": "1"}
        return JsonResponse(readiness, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)
    return JsonResponse(readiness)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with counts of the campaign and of this process, for Prometheus."""
    if not may_monitor(request):
        detail = "Send METRICS_TOKEN as `Authorization: Bearer …`; see SECURITY.md."
        headers = {"WWW-Authenticate": "Bearer"}
        return problem_response(HTTPStatus.UNAUTHORIZED, detail, headers)
    registry = CollectorRegistry()
    registry.register(CampaignCollector())
    text = generate_latest(registry) + generate_latest(REGISTRY)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


class CampaignCollector:
    """Counts rows of the database for each request of Prometheus."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the campaign's counts."""
        for name, description, rows in (
            ("candidates", "Candidates imported.", Candidate.objects.all()),
            ("votes_live", "Votes that count, that is, not retracted.", Vote.objects.live()),
            ("leases_live", "Candidates being looked at.", Lease.objects.live()),
        ):
            yield GaugeMetricFamily(f"asterism_{name}", description, value=rows.count())
        for name, description, job_rows in (
            ("runs", "Training runs.", TrainingRun.objects.all()),
            ("experiments", "Experiments.", Experiment.objects.all()),
        ):
            gauge = GaugeMetricFamily(f"asterism_{name}", description, labels=["status"])
            for status in RunStatus.values:
                gauge.add_metric([status], job_rows.filter(status=status).count())
            yield gauge


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else repr(error)
