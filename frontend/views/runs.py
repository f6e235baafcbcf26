"""Training runs: ask for one, watch it, and put it to use."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from frontend.access import for_action, require
from frontend.pages.charts import HEIGHT, WIDTH, entropy_histogram, gate_rows, loss_curves
from frontend.pages.figures import drawings, told_of_run
from frontend.pages.run_agreement import against_people
from frontend.pages.run_progress import confusion_rows, how_far, shared
from frontend.requests import PageRequest, wants_part
from labeling.auth.actions import Action, may
from labeling.models import (
    Field,
    Preset,
    ReferenceLabel,
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


@for_action(Action.VIEW)
def runs(request: PageRequest) -> HttpResponse:
    """All runs; an administrator's POST queues another."""
    form = RunForm(request.POST or None)
    if request.method == "POST":
        require(request.user, Action.START)
        if form.is_valid() and (run := form.request_run(request.user)):
            return redirect("run", run.pk)
    rows = TrainingRun.objects.select_related("requested_by").prefetch_related("fields")
    context = {"runs": rows, "form": form, "may_train": may(request.user, Action.START)}
    return render(request, "frontend/runs.html", context)


@for_action(Action.VIEW)
def run(request: PageRequest, pk: int) -> HttpResponse:
    """One run; htmx asks for its part of the page again while the run is at work."""
    found = get_object_or_404(TrainingRun.objects.select_related("requested_by"), pk=pk)
    page = "_run" if wants_part(request) else "run"
    context = {
        "run": found,
        "far": shared(found) or how_far(found),
        "may_train": may(request.user, Action.START),
        "may_download": may(request.user, Action.DOWNLOAD_LABELS),
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
        "is_promotable": run.is_promotable,
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
