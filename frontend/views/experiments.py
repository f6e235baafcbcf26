"""Experiments: start one, follow it, and read its report."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from classifier.core.experiment_kinds import ExperimentKind
from frontend.access import for_action, require
from frontend.forms import ExperimentForm
from frontend.idempotency import make_once
from frontend.pages.experiments import (
    FINGERPRINT,
    QUESTIONS,
    arm_names,
    arm_rows,
    arms_without_imagenet,
    cross_table,
    differing_settings,
    shared_settings,
)
from frontend.pages.figures import describe_experiment_figures, figures_of
from frontend.pages.paper import recall_of_new_sky
from frontend.pages.run_progress import job_progress
from frontend.requests import PageRequest, wants_part
from labeling.auth.actions import Action, may
from labeling.models import Experiment


@for_action(Action.VIEW)
def experiments(request: PageRequest) -> HttpResponse:
    """All experiments; a POST starts another, and htmx asks for the costs of each kind."""
    if request.method == "POST":
        require(request.user, Action.START)
        return _start(request)
    may_start = may(request.user, Action.START)
    if may_start and wants_part(request):
        context = {"offers": ExperimentForm(request.GET).offers()}
        return render(request, "frontend/_offers.html", context)
    return _list(request, ExperimentForm() if may_start else None)


def _start(request: PageRequest) -> HttpResponse:
    """Start the experiment whose button was pressed, or show the form with the reason."""
    form, kind = ExperimentForm(request.POST), request.POST.get("kind", "")
    if kind not in set(ExperimentKind):
        raise Http404(f"There is no kind of experiment {kind!r}.")
    if form.is_valid() and (
        pk := make_once(request, lambda key: form.start(request.user, kind, key))
    ):
        return redirect("experiment", pk)
    return _list(request, form)


def _list(request: PageRequest, form: ExperimentForm | None) -> HttpResponse:
    """Show all experiments, and the form to those who may start one."""
    rows = Experiment.objects.open_to(request.user)
    context = {
        "experiments": rows.select_related("requested_by").prefetch_related("fields"),
        "form": form,
        "offers": form.offers() if form else [],
    }
    return render(request, "frontend/experiments.html", context)


@require_safe
@for_action(Action.VIEW)
def experiment(request: PageRequest, pk: int) -> HttpResponse:
    """One experiment; htmx asks for its part of the page again while it is active."""
    visible = Experiment.objects.open_to(request.user).select_related("requested_by")
    row = get_object_or_404(visible, pk=pk)
    context = {
        "experiment": row,
        "progress": job_progress(row, arm_names(row)),
        "may_start": may(request.user, Action.START),
        "may_download": may(request.user, Action.DOWNLOAD_LABELS),
        "trainings": row.arms * row.members,
        "question": QUESTIONS[ExperimentKind(row.kind)],
        **_report_context(row),
    }
    template = "_experiment" if wants_part(request) else "experiment"
    return render(request, f"frontend/{template}.html", context)


def _report_context(experiment: Experiment) -> dict[str, Any]:
    """Return the tables and figures of an experiment with a report."""
    report = experiment.report
    if not report.get("arms"):
        return {}
    settings, rows = differing_settings(experiment)
    arms = arm_rows(experiment)
    new_sky, one_expert = recall_of_new_sky(experiment)
    return {
        "settings": settings,
        "differences": rows,
        "arms": arms,
        "has_gains": any(arm.gain for arm in arms),
        "has_empty_input": any(arm.empty_share for arm in arms),
        "cross_table": cross_table(experiment),
        "new_sky": new_sky,
        "one_expert": one_expert,
        "without_imagenet": arms_without_imagenet(experiment),
        "uneven_weights": len({arm.weights for arm in arms}) > 1,
        "has_fingerprints": FINGERPRINT in report["differs"],
        "shared_settings": shared_settings(experiment),
        "seconds": sum(arm["seconds"] for arm in report["arms"]),
        "devices": ", ".join(sorted({arm["device"] for arm in report["arms"]})),
        "figures": figures_of(experiment, "experiment-figure", describe_experiment_figures(report)),
    }
