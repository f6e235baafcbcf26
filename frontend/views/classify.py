"""The page on which experts vote. It gets everything about candidates from the API."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend.access import for_role
from frontend.forms import QueueFilterForm
from frontend.pages.viewer import answers_context, viewer_context
from frontend.requests import PageRequest
from labeling.auth.actions import Action, may
from labeling.auth.roles import Role
from labeling.models import Candidate


@require_safe
@for_role(Role.EXPERT)
def classify(request: PageRequest) -> HttpResponse:
    """The classify page, for one field or for all."""
    queue_filter = QueueFilterForm(request.GET)
    field = queue_filter.body.get("field")
    candidates = Candidate.objects.in_play()
    if not (candidates.filter(field__name=field) if field else candidates).exists():
        context = {"field": field, "may_import": may(request.user, Action.IMPORT)}
        return render(request, "frontend/nothing_to_classify.html", context)
    context = {
        "queue_filter": queue_filter,
        **answers_context(),
        **viewer_context(request.user),
    }
    return render(request, "frontend/classify.html", context)
