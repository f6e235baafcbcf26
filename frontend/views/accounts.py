"""Whose session this is, and log-ins that are paused."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeling.api.problems import problem_response


@require_safe
@never_cache
def who_am_i(request: HttpRequest) -> JsonResponse:
    """Name who is logged in, empty for nobody: no vote is ever sent under another's name."""
    return JsonResponse({"user": request.user.get_username()})


@never_cache
def too_many_failures(
    request: HttpRequest, _response: HttpResponse, credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """Return the log-in page, or a problem object for scripts, that says when to try again."""
    seconds = AxesProxyHandler.get_implementation().seconds_left(request, credentials)
    minutes = -(-seconds // 60)
    reason = (
        "There were too many attempts to log in with a wrong password. Try again in "
        f"{minutes} minute{'' if minutes == 1 else 's'}."
    )
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        headers = {"Retry-After": str(seconds)}
        return problem_response(HTTPStatus.TOO_MANY_REQUESTS, reason, headers)
    form = AuthenticationForm(request, initial={"username": request.POST.get("username", "")})
    context = {"form": form, "next": request.POST.get("next", ""), "reason": reason}
    response = render(request, "frontend/login.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = seconds
    return response
