"""The web application, for any WSGI server: `deploy.wsgi:application`."""

import os
from collections.abc import Callable, Iterable
from http import HTTPMethod
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

WSGIApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


def without_body_of_head(application: WSGIApplication) -> WSGIApplication:
    """Send the headers alone to HEAD; gunicorn would send the body as well.

    A client that keeps its connection would read the body as the next answer.
    """

    def wrapper(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = application(environ, start_response)
        if environ["REQUEST_METHOD"] != HTTPMethod.HEAD:
            return response
        if close := getattr(response, "close", None):
            close()
        return []

    return wrapper


def below(script_name: str, application: WSGIApplication) -> WSGIApplication:
    """Remove the path below which a proxy serves Asterism, unless the proxy has removed it."""

    def wrapper(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == script_name or path.startswith(f"{script_name}/"):
            environ["PATH_INFO"] = path[len(script_name) :]
        return application(environ, start_response)

    return wrapper if script_name else application


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

application = without_body_of_head(below(settings.SCRIPT_NAME, get_wsgi_application()))

# The settings have it. gunicorn would answer 500 to every path that does not begin with it.
os.environ.pop("SCRIPT_NAME", None)

# Django imports the URLs and every view on the first request. Imported here, a server that forks
# does it once, and the first page takes no extra seconds.
_ = get_resolver().url_patterns
