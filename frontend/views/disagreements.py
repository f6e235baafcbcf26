"""What the votes leave to a curator: ties, and what somebody flagged."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from frontend.access import for_role
from labeling.classes import MorphologicalClass
from labeling.models import Candidate, Vote
from labeling.roles import Role

A_PAGE = 20


class RulingForm(forms.Form):
    """A curator's decision."""

    label = forms.TypedChoiceField(
        choices=MorphologicalClass.choices, coerce=int, widget=forms.RadioSelect
    )
    reason = forms.CharField(max_length=2000)


def undecided() -> QuerySet[Candidate]:
    """Candidates that wait for a curator, each with its votes in `cast`."""
    cast = Prefetch("votes", Vote.objects.standing().select_related("voter"), to_attr="cast")
    waiting = Candidate.objects.for_curators().select_related("field")
    return waiting.prefetch_related(cast, "field__mosaics").order_by("pk")


@for_role(Role.CURATOR)
def disagreements(request: HttpRequest) -> HttpResponse:
    """All that wait for a curator, with votes and comments."""
    page = Paginator(undecided(), A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "classes": MorphologicalClass.choices}
    return render(request, "frontend/disagreements.html", context)


@require_POST
@for_role(Role.CURATOR)
def adjudicate(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the curator's class and reason."""
    candidate = get_object_or_404(Candidate.objects.in_play(), pk=pk)
    form = RulingForm(request.POST)
    if form.is_valid():
        candidate.adjudicate(request.user, form.cleaned_data["label"], form.cleaned_data["reason"])
        messages.success(request, f"{candidate} is decided.")
    else:
        messages.error(request, f"{candidate} is not decided: choose a class and give a reason.")
    return redirect("disagreements")
