"""The first page: the progress of everything."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from frontend.access import for_role, require
from frontend.idempotency import make_once
from frontend.pages.charts import HEIGHT, WIDTH
from frontend.pages.learning_curve import learning_curve_of
from frontend.pages.overview import fields_with_counts, next_steps, vote_counts_of
from frontend.requests import PageRequest
from labeling.auth.actions import Action, may
from labeling.auth.roles import Role
from labeling.models import Field
from labeling.rules.conflicts import JobConflict
from labeling.time_zones import time_zone_of_browser
from labeling.training.requests import repeat_run
from labeling.training.retraining import retraining_state


@for_role(Role.EXPERT)
def progress(request: PageRequest) -> HttpResponse:
    """The progress of all fields, and what to do next; a POST trains a field again."""
    if request.method == "POST":
        require(request.user, Action.START)
        return _repeat_training(request)
    fields = list(fields_with_counts())
    votes = vote_counts_of(request.user, time_zone_of_browser(request.COOKIES))
    context = {
        "fields": fields,
        "votes": votes,
        "steps": next_steps(request.user, fields, votes.waiting),
        "retraining": [(field, retraining_state(field)) for field in fields if field.n_candidates],
        "may_start": may(request.user, Action.START),
        "may_import": may(request.user, Action.IMPORT),
        "curves": [curve for field in fields if (curve := learning_curve_of(field))],
        "box": (WIDTH, HEIGHT),
    }
    return render(request, "frontend/progress.html", context)


def _repeat_training(request: PageRequest) -> HttpResponse:
    """Repeat the last training of a field on the present labels; the first one needs the form."""
    field = get_object_or_404(Field, name=request.POST.get("field", ""))
    last = retraining_state(field).last_run
    if last is None:
        return redirect("runs")
    try:
        pk = make_once(request, lambda key: repeat_run(last, request.user, key=key))
    except JobConflict as reason:
        messages.error(request, str(reason))
        return redirect("progress")
    return redirect("run", pk)
