"""The type of the requests that reach the views, and what htmx adds to them."""

from django_htmx.middleware import HtmxDetails

from labeling.auth.requests import AuthenticatedHttpRequest


class PageRequest(AuthenticatedHttpRequest):
    """A request for a page, or by htmx for a part of it, by a user."""

    htmx: HtmxDetails


def wants_part(request: PageRequest) -> bool:
    """True if htmx asks for a part of the page, not for the whole."""
    return bool(request.htmx) and not request.htmx.boosted
