"""The address of the installation: the path below which a proxy serves it, and its cookies."""

import os
import re
import sys
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def script_name() -> str:
    """Return the path of SCRIPT_NAME without a slash at its end; empty for the root of the host.

    Another path than one of plain characters stops the start.
    """
    path = os.environ.get("SCRIPT_NAME", "").rstrip("/")
    if path and not _PATH.fullmatch(path):
        sys.exit(f"SCRIPT_NAME must be a path such as /asterism, not {path!r}.")
    return path


def cookie_name(name: str, secret_key: str) -> str:
    """Return the name of a cookie of this instance.

    Browsers send cookies to all ports of a host: two instances with the same names would sign
    people out of each other. All web servers of one instance have its secret key.
    """
    digest = salted_hmac("deploy.address.cookie_name", name, secret=secret_key).hexdigest()
    return f"{name}_{digest[:8]}"


def take_over_cookies(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Keep those signed in who signed in before cookies had names of their own.

    Can go when no session is older than the upgrade to 0.2.
    """
    renamed = {"sessionid": settings.SESSION_COOKIE_NAME, "csrftoken": settings.CSRF_COOKIE_NAME}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        taken_over = [
            (old, new)
            for old, new in renamed.items()
            if old in request.COOKIES and new not in request.COOKIES
        ]
        for old, new in taken_over:
            request.COOKIES[new] = request.COOKIES[old]
        response = get_response(request)
        for old, new in taken_over:
            if new not in response.cookies:
                is_session = old == "sessionid"
                response.set_cookie(
                    new,
                    request.COOKIES[old],
                    max_age=settings.SESSION_COOKIE_AGE if is_session else settings.CSRF_COOKIE_AGE,
                    path=settings.SESSION_COOKIE_PATH,
                    secure=settings.SESSION_COOKIE_SECURE,
                    httponly=is_session,
                    samesite="Lax",
                )
        return response

    return middleware
