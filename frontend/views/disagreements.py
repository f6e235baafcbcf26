"""Candidates for curators: ties, flagged ones, and those with an open comment."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from frontend.access import for_role
from frontend.forms import RulingForm
from frontend.pages.disagreements import (
    adjudicate_unchanged,
    opinions_fingerprint,
    waiting_for_curators,
)
from frontend.requests import PageRequest
from labeling.auth.roles import Role
from labeling.classes import CLASS_CHOICES
from labeling.models import Candidate

PAGE_SIZE = 20
INCOMPLETE = "choose a class and give a reason."
CHANGED = (
    "a vote, a comment or a ruling was added or taken back after you opened the page. Read it "
    "again, then adjudicate."
)


@require_safe
@for_role(Role.CURATOR)
def disagreements(request: PageRequest) -> HttpResponse:
    """All candidates that wait for a curator, with their votes and comments."""
    page = Paginator(waiting_for_curators(), PAGE_SIZE).get_page(request.GET.get("page"))
    draft = request.session.pop("ruling_draft", {})
    candidate: Any
    for candidate in page:
        candidate.fingerprint = opinions_fingerprint(candidate)
        candidate.draft = draft if draft.get("candidate") == candidate.pk else None
    Candidate.objects.disclose(request.user, [candidate.pk for candidate in page])
    context = {"page": page, "classes": CLASS_CHOICES}
    return render(request, "frontend/disagreements.html", context)


@require_POST
@for_role(Role.CURATOR)
def adjudicate(request: PageRequest, pk: int) -> HttpResponse:
    """Record the curator's class and reason, or show the page again with their draft."""
    candidate = get_object_or_404(Candidate.objects.in_play(), pk=pk)
    form = RulingForm(request.POST)
    complete = form.is_valid()
    if complete and adjudicate_unchanged(candidate, request.user, **form.cleaned_data):
        messages.success(request, f"{candidate} is adjudicated.")
        return redirect("disagreements")
    problem = f"{candidate} is not adjudicated: {CHANGED if complete else INCOMPLETE}"
    messages.error(request, problem)
    request.session["ruling_draft"] = {**form.cleaned_data, "candidate": pk, "problem": problem}
    number = waiting_for_curators().filter(pk__lt=pk).count() // PAGE_SIZE + 1
    return redirect(f"{reverse('disagreements')}?page={number}#candidate-{pk}")
