"""What the votes leave to a curator: ties, and what somebody flagged."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from frontend.access import for_role
from labeling.auth.requests import AuthenticatedHttpRequest
from labeling.auth.roles import Role
from labeling.classes import MorphologicalClass
from labeling.models import Candidate, Comment, Vote

A_PAGE = 20
INCOMPLETE = "choose a class and give a reason."
OVERTAKEN = (
    "a vote, a remark or another decision has come or gone since you opened the page. Read what "
    "there is now, then decide."
)


class RulingForm(forms.Form):
    """A curator's decision, and the `all_said` that they had before them."""

    label = forms.TypedChoiceField(
        choices=MorphologicalClass.choices, coerce=int, widget=forms.RadioSelect
    )
    reason = forms.CharField(max_length=2000)
    seen = forms.CharField(max_length=100, required=False)


def undecided() -> QuerySet[Candidate]:
    """Candidates that wait for a curator, each with what was said of it."""
    waiting = Candidate.objects.for_curators().select_related("field")
    return waiting.prefetch_related(*_said(), "field__mosaics").order_by("pk")


def _said() -> tuple[Prefetch[Any], ...]:
    """Votes in `cast`, the newest first, comments in `said`, the newest last, all `ruled`."""
    return (
        Prefetch("votes", Vote.objects.standing().select_related("voter"), to_attr="cast"),
        Prefetch("comments", Comment.objects.select_related("author"), to_attr="said"),
        Prefetch("adjudications", to_attr="ruled"),
    )


def all_said(candidate: Any) -> str:
    """A fingerprint of the votes, comments and rulings of one of `undecided`."""
    words = (*candidate.cast, *candidate.said, *candidate.ruled)
    return sha256(" ".join(sorted(str(word.pk) for word in words)).encode()).hexdigest()


@for_role(Role.CURATOR)
def disagreements(request: AuthenticatedHttpRequest) -> HttpResponse:
    """All that wait for a curator, with votes and comments."""
    page = Paginator(undecided(), A_PAGE).get_page(request.GET.get("page"))
    begun = request.session.pop("begun_ruling", {})
    candidate: Any
    for candidate in page:
        candidate.seen = all_said(candidate)
        candidate.begun = begun if begun.get("candidate") == candidate.pk else None
    Candidate.objects.disclose(request.user, [candidate.pk for candidate in page])
    context = {"page": page, "classes": MorphologicalClass.choices}
    return render(request, "frontend/disagreements.html", context)


@require_POST
@for_role(Role.CURATOR)
def adjudicate(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Record the curator's class and reason, or show the page again with what was filled in."""
    candidate = get_object_or_404(Candidate.objects.in_play(), pk=pk)
    form = RulingForm(request.POST)
    complete = form.is_valid()
    if complete and _decide(candidate, request.user, **form.cleaned_data):
        messages.success(request, f"{candidate} is decided.")
        return redirect("disagreements")
    why = f"{candidate} is not decided: {OVERTAKEN if complete else INCOMPLETE}"
    messages.error(request, why)
    request.session["begun_ruling"] = {**form.cleaned_data, "candidate": pk, "why": why}
    number = undecided().filter(pk__lt=pk).count() // A_PAGE + 1
    return redirect(f"{reverse('disagreements')}?page={number}#candidate-{pk}")


@transaction.atomic
def _decide(candidate: Candidate, curator: Any, seen: str, **ruling: Any) -> bool:
    """Record the ruling, unless something was said that the curator has not seen."""
    # Votes and comments take turns with it: nothing is said between the question and the ruling.
    candidate.lock()
    prefetch_related_objects([candidate], *_said())
    if all_said(candidate) != seen:
        return False
    candidate.adjudicate(curator, **ruling)
    return True
