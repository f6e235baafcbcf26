"""Training runs: start one, follow it, and read its results."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from frontend.access import for_action, require
from frontend.forms import RunForm
from frontend.idempotency import make_once
from frontend.pages.applications import roll_backs, run_applications
from frontend.pages.charts import HEIGHT, WIDTH, entropy_bars, gate_rows, loss_curves
from frontend.pages.confusion import evaluation_rows
from frontend.pages.control_figures import control_figures
from frontend.pages.control_labels import control_labels_of
from frontend.pages.figures import describe_run_figures, figures_of
from frontend.pages.gate import gate_details
from frontend.pages.paper import paper_comparison
from frontend.pages.run_agreement import run_agreement
from frontend.pages.run_progress import run_progress
from frontend.requests import PageRequest, wants_part
from labeling.auth.actions import Action, may
from labeling.models import Field, TrainingRun
from labeling.models.job import FINISHED
from labeling.rules.gate_comparison import MIN_LABELS


@for_action(Action.VIEW)
def runs(request: PageRequest) -> HttpResponse:
    """All runs; a POST starts another."""
    form = RunForm(request.POST or None)
    if request.method == "POST":
        require(request.user, Action.START)
        if form.is_valid() and (
            pk := make_once(request, lambda key: form.start(request.user, key))
        ):
            return redirect("run", pk)
    rows = TrainingRun.objects.select_related("requested_by").prefetch_related("fields")
    applied: dict[int | None, list[Field]] = defaultdict(list)
    for field in Field.objects.only_applied():
        applied[field.promoted_run_id].append(field)
    context = {
        "runs": [(row, applied.get(row.pk, [])) for row in rows],
        "form": form,
        "may_start": may(request.user, Action.START),
        "min_labels": MIN_LABELS,
    }
    return render(request, "frontend/runs.html", context)


@require_safe
@for_action(Action.VIEW)
def run(request: PageRequest, pk: int) -> HttpResponse:
    """One run; htmx asks for its part of the page again while it is active."""
    row = get_object_or_404(TrainingRun.objects.select_related("requested_by"), pk=pk)
    may_act = may(request.user, Action.PROMOTE)
    context = {
        "run": row,
        "progress": run_progress(row),
        "may_act": may_act,
        # The sentences name folders of the server.
        "damages": row.damages if may_act else [],
        "may_download": may(request.user, Action.DOWNLOAD_LABELS),
        **_results(row),
    }
    template = "_run" if wants_part(request) else "run"
    return render(request, f"frontend/{template}.html", context)


def _results(run: TrainingRun) -> dict[str, Any]:
    """Return the tables and charts of a run that has finished with a result."""
    if run.status not in FINISHED:
        return {}
    promoted_fields = list(run.promoted_fields)
    return {
        "agreements": run_agreement(run),
        "bars": entropy_bars(_entropies(run)),
        "control": control_labels_of(run),
        "gate": gate_rows(run.verdict),
        "gate_details": gate_details(run.verdict),
        "min_labels": MIN_LABELS,
        "overruled": run.promotions.exclude(reason="").select_related("promoted_by", "field"),
        "promoted_fields": promoted_fields,
        "roll_backs": roll_backs(run, promoted_fields),
        "refreshes": run.refreshes.promoted().exclude(made_at=None).select_related("field"),
        "is_promotable": run.is_promotable,
        "box": (WIDTH, HEIGHT),
        **run_applications(run),
        **_evaluation(run),
    }


def _entropies(run: TrainingRun) -> Iterable[float]:
    """Return those of its own fields: fields that it was applied to are not in other figures."""
    own = run.predictions.filter(candidate__field__in=run.fields.all())
    return own.values_list("entropy", flat=True)


def _evaluation(run: TrainingRun) -> dict[str, Any]:
    """Return the evaluation of a run that was trained here."""
    evaluation = run.outcome.get("evaluation")
    if not evaluation:
        return {}
    return {
        "evaluation": evaluation,
        "matrices": [
            ("Four classes", evaluation_rows(evaluation["confusion"])),
            ("Cluster or not", evaluation_rows(evaluation["binary_confusion"])),
        ],
        "curves": loss_curves(run.outcome.get("history", [])),
        "figures": figures_of(run, "run-figure", describe_run_figures(run.outcome)),
        "calibration": run.outcome.get("calibration"),
        **control_figures(run.outcome),
        "paper": paper_comparison(run, evaluation),
    }
