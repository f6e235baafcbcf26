"""Training runs: ask for one, watch it, and put it to use."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from frontend.access import for_role
from frontend.pages.charts import HEIGHT, WIDTH, entropy_histogram, gate_rows, loss_curves
from frontend.pages.figures import drawings, told_of_run
from frontend.pages.run_agreement import against_people
from frontend.pages.run_progress import confusion_rows, how_far, shared
from labeling.auth.roles import Role, has_role
from labeling.models import (
    Field,
    NotReady,
    Preset,
    Promotion,
    ReferenceLabel,
    Refused,
    TrainingRun,
)
from labeling.models.job import FINISHED
from labeling.training.training_set import VOTES, NotTrainable


class RunForm(forms.Form):
    """What to train, and on whose labels."""

    preset = forms.ChoiceField(choices=Preset.choices, initial=Preset.QUICK)
    label_source = forms.ChoiceField(label="Labels")
    field = forms.ModelChoiceField(
        Field.objects.all(), to_field_name="name", required=False, empty_label="all fields"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A form whose labels are our votes or any published source that there is."""
        super().__init__(*args, **kwargs)
        sources = ReferenceLabel.objects.order_by("source").values_list("source", flat=True)
        choices = [(VOTES, "our experts' consensus"), *((s, s) for s in sources.distinct())]
        self.fields["label_source"] = forms.ChoiceField(label="Labels", choices=choices)

    def request_run(self, user: Any) -> TrainingRun | None:
        """The queued run, or None with the reason among the form's errors."""
        wish = self.cleaned_data
        fields = [wish["field"]] if wish["field"] else []
        try:
            return TrainingRun.objects.request(
                user, wish["preset"], fields=fields, label_source=wish["label_source"]
            )
        except NotTrainable as reason:
            self.add_error(None, str(reason))
            return None


@for_role(Role.EXPERT)
def runs(request: HttpRequest) -> HttpResponse:
    """All runs; an administrator's POST queues another."""
    may_train = has_role(request.user, Role.ADMINISTRATOR)
    form = RunForm(request.POST or None)
    if request.method == "POST":
        if not may_train:
            raise PermissionDenied("Only administrators start training runs.")
        if form.is_valid() and (run := form.request_run(request.user)):
            return redirect("run", run.pk)
    rows = TrainingRun.objects.select_related("requested_by").prefetch_related("fields")
    context = {"runs": rows, "form": form, "may_train": may_train}
    return render(request, "frontend/runs.html", context)


@for_role(Role.EXPERT)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run; htmx asks for its part of the page again while the run is at work."""
    found = get_object_or_404(TrainingRun.objects.select_related("requested_by"), pk=pk)
    page = "_run" if request.htmx and not request.htmx.boosted else "run"  # type: ignore[attr-defined]
    may_train = has_role(request.user, Role.ADMINISTRATOR)
    context = {
        "run": found,
        "far": shared(found) or how_far(found),
        "may_train": may_train,
        "may_download": has_role(request.user, Role.CURATOR),
        **_results(found),
    }
    return render(request, f"frontend/{page}.html", context)


def _results(run: TrainingRun) -> dict[str, Any]:
    """Figures and pictures of a run that has ended well."""
    if run.status not in FINISHED:
        return {}
    entropies = run.predictions.values_list("entropy", flat=True)
    found = {
        "against": against_people(run),
        "bars": entropy_histogram(entropies),
        "gate": gate_rows(run.verdict),
        "overruled": run.promotions.exclude(reason="").select_related("promoted_by", "field"),
        "live": list(run.promoted_fields),
        "refreshes": run.refreshes.in_use().exclude(made_at=None).select_related("field"),
        "may_go_live": run.may_go_live,
        "box": (WIDTH, HEIGHT),
    }
    evaluation = run.outcome.get("evaluation")
    if not evaluation:
        return found
    return {
        "evaluation": evaluation,
        "matrices": [
            ("Four classes", confusion_rows(evaluation["confusion"])),
            ("Cluster or not", confusion_rows(evaluation["binary_confusion"])),
        ],
        "curves": loss_curves(run.outcome.get("history", [])),
        "drawings": drawings(run, "run-figure", told_of_run(run.outcome)),
        "calibration": run.outcome.get("calibration"),
        **found,
    }


@require_POST
@for_role(Role.ADMINISTRATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Cancel a run, put it to use, or go back to the one before."""
    found = get_object_or_404(TrainingRun, pk=pk)
    if verb not in _VERBS:
        raise Http404(f"There is no verb {verb}.")
    try:
        messages.success(request, capfirst(_VERBS[verb](found, request)))
    except (NotReady, Refused) as reason:
        messages.error(request, str(reason))
    return redirect("run", pk)


def _cancel(run: TrainingRun, _request: HttpRequest) -> str:
    return f"{run} is cancelled." if run.cancel() else f"{run} had ended before."


def _resume(run: TrainingRun, _request: HttpRequest) -> str:
    return f"{run} {'goes on' if run.resume() else 'had not stopped'}."


def _promote(run: TrainingRun, request: HttpRequest) -> str:
    run.put_to_use(request.user, request.POST.get("reason", "").strip())
    return f"{run} is in use."


def _roll_back(run: TrainingRun, _request: HttpRequest) -> str:
    Promotion.objects.roll_back(run)
    return f"{run} is no longer in use."


_VERBS = {"cancel": _cancel, "resume": _resume, "promote": _promote, "roll-back": _roll_back}
