"""The page of one field: numbers, mosaics and imported catalogues."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from frontend.access import for_role
from frontend.pages.overview import fields_with_counts
from frontend.requests import PageRequest
from labeling.auth.actions import REQUIRED_ROLE, Action
from labeling.auth.roles import Role, has_role


@require_safe
@for_role(Role.EXPERT)
def field(request: PageRequest, name: str) -> HttpResponse:
    """One field with its mosaics, its catalogues and the counts of its candidates."""
    row = get_object_or_404(fields_with_counts(), name=name)
    context = {
        "field": row,
        "mosaics": row.mosaics.all(),
        "imports": row.imports.finished().select_related("imported_by").order_by("-pk"),
        "n_guard": row.candidates.in_play().filter(guard=True).count(),
        "may_import": has_role(request.user, REQUIRED_ROLE[Action.IMPORT]),
        "vote_imports": row.vote_imports.with_counts(),
    }
    return render(request, "frontend/field.html", context)
