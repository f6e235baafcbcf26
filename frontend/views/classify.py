"""The page on which experts vote. It gets everything about candidates from the API."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend.access import for_role
from frontend.forms import QueueFilterForm
from frontend.pages.viewer import answers_context, viewer_context
from frontend.requests import PageRequest
from labeling.auth.roles import Role


@require_safe
@for_role(Role.EXPERT)
def classify(request: PageRequest) -> HttpResponse:
    """The classify page, for one field or for all."""
    context = {
        "queue_filter": QueueFilterForm(request.GET),
        **answers_context(),
        **viewer_context(request.user),
    }
    return render(request, "frontend/classify.html", context)
