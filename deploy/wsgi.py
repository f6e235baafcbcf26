"""The web application, for any WSGI server: `deploy.wsgi:application`."""

import os
from collections.abc import Callable, Iterable
from http import HTTPMethod
from typing import Any

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


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

application = without_body_of_head(get_wsgi_application())

# Django imports the URLs and every view on the first request. Imported here, a server that forks
# does it once, and the first page takes no extra seconds.
_ = get_resolver().url_patterns
