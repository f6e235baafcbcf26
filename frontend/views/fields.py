"""One field: its images, its imports, and how far it is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from frontend.access import for_role
from frontend.pages.overview import fields_with_numbers
from labeling.auth.roles import Role


@for_role(Role.EXPERT)
def field(request: HttpRequest, name: str) -> HttpResponse:
    """What was imported into a field, and what became of it."""
    found = get_object_or_404(fields_with_numbers(), name=name)
    context = {
        "field": found,
        "mosaics": found.mosaics.all(),
        "imports": found.imports.order_by("-pk"),
    }
    return render(request, "frontend/field.html", context)
