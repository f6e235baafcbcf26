"""The HTTP methods of pages."""

from collections.abc import Callable
from http import HTTPMethod

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from labeling.api.problems import is_api

PAGE_METHODS = (HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.POST)


def refuse_unknown_methods(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 405 to a method that no page has; the views of the API know their own.

    A view that only compares with POST, as those of the administration, would answer as to GET.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method in PAGE_METHODS or is_api(request):
            return get_response(request)
        return HttpResponseNotAllowed(PAGE_METHODS)

    return middleware
