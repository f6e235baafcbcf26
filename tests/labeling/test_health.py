"""GET /healthz, /readyz, /metrics"""

import threading
from http import HTTPStatus

import pytest
from django.db import DatabaseError, connection

from labeling import health
from labeling.shared_answer import SharedAnswer
from tests.labeling.world import problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_earlier_readiness(monkeypatch):
    readiness = SharedAnswer(health.check_readiness, seconds=60, oldest_s=60)
    monkeypatch.setattr(health, "READINESS", readiness)


@pytest.fixture
def behind_proxy(settings):
    settings.BEHIND_PROXY = True


def test_it_is_alive_without_any_broker(client):
    response = client.get("/healthz")
    assert response.status_code == HTTPStatus.OK
    assert response.json() == {"status": "ok"}


def test_it_is_degraded_without_a_worker(client, redis_server):
    response = client.get("/readyz")
    answer = response.json()
    assert response.status_code == HTTPStatus.OK
    assert answer["status"] == "degraded"
    assert answer["database"] == answer["broker"] == answer["storage"] == {"ok": True, "why": ""}
    assert answer["worker"]["ok"] is False
    assert "training runs wait" in answer["worker"]["why"]


def test_it_is_unavailable_without_a_broker(client):
    response = client.get("/readyz")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["status"] == "unavailable"
    assert "broker does not answer" in response.json()["broker"]["why"]
    assert response.json()["worker"]["ok"] is False


def test_it_is_unavailable_without_storage(client, redis_server, settings, tmp_path):
    settings.HOME = tmp_path / "unmounted"
    response = client.get("/readyz")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "cannot be written" in response.json()["storage"]["why"]


def test_it_is_unavailable_without_a_database(client, redis_server):
    def refuse(*_):
        raise DatabaseError("the disk is full\nand more")

    with connection.execute_wrapper(refuse):
        response = client.get("/readyz")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["database"]["why"] == "The database does not answer: the disk is full."


def test_strangers_are_not_told_why(client, behind_proxy):
    response = client.get("/readyz")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.headers["Retry-After"] == "1"
    parts = {"database": True, "storage": True, "broker": False, "worker": False}
    expected = {name: {"ok": ok} for name, ok in parts.items()}
    assert response.json() == {"status": "unavailable", **expected}


def test_it_is_checked_once_for_all_requests_of_a_second(client, redis_server, monkeypatch):
    n_checks = []
    monkeypatch.setitem(health.REQUIRED, "database", lambda: n_checks.append(1))
    statuses = {client.get("/readyz").json()["status"] for _ in range(32)}
    assert statuses == {"degraded"}
    assert len(n_checks) == 1


def test_nothing_is_ready_before_the_first_check_has_ended(client, monkeypatch):
    checking, answered = threading.Event(), threading.Event()

    def compute():
        checking.set()
        answered.wait(20)
        return {"status": "ok"}

    monkeypatch.setattr(health, "READINESS", SharedAnswer(compute, seconds=1, oldest_s=20))
    first = threading.Thread(target=health.READINESS.get)
    first.start()
    checking.wait(20)
    during = client.get("/readyz")
    answered.set()
    first.join()
    assert during.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert client.get("/readyz").json() == {"status": "ok"}


def test_the_metrics_are_for_prometheus(client):
    response = client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    lines = response.content.decode().splitlines()
    assert "asterism_candidates 0.0" in lines
    assert 'asterism_runs{status="queued"} 0.0' in lines
    assert 'asterism_experiments{status="ready"} 0.0' in lines
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)


@pytest.mark.parametrize(
    "source",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_AUTHORIZATION": "Bearer nonsense"},
    ],
)
def test_the_metrics_are_not_for_strangers(client, settings, source):
    if "HTTP_AUTHORIZATION" in source:
        settings.METRICS_TOKEN = "correct"
    response = client.get("/metrics", **source)
    problem(response, HTTPStatus.UNAUTHORIZED)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert b"asterism" not in response.content


def test_behind_a_proxy_the_metrics_need_the_token(client, settings, behind_proxy):
    problem(client.get("/metrics"), HTTPStatus.UNAUTHORIZED)
    settings.METRICS_TOKEN = "correct"
    authorised = {"HTTP_AUTHORIZATION": "Bearer correct", "REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", **authorised).status_code == HTTPStatus.OK
    assert "why" in client.get("/readyz", **authorised).json()["broker"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_other_methods_are_refused(client, path):
    assert client.post(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED
