"""The type of the requests that reach the views: somebody is logged in, htmx may have asked."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class PageRequest(HttpRequest):
    """A request by somebody who is logged in."""

    user: User
    htmx: HtmxDetails


def wants_part(request: PageRequest) -> bool:
    """True if htmx asks for a part of the page, not for the whole."""
    return bool(request.htmx) and not request.htmx.boosted
