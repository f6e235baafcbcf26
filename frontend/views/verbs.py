"""POST runs/{id}/{verb}/ and alike: cancel, resume, promote, roll back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from frontend.access import require
from frontend.requests import PageRequest
from labeling.auth.actions import Action
from labeling.models import Application, Experiment, TrainingRun, WorkerJob
from labeling.rules.conflicts import JobConflict


@dataclass(frozen=True)
class Verb:
    """A button on the page of a run or an experiment."""

    action: Action
    perform: Callable[[Any, PageRequest], None]
    success: str


def _promote(run: TrainingRun | Application, request: PageRequest) -> None:
    run.promote(request.user, request.POST.get("reason", "").strip())


JOB_VERBS: Mapping[str, Verb] = {
    "cancel": Verb(Action.CANCEL, lambda job, _request: job.cancel(), "is cancelled"),
    "resume": Verb(Action.RESUME, lambda job, _request: job.resume(), "is queued again"),
}
RUN_VERBS: Mapping[str, Verb] = {
    **JOB_VERBS,
    "promote": Verb(Action.PROMOTE, _promote, "is promoted"),
    "roll-back": Verb(Action.ROLL_BACK, lambda run, _request: run.roll_back(), "is rolled back"),
}
APPLICATION_VERBS: Mapping[str, Verb] = {
    **JOB_VERBS,
    "promote": Verb(Action.PROMOTE, _promote, "is promoted in its field"),
    "roll-back": Verb(Action.ROLL_BACK, lambda row, _request: row.roll_back(), "is rolled back"),
}


@require_POST
@login_required
def act_on_run(request: PageRequest, pk: int, verb: str) -> HttpResponse:
    """Cancel, resume, promote or roll back a run."""
    _act(request, get_object_or_404(TrainingRun, pk=pk), RUN_VERBS.get(verb))
    return redirect("run", pk)


@require_POST
@login_required
def act_on_application(request: PageRequest, pk: int, verb: str) -> HttpResponse:
    """Cancel or resume an application, or promote its run in its field."""
    application = get_object_or_404(Application, pk=pk)
    _act(request, application, APPLICATION_VERBS.get(verb))
    return redirect("run", application.run_id)


@require_POST
@login_required
def act_on_experiment(request: PageRequest, pk: int, verb: str) -> HttpResponse:
    """Cancel or resume an experiment."""
    _act(request, get_object_or_404(Experiment, pk=pk), JOB_VERBS.get(verb))
    return redirect("experiment", pk)


def _act(request: PageRequest, job: WorkerJob, verb: Verb | None) -> None:
    """Perform the verb if the user may, and say on the next page how it ended."""
    if verb is None:
        raise Http404("There is no such verb.")
    require(request.user, verb.action)
    try:
        verb.perform(job, request)
    except JobConflict as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, capfirst(f"{job} {verb.success}."))
