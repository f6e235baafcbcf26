"""The page on which experts vote. Everything about candidates reaches it through the API."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.access import for_role
from frontend.stage import stage_context
from frontend.words import CLASSES, REASONS
from labeling.decision_tree import TREE
from labeling.models import Field
from labeling.roles import Role


@for_role(Role.EXPERT)
def classify(request: HttpRequest) -> HttpResponse:
    """The classify page, for one field or for all."""
    context = {
        "classes": CLASSES,
        "reasons": REASONS,
        "tree": [asdict(question) for question in TREE],
        "fields": Field.objects.values_list("name", flat=True),
        "chosen": request.GET.get("field", ""),
    }
    context |= stage_context(request.user)
    return render(request, "frontend/classify.html", context)
