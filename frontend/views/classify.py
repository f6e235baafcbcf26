"""The page on which experts vote. Everything about candidates reaches it through the API."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.access import for_role
from frontend.forms import NarrowForm
from frontend.pages.class_texts import CLASSES, REASONS
from frontend.pages.viewer import viewer_context
from labeling.auth.roles import Role
from labeling.rules.decision_tree import TREE


@for_role(Role.EXPERT)
def classify(request: HttpRequest) -> HttpResponse:
    """The classify page, for one field or for all."""
    narrow = NarrowForm(request.GET)
    context = {
        "classes": CLASSES,
        "reasons": REASONS,
        "tree": [asdict(question) for question in TREE],
        "narrow": narrow,
        "wish": narrow.wish,
    }
    context |= viewer_context(request.user)
    return render(request, "frontend/classify.html", context)
