"""Candidates for curators: ties, flagged ones, and those with an open comment; their rulings."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from frontend.access import for_role
from frontend.forms import FieldForm, RulingForm
from frontend.pages.disagreements import (
    adjudicate_unchanged,
    opinions_fingerprint,
    waiting_for_curators,
)
from frontend.requests import PageRequest
from labeling.auth.roles import Role
from labeling.classes import CLASS_CHOICES
from labeling.models import Adjudication, Candidate
from labeling.rules.conflicts import RulingCorrected

PAGE_SIZE = 20
RULINGS_PAGE_SIZE = 50
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
    context = {"page": page, "ruling_classes": CLASS_CHOICES}
    return render(request, "frontend/disagreements.html", context)


@require_safe
@for_role(Role.CURATOR)
def rulings(request: PageRequest) -> HttpResponse:
    """All rulings, the latest first, in one field or in all."""
    field_form = FieldForm(request.GET)
    rows = Adjudication.objects.history()
    if field_form.chosen:
        rows = rows.filter(candidate__field=field_form.chosen)
    page = Paginator(rows, RULINGS_PAGE_SIZE).get_page(request.GET.get("page"))
    Candidate.objects.disclose(request.user, [ruling.candidate_id for ruling in page])
    return render(request, "frontend/rulings.html", {"page": page, "field_form": field_form})


@require_POST
@for_role(Role.CURATOR)
def adjudicate(request: PageRequest, pk: int) -> HttpResponse:
    """Record the curator's class and reason, or show the page again with their draft."""
    candidate = get_object_or_404(Candidate.objects.in_play(), pk=pk)
    form = RulingForm(request.POST)
    complete = form.is_valid()
    if complete and adjudicate_unchanged(candidate, request.user, **form.cleaned_data):
        messages.success(request, f"{candidate} is adjudicated.")
        return redirect(_page_before(request) or "disagreements")
    problem = f"{candidate} is not adjudicated: {CHANGED if complete else INCOMPLETE}"
    messages.error(request, problem)
    request.session["ruling_draft"] = {**form.cleaned_data, "candidate": pk, "problem": problem}
    if address := _page_before(request):
        return redirect(f"{address}#ruling")
    number = waiting_for_curators().filter(pk__lt=pk).count() // PAGE_SIZE + 1
    return redirect(f"{reverse('disagreements')}?page={number}#candidate-{pk}")


@require_POST
@for_role(Role.CURATOR)
def withdraw(request: PageRequest, pk: int) -> HttpResponse:
    """Withdraw a ruling, unless somebody has corrected or withdrawn it meanwhile."""
    ruling = get_object_or_404(Adjudication.objects.in_play(), pk=pk)
    try:
        ruling.withdraw(request.user)
    except RulingCorrected as reason:
        messages.error(request, str(reason))
    else:
        ruling.refresh_from_db()
        messages.success(
            request,
            f"The ruling on {ruling.candidate} is withdrawn by {ruling.withdrawn_by}: the votes "
            "decide again.",
        )
    return redirect(_page_before(request) or "rulings")


def _page_before(request: PageRequest) -> str:
    """Return the page of this site whose form was sent, if the form says it."""
    address = request.POST.get("return_to", "")
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""
