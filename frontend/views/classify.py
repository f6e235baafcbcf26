"""The page on which experts vote. It gets everything about candidates from the API."""

from dataclasses import asdict

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend.access import for_role
from frontend.forms import QueueFilterForm
from frontend.pages.class_texts import CLASS_TEXTS, REASONS
from frontend.pages.viewer import viewer_context
from frontend.requests import PageRequest
from labeling.auth.roles import Role
from labeling.classes import Reason
from labeling.rules.consensus import ConsensusStatus
from labeling.rules.decision_tree import TREE


@require_safe
@for_role(Role.EXPERT)
def classify(request: PageRequest) -> HttpResponse:
    """The classify page, for one field or for all."""
    context = {
        "classes": CLASS_TEXTS,
        "reasons": REASONS,
        "tree": [asdict(question) for question in TREE],
        "opinion_texts": {
            "statuses": dict(ConsensusStatus.choices),
            "reasons": dict(Reason.choices),
        },
        "queue_filter": QueueFilterForm(request.GET),
        **viewer_context(request.user),
    }
    return render(request, "frontend/classify.html", context)
