"""Errors as problem objects (RFC 9457), `application/problem+json`."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from classifier.core.errors import PackError
from classifier.core.experiment_kinds import NotFeasible
from labeling.api.parsers import BodyTooLarge
from labeling.db.failures import StorageFailure, storage_failure
from labeling.files.stored_files import DamagedFile
from labeling.imaging.mosaics import UnusableImage
from labeling.models import KeyReused, NoSpace, VoteConflict
from labeling.rules.conflicts import JobConflict, RulingCorrected, VersionTaken

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
API_ROOT = "/api/v1/"


def is_api(request: HttpRequest) -> bool:
    """True if the address is the API's, whether it exists or not."""
    return request.path_info.startswith(API_ROOT)


class Conflict(exceptions.APIException):
    """The request contradicts the present state."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"


class Unprocessable(exceptions.APIException):
    """The request is well-formed, and contradicts an earlier one."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "unprocessable"


class Unreadable(exceptions.APIException):
    """The files behind the row can no longer be read."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unreadable"


STORAGE_STATUS = {
    StorageFailure.FULL: HTTPStatus.INSUFFICIENT_STORAGE,
    StorageFailure.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RETRY_AFTER_S = {StorageFailure.FULL: 60, StorageFailure.AWAY: 5}


def storage_headers(failure: StorageFailure) -> dict[str, str]:
    """Return the headers of an answer that will be another one later."""
    return {"Retry-After": str(_RETRY_AFTER_S[failure])}


class InsufficientStorage(exceptions.APIException):
    """There is no space for what the request would store."""

    status_code = HTTPStatus.INSUFFICIENT_STORAGE
    default_code = "insufficient_storage"


class StorageUnavailable(exceptions.APIException):
    """Nothing can be stored or read at present."""

    def __init__(self, failure: StorageFailure) -> None:
        self.status_code = STORAGE_STATUS[failure]
        self.wait = _RETRY_AFTER_S[failure]
        super().__init__(failure.value)


_API_ERRORS: dict[type[Exception], type[exceptions.APIException]] = {
    JobConflict: Conflict,
    KeyReused: Unprocessable,
    NoSpace: InsufficientStorage,
    RulingCorrected: Conflict,
    RecursionError: exceptions.ParseError,  # JSON that is nested a thousand times
    VersionTaken: Conflict,
    VoteConflict: Conflict,
    UnusableImage: Unreadable,
    PackError: Unreadable,
    DamagedFile: Unreadable,
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return a problem object for every error that DRF handles, and for our own."""
    if failure := storage_failure(error):
        logger.error("%s: %s", context["request"].path, error)
        error = StorageUnavailable(failure)
    error = _as_api_error(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    status = HTTPStatus(response.status_code)
    response.data = problem_object(status, **_details(error, response.data))
    response.content_type = MEDIA_TYPE
    # Views whose answers are HTML or YAML give their errors in JSON too.
    context["request"].accepted_renderer = JSONRenderer()
    context["request"].accepted_media_type = JSONRenderer.media_type
    return response


def problem_object(status: HTTPStatus, detail: str, **members: Any) -> dict[str, Any]:
    """Return a problem object without a type of its own."""
    standard = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return {**standard, "detail": detail, **members}


def problem_response(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    """Return a problem object as the answer to a request that no API view handles."""
    data = problem_object(status, detail)
    return JsonResponse(data, status=status, headers=headers, content_type=MEDIA_TYPE)


def _as_api_error(error: Exception) -> Exception:
    """Return DRF's error for one of the product's; any other error unchanged."""
    if isinstance(error, NotFeasible):
        return exceptions.ValidationError({error.about: [str(error)]})
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge()
    for kind, api_error in _API_ERRORS.items():
        if isinstance(error, kind):
            return api_error(str(error))
    return error


def _details(error: Exception, data: Any) -> dict[str, Any]:
    """Return one sentence in `detail` and, for invalid input, `errors` by input name."""
    if isinstance(error, exceptions.ValidationError):
        errors = data if isinstance(data, dict) else {"non_field_errors": data}
        sentences = [f"{name}: {_first_reason(reasons)}" for name, reasons in errors.items()]
        return {"detail": " ".join(sentences), "errors": errors}
    if isinstance(error, Http404 | PermissionDenied):
        return {"detail": str(error) or str(data.get("detail", ""))}
    return {"detail": str(data.get("detail", error)) if isinstance(data, dict) else str(error)}


def _first_reason(reasons: Any) -> str:
    """Return the first of possibly nested reasons."""
    while isinstance(reasons, list | dict) and reasons:
        reasons = reasons[0] if isinstance(reasons, list) else next(iter(reasons.values()))
    return str(reasons)


@extend_schema(exclude=True)
class NotFoundView(APIView):
    """Any address below the API's root that no other view answers."""

    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 404 to every method."""
        raise exceptions.NotFound(f"There is nothing at {request.path}.")
