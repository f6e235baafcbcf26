"""The first page: how far everything is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.access import for_role
from frontend.charts import HEIGHT, WIDTH
from frontend.learning import learning_of
from frontend.overview import fields_with_numbers, my_numbers, next_steps
from labeling.retraining import outlook
from labeling.roles import Role


@for_role(Role.EXPERT)
def progress(request: HttpRequest) -> HttpResponse:
    """All fields in numbers, the expert's own votes, and what to do next."""
    fields = list(fields_with_numbers())
    mine = my_numbers(request.user)
    steps = next_steps(request.user, fields, mine.waiting)
    outlooks = [(field, outlook(field)) for field in fields if field.n_candidates]
    context = {
        "fields": fields,
        "mine": mine,
        "steps": steps,
        "outlooks": outlooks,
        "curves": [found for field in fields if (found := learning_of(field))],
        "box": (WIDTH, HEIGHT),
    }
    return render(request, "frontend/progress.html", context)
