"""Branch points: the question at which two experts first answer differently."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend.access import for_role
from frontend.requests import PageRequest
from labeling.agreement.branch_points import branch_points_visible_to
from labeling.auth.roles import Role
from labeling.rules.decision_tree import TREE


@require_safe
@for_role(Role.EXPERT)
def questions(request: PageRequest) -> HttpResponse:
    """A row for each pair of experts that this person may see, a column for each question."""
    pairs = [
        (pair, [pair.counts[question.name] for question in TREE])
        for pair in branch_points_visible_to(request.user)
    ]
    return render(request, "frontend/questions.html", {"tree": TREE, "pairs": pairs})
