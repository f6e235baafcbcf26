"""GET /healthz, /readyz, /metrics"""

from http import HTTPStatus

import pytest
from django.db import DatabaseError, connection

pytestmark = pytest.mark.django_db


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


def test_the_metrics_are_for_prometheus(client):
    response = client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    lines = response.content.decode().splitlines()
    assert "asterism_candidates 0.0" in lines
    assert 'asterism_runs{status="queued"} 0.0' in lines
    assert 'asterism_experiments{status="ready"} 0.0' in lines
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_other_methods_are_refused(client, path):
    assert client.post(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED
