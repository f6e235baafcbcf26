"""The first page: how far everything is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.access import for_role
from frontend.overview import fields_with_numbers, my_numbers, next_steps
from labeling.roles import Role


@for_role(Role.EXPERT)
def progress(request: HttpRequest) -> HttpResponse:
    """All fields in numbers, the expert's own votes, and what to do next."""
    fields = list(fields_with_numbers())
    mine = my_numbers(request.user)
    steps = next_steps(request.user, fields, mine.waiting)
    context = {"fields": fields, "mine": mine, "steps": steps}
    return render(request, "frontend/progress.html", context)
