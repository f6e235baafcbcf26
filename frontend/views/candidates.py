"""The gallery of candidates, and the page of one candidate."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from frontend.access import for_role
from frontend.forms import CommentForm, GalleryForm
from frontend.idempotency import make_once
from frontend.pages.disagreements import read_fingerprint
from frontend.pages.gallery import attach_own_remarks, filtered_candidates, visible_to
from frontend.pages.viewer import answers_context, own_vote, viewer_context
from frontend.requests import PageRequest
from labeling.api.opinions import candidate_disclosed_to, opinions_on
from labeling.auth.actions import Action, may
from labeling.auth.roles import Role, has_role
from labeling.classes import CLASS_CHOICES
from labeling.imaging.cutouts import are_quantised
from labeling.models import Candidate

PAGE_SIZE = 60


@require_safe
@for_role(Role.EXPERT)
def candidates(request: PageRequest) -> HttpResponse:
    """Thumbnails of the candidates that pass the filter."""
    form = GalleryForm(request.GET, user=request.user)
    chosen = form.cleaned_data if form.is_valid() else {}
    rows: Any = filtered_candidates(request.user, chosen)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    attach_own_remarks(request.user, page)
    Candidate.objects.disclose(request.user, [row.pk for row in page if row.disclosed])
    context = {
        "form": form,
        "page": page,
        "any_candidate": Candidate.objects.in_play().exists(),
        "may_import": may(request.user, Action.IMPORT),
    }
    return render(request, "frontend/candidates.html", context)


@require_safe
@for_role(Role.EXPERT)
def candidate(request: PageRequest, pk: int) -> HttpResponse:
    """One candidate: stamps, catalogue facts, and the opinions that this person may see."""
    row: Any = get_object_or_404(visible_to(request.user), pk=pk)
    vote = row.votes.live().by(request.user).first()
    context = {
        "candidate": row,
        "quantised": are_quantised(row),
        "own_vote": vote and own_vote(vote),
        **answers_context(),
        **viewer_context(request.user),
    }
    if row.disclosed:
        if has_role(request.user, Role.CURATOR):
            # Before the opinions are read: what arrives between shows as a change.
            context |= {
                "fingerprint": read_fingerprint(row),
                "ruling_classes": CLASS_CHOICES,
                "draft": _draft(request, pk),
            }
        context |= opinions_on(row, request.user)
        rulings = row.adjudications.with_correction().select_related("curator", "withdrawn_by")
        context["rulings"] = rulings
    page = render(request, "frontend/candidate.html", context)
    if row.disclosed:
        # After reading: what arrives meanwhile counts as shown, never the other way round.
        Candidate.objects.disclose(request.user, [pk])
    return page


def _draft(request: PageRequest, pk: int) -> dict[str, Any] | None:
    """Return the curator's ruling on this candidate that was not accepted, if it is the last."""
    draft: dict[str, Any] = request.session.get("ruling_draft", {})
    if draft.get("candidate") != pk:
        return None
    del request.session["ruling_draft"]
    return draft


@require_POST
@for_role(Role.EXPERT)
def comment(request: PageRequest, pk: int) -> HttpResponse:
    """Add a comment to the discussion of a candidate."""
    row = candidate_disclosed_to(request.user, pk)
    form = CommentForm(request.POST)
    if form.is_valid():
        text = form.cleaned_data["text"]
        make_once(request, lambda key: row.add_comment(request.user, text, key))
    else:
        messages.error(request, "A comment has 1 to 4000 characters.")
    return redirect("candidate", pk)
