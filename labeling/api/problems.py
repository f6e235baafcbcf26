"""Errors as problem objects (RFC 9457), `application/problem+json`."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from labeling.imaging.mosaics import UnusableImage
from labeling.imaging.packs import UnusablePack
from labeling.models import NotReady, Refused, VoteConflict
from labeling.training.training_set import NotTrainable

MEDIA_TYPE = "application/problem+json"


class Conflict(exceptions.APIException):
    """The request contradicts what is there."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"


class Gone(exceptions.APIException):
    """The data behind the row can no longer be read."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unreadable"


_AS_HTTP: dict[type[Exception], type[exceptions.APIException]] = {
    NotTrainable: Conflict,
    NotReady: Conflict,
    Refused: Conflict,
    RecursionError: exceptions.ParseError,  # JSON that is nested a thousand times
    VoteConflict: Conflict,
    UnusableImage: Gone,
    UnusablePack: Gone,
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error that it knows, and our own, as a problem object."""
    translated = _AS_HTTP.get(type(error))
    if translated is not None:
        error = translated(str(error))
    response = exception_handler(error, context)
    if response is None:
        return None
    status = HTTPStatus(response.status_code)
    response.data = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        **_details(error, response.data),
    }
    response.content_type = MEDIA_TYPE
    return response


def _details(error: Exception, data: Any) -> dict[str, Any]:
    """One sentence in `detail`; for invalid input, also `errors` by name of the input."""
    if isinstance(error, exceptions.ValidationError):
        errors = data if isinstance(data, dict) else {"non_field_errors": data}
        sentences = [f"{name}: {_first(reasons)}" for name, reasons in errors.items()]
        return {"detail": " ".join(sentences), "errors": errors}
    if isinstance(error, Http404 | PermissionDenied):
        return {"detail": str(error) or str(data.get("detail", ""))}
    return {"detail": str(data.get("detail", error)) if isinstance(data, dict) else str(error)}


def _first(reasons: Any) -> str:
    """The first of possibly nested reasons."""
    while isinstance(reasons, list | dict) and reasons:
        reasons = reasons[0] if isinstance(reasons, list) else next(iter(reasons.values()))
    return str(reasons)


@extend_schema(exclude=True)
class NowhereView(APIView):
    """Every address under the API's that is none of its own."""

    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Not found, whatever the method."""
        raise exceptions.NotFound(f"There is nothing at {request.path}.")
