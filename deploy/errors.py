"""Answers to requests that no view could answer: problem objects for the API, pages for people."""

import sys
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

from labeling.api.parsers import BodyTooLarge
from labeling.api.problems import STORAGE_STATUS, is_api, problem_response, storage_headers
from labeling.db.failures import StorageFailure, storage_failure

CRASH = (
    "The server has an error, which is in its log. Nothing was changed; votes wait in the browser."
)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer to an error that no view handles; a full disk or an absent database will pass."""
    error = sys.exc_info()[1]
    if failure := error and storage_failure(error):
        return storage_answer(request, failure)
    if is_api(request):
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, CRASH)
    return HttpResponse(render_to_string("500.html"), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def storage_answer(request: HttpRequest, failure: StorageFailure) -> HttpResponse:
    """Answer to a request that the state of the disk or the database does not allow."""
    status, headers = STORAGE_STATUS[failure], storage_headers(failure)
    if is_api(request):
        return problem_response(status, failure.value, headers)
    # Without a context: whatever it needs may be what has failed.
    page = render_to_string(f"{status}.html", {"detail": failure.value})
    return HttpResponse(page, status=status, headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer to a request that Django refuses before any view sees it."""
    if not is_api(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BodyTooLarge.default_detail)
    return problem_response(HTTPStatus.BAD_REQUEST, "The request or its address is malformed.")
