"""Whose session this is."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def who_am_i(request: HttpRequest) -> JsonResponse:
    """The name of the person logged in, empty for nobody: votes never go out under another's."""
    return JsonResponse({"user": request.user.get_username()})
