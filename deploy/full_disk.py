"""Requests on a full disk: log-in, log-out and the queue use reserved space; others get a 507."""

from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import MiddlewareNotUsed
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from deploy.errors import storage_answer
from labeling.db.failures import StorageFailure
from labeling.files import reserve

_GOES_ON = {
    *("login", "logout", "admin:login", "admin:logout"),
    *("api:queue", "api:lease", "api:skip"),
}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def keep_working(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Repeat requests that must go on in the space of the reserve; refuse other writes then."""
    # PostgreSQL has a disk of its own.
    if connection.vendor != "sqlite":
        raise MiddlewareNotUsed
    reserve.fill()

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method in _SAFE_METHODS:
            return get_response(request)
        if not _goes_on(request):
            if reserve.is_used():
                return storage_answer(request, StorageFailure.FULL)
            return get_response(request)
        request.body  # noqa: B018 -- kept by Django, so that the request can be answered twice
        response = get_response(request)
        if response.status_code == HTTPStatus.INSUFFICIENT_STORAGE and reserve.release():
            response = get_response(request)
        return response

    return middleware


def _goes_on(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).view_name in _GOES_ON
    except Resolver404:
        return False
