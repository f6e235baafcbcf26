"""Experiments: ask for one, watch it, and read what came of it."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from frontend.access import for_action, require
from frontend.pages.experiments import (
    FINGERPRINT,
    QUESTIONS,
    Offer,
    arm_names,
    arm_rows,
    differing,
    judged_by_each,
    offers,
    same,
    source_words,
    untaught,
)
from frontend.pages.figures import drawings, told_of_experiment
from frontend.pages.run_progress import how_far
from frontend.requests import PageRequest, wants_part
from labeling.auth.actions import Action, may
from labeling.models import Experiment, Field, Preset
from labeling.rules.experiments import Kind, NotFeasible
from labeling.training.training_set import VOTES, NotTrainable, label_sources


class ExperimentForm(forms.Form):
    """On what, and on whose labels; which kind is the button that was pressed."""

    preset = forms.ChoiceField(choices=Preset.choices, initial=Preset.QUICK)
    members = forms.IntegerField(
        label="Networks in each arm", min_value=1, max_value=100, required=False
    )
    batches = forms.IntegerField(
        label="Batches for each network", min_value=1, max_value=1_000_000, required=False
    )
    label_source = forms.ChoiceField(label="Labels")
    field = forms.ModelMultipleChoiceField(
        Field.objects.all(),
        label="Fields",
        to_field_name="name",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sources = forms.MultipleChoiceField(
        label="Label sources to compare", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A form with the label sources that there are."""
        super().__init__(*args, **kwargs)
        choices = [(source, source_words(source)) for source in label_sources()]
        for name in ("label_source", "sources"):
            chooser: Any = self.fields[name]
            chooser.choices = choices
        for name in ("members", "batches"):
            self.fields[name].widget.attrs["placeholder"] = "the preset’s"

    def offers(self) -> list[Offer]:
        """Every kind with its cost, for what was chosen so far and is valid."""
        self.is_valid()
        wish = self.cleaned_data if self.is_bound else {}
        preset = Preset(wish.get("preset", Preset.QUICK))
        return list(
            offers(
                wish.get("field") or Field.objects.all(),
                wish.get("label_source", VOTES),
                wish.get("sources", []),
                wish.get("members") or preset.members,
            )
        )

    def request_experiment(self, user: Any, kind: str) -> Experiment | None:
        """The queued experiment, or None with the reason among the form's errors."""
        wish = self.cleaned_data
        try:
            return Experiment.objects.request(
                user,
                kind,
                wish["preset"],
                fields=wish["field"],
                sources=wish["sources"] if kind == Kind.SOURCES else [wish["label_source"]],
                overrides={name: wish[name] for name in ("members", "batches") if wish[name]},
            )
        except (NotFeasible, NotTrainable) as reason:
            self.add_error(None, str(reason))
            return None


@for_action(Action.VIEW)
def experiments(request: PageRequest) -> HttpResponse:
    """All experiments; an administrator's POST queues another, htmx asks what it would cost."""
    if request.method == "POST":
        require(request.user, Action.START)
        return _start(request)
    may_train = may(request.user, Action.START)
    if may_train and wants_part(request):
        context = {"offers": ExperimentForm(request.GET).offers()}
        return render(request, "frontend/_offers.html", context)
    return _page(request, ExperimentForm() if may_train else None)


def _start(request: PageRequest) -> HttpResponse:
    """Queue the experiment whose button was pressed, or say on the page why not."""
    form, kind = ExperimentForm(request.POST), request.POST.get("kind", "")
    if kind not in Kind.values:
        raise Http404(f"There is no experiment of the kind {kind}.")
    if form.is_valid() and (found := form.request_experiment(request.user, kind)):
        return redirect("experiment", found.pk)
    return _page(request, form)


def _page(request: PageRequest, form: ExperimentForm | None) -> HttpResponse:
    """The list, and for those who may start one the form."""
    rows = Experiment.objects.open_to(request.user)
    context = {
        "experiments": rows.select_related("requested_by").prefetch_related("fields"),
        "form": form,
        "offers": form.offers() if form else [],
    }
    return render(request, "frontend/experiments.html", context)


@for_action(Action.VIEW)
def experiment(request: PageRequest, pk: int) -> HttpResponse:
    """One experiment; htmx asks for its part of the page again while it is at work."""
    known = Experiment.objects.open_to(request.user).select_related("requested_by")
    found = get_object_or_404(known, pk=pk)
    page = "_experiment" if wants_part(request) else "experiment"
    context = {
        "experiment": found,
        "far": how_far(found, arm_names(found)),
        "may_train": may(request.user, Action.START),
        "may_download": may(request.user, Action.DOWNLOAD_LABELS),
        "may_resume": found.has_stopped,
        "networks": found.arms * found.members,
        "question": QUESTIONS[Kind(found.kind)],
        **_report(found),
    }
    return render(request, f"frontend/{page}.html", context)


def _report(experiment: Experiment) -> dict[str, Any]:
    """Tables and figures of an experiment that has ended well."""
    if not experiment.report.get("arms"):
        return {}
    settings, differences = differing(experiment)
    arms = arm_rows(experiment)
    return {
        "settings": settings,
        "differences": differences,
        "arms": arms,
        "compared": any(arm.gain for arm in arms),
        "cross": judged_by_each(experiment),
        "untaught": untaught(experiment),
        "uneven_weights": len({arm.weights for arm in arms}) > 1,
        "fingerprints": FINGERPRINT in experiment.report["differs"],
        "same": same(experiment),
        "seconds": sum(arm["seconds"] for arm in experiment.report["arms"]),
        "devices": ", ".join(sorted({arm["device"] for arm in experiment.report["arms"]})),
        "drawings": drawings(
            experiment, "experiment-figure", told_of_experiment(experiment.report)
        ),
    }
