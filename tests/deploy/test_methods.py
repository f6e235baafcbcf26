"""HTTP methods: HEAD has no body, and no page answers to a method that it does not have."""

import socket
from http import HTTPStatus
from io import BytesIO

import pytest
from django.test import Client

from deploy.wsgi import application
from tests.services.site import Site

UNKNOWN = ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND")
PAGES = ("/login/", "/logout/", "/guide/", "/runs/", "/admin/login/", "/favicon.ico", "/nowhere/")


def answer(method, path):
    """Status, headers and body, as a server gets them from the application."""
    started = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    body = b"".join(application(environ, lambda status, headers: started.append((status, headers))))
    status, headers = started[0]
    return status, dict(headers), body


@pytest.mark.parametrize("path", ["/healthz", "/login/", "/api/v1/candidates/", "/nowhere"])
def test_head_has_the_headers_of_get_and_no_body(db, path):
    status, headers, body = answer("GET", path)
    assert body
    assert answer("HEAD", path)[::2] == (status, b"")
    assert answer("HEAD", path)[1].get("Content-Length") == headers.get("Content-Length")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", UNKNOWN)
def test_pages_refuse_methods_that_they_do_not_have(db, method, path):
    response = Client().generic(method, path)
    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_the_administration_refuses_them_too(admin_client, settings):
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    for path in ("/admin/", "/admin/labeling/field/", "/admin/auth/user/add/"):
        assert admin_client.get(path).status_code == HTTPStatus.OK
        assert admin_client.delete(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("path", ["docs/", "schema/"])
@pytest.mark.parametrize("method", UNKNOWN)
def test_the_documentation_of_the_api_refuses_them_too(db, method, path):
    response = Client().generic(method, f"/api/v1/{path}")
    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("path", ["queue/", "candidates/", "runs/"])
def test_every_address_of_the_api_answers_options(admin_client, path):
    response = admin_client.options(f"/api/v1/{path}")
    assert response.status_code == HTTPStatus.OK
    assert "OPTIONS" in response.headers["Allow"]


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "head", "--no-demo")
    site.wait()
    yield site
    site.stop()


def test_a_connection_can_be_used_again_after_head(site):
    request = "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: {}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        reader = connection.makefile("rb")
        connection.sendall(request.format("HEAD", "/login/", "keep-alive").encode())
        first = list(iter(reader.readline, b"\r\n"))
        connection.sendall(request.format("GET", "/healthz", "close").encode())
        rest = reader.read()
    assert first[0].startswith(b"HTTP/1.1 200")
    assert rest.startswith(b"HTTP/1.1 200")
    assert rest.endswith(b'\r\n\r\n{"status": "ok"}')
