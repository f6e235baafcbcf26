"""The first page: how far everything is."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from frontend.access import for_role
from frontend.pages.charts import HEIGHT, WIDTH
from frontend.pages.learning_curve import learning_of
from frontend.pages.overview import fields_with_numbers, my_numbers, next_steps
from labeling.auth.roles import Role, has_role
from labeling.models import Field
from labeling.training.retraining import retraining_state
from labeling.training.training_set import NotTrainable


@for_role(Role.EXPERT)
def progress(request: HttpRequest) -> HttpResponse:
    """How far all is, and what to do next; an administrator's POST trains a field again."""
    may_train = has_role(request.user, Role.ADMINISTRATOR)
    if request.method == "POST":
        if not may_train:
            raise PermissionDenied("Only administrators start training runs.")
        return _train_again(request)
    fields = list(fields_with_numbers())
    mine = my_numbers(request.user)
    steps = next_steps(request.user, fields, mine.waiting)
    outlooks = [(field, retraining_state(field)) for field in fields if field.n_candidates]
    context = {
        "fields": fields,
        "mine": mine,
        "steps": steps,
        "outlooks": outlooks,
        "may_train": may_train,
        "curves": [found for field in fields if (found := learning_of(field))],
        "box": (WIDTH, HEIGHT),
    }
    return render(request, "frontend/progress.html", context)


def _train_again(request: HttpRequest) -> HttpResponse:
    """Repeat the last training of a field on the labels of now; the first is asked for by form."""
    last = retraining_state(get_object_or_404(Field, name=request.POST.get("field", ""))).last_run
    if last is None:
        return redirect("runs")
    try:
        return redirect("run", last.request_again(request.user).pk)
    except NotTrainable as reason:
        messages.error(request, str(reason))
        return redirect("progress")
