"""The gallery of candidates, and one of them at full size."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from frontend.access import for_role
from frontend.pages.gallery import GalleryForm, gallery, visible_to
from frontend.pages.viewer import viewer_context
from labeling.auth.requests import AuthenticatedHttpRequest
from labeling.auth.roles import Role
from labeling.models import Candidate, Prediction

A_PAGE = 60


@for_role(Role.EXPERT)
def candidates(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Thumbnails of the candidates that the filter leaves."""
    form = GalleryForm(request.GET, user=request.user)
    wish = form.cleaned_data if form.is_valid() else {}
    page = Paginator(gallery(request.user, wish), A_PAGE).get_page(request.GET.get("page"))
    rows: Iterable[Any] = page
    Candidate.objects.disclose(request.user, [row.pk for row in rows if row.disclosed])
    context = {"form": form, "page": page}
    return render(request, "frontend/candidates.html", context)


@for_role(Role.EXPERT)
def candidate(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """One candidate: stamps, catalogue facts, and the opinions that are open to this person."""
    found: Any = get_object_or_404(visible_to(request.user), pk=pk)
    context = {"candidate": found} | viewer_context(request.user)
    if found.disclosed:
        promoted = Prediction.objects.promoted().filter(candidate=found)
        context |= {
            "votes": found.votes.live().select_related("voter").order_by("cast_at"),
            "prediction": promoted.select_related("run").first(),
            "rulings": found.adjudications.select_related("curator"),
            "references": found.references.order_by("source"),
            "comments": found.comments.in_discussion(),
        }
    page = render(request, "frontend/candidate.html", context)
    if found.disclosed:
        # After all was read: what has come meanwhile counts as shown, and nothing shown as unseen.
        Candidate.objects.disclose(request.user, [pk])
    return page


@require_POST
@for_role(Role.EXPERT)
def comment(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Add to the discussion of a candidate whose opinions are open to this person."""
    found: Any = get_object_or_404(Candidate.objects.in_play(), pk=pk)
    if not found.opinions_open_to(request.user):
        raise PermissionDenied("The discussion of a candidate is open to those who voted on it.")
    text = request.POST.get("text", "").strip()[:4000]
    if text:
        found.add_comment(request.user, text)
    return redirect("candidate", pk)
