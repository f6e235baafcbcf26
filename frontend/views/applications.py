"""Applications of a run to fields: their part of its page, and the buttons on it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from frontend.access import for_action, require
from frontend.forms import ApplicationForm
from frontend.idempotency import make_once
from frontend.pages.applications import run_applications
from frontend.requests import PageRequest
from labeling.auth.actions import Action, may
from labeling.models import Application, TrainingRun
from labeling.rules.conflicts import JobConflict


@require_http_methods(["GET", "HEAD", "POST"])
@for_action(Action.VIEW)
def applications(request: PageRequest, pk: int) -> HttpResponse:
    """The applications of a run, for htmx; a POST starts another."""
    run = get_object_or_404(TrainingRun, pk=pk)
    if request.method == "POST":
        require(request.user, Action.START)
        _start(request, run)
        return redirect("run", pk)
    context = {"run": run, "may_act": may(request.user, Action.PROMOTE), **run_applications(run)}
    return render(request, "frontend/_applications.html", context)


def _start(request: PageRequest, run: TrainingRun) -> None:
    """Queue an application, and say on the next page how it went."""
    form = ApplicationForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a field to predict.")
        return
    field = form.cleaned_data["field"]
    try:
        make_once(request, lambda key: Application.objects.request(run, field, request.user, key))
    except JobConflict as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"{field} waits for a worker to predict it.")
