"""Whose session this is."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def who_am_i(request: HttpRequest) -> JsonResponse:
    """Name who is logged in, empty for nobody: no vote is ever sent under another's name."""
    return JsonResponse({"user": request.user.get_username()})
