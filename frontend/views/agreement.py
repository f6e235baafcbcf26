"""How far people agree with each other, with themselves, with catalogues and the network."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from classifier.core.published import CLASS_AGREEMENT, PAIRS, SOURCE
from frontend.access import for_role
from frontend.pages.agreement import (
    BAR_HEIGHT,
    BAR_WIDTH,
    class_bars,
    estimated_rows,
    sections,
    span,
)
from labeling.agreement.dawid_skene import Diagnosis, DiagnosisUnavailable, model_disagreements
from labeling.agreement.groups import both_groups
from labeling.agreement.raters import Raters, read_raters
from labeling.auth.roles import Role, has_role
from labeling.models import Candidate, Field

A_PAGE = 50


@for_role(Role.EXPERT)
def agreement(request: HttpRequest) -> HttpResponse:
    """All pairs of raters for a curator, an expert's own for an expert; in one field or in all."""
    curates = has_role(request.user, Role.CURATOR)
    ratings = read_raters(_chosen(request))
    pairs = list(ratings.pairs(None if curates else request.user.get_username()))
    context = {
        **_fields(request),
        "curates": curates,
        "sections": sections(pairs, own=not curates),
        "bars": class_bars(pairs),
        "box": (BAR_WIDTH, BAR_HEIGHT),
        "published": {
            "source": SOURCE,
            "pairs": PAIRS,
            "ranges": [span(limits) for limits in CLASS_AGREEMENT.values()],
        },
        "groups": _groups(ratings) if curates else [],
    }
    return render(request, "frontend/agreement.html", context)


@for_role(Role.CURATOR)
def diagnosis(request: HttpRequest) -> HttpResponse:
    """Dawid and Skene's model of the votes, fitted when this page is asked for."""
    ratings = read_raters(_chosen(request))
    context: dict[str, Any] = _fields(request)
    try:
        if found := ratings.diagnosis():
            context |= _diagnosed(found, ratings, request.GET.get("page"))
    except DiagnosisUnavailable as reason:
        context["reason"] = reason
    return render(request, "frontend/diagnosis.html", context)


def _diagnosed(found: Diagnosis, ratings: Raters, number: str | None) -> dict[str, Any]:
    """The model's matrices, and where it differs from the consensus."""
    page = Paginator(model_disagreements(found, ratings.consensus), A_PAGE).get_page(number)
    named = Candidate.objects.select_related("field").in_bulk([d.key for d in page])
    return {
        "priors": list(zip("1234", found.priors, strict=True)),
        "matrices": [(name, estimated_rows(found.matrices[name])) for name in ratings.experts],
        "page": page,
        "differences": [(difference, named[difference.key]) for difference in page],
    }


def _groups(ratings: Raters) -> list[tuple[str, Any]]:
    """The experts' figures as a group, for four classes and for two."""
    experts = ratings.experts.values()
    if len(experts) < 2:
        return []
    groups = both_groups(experts)
    return [("four classes", groups["classes"]), ("1 + 2 or not", groups["compact"])]


def _chosen(request: HttpRequest) -> Field | None:
    """The field that the address asks for, if there is one."""
    return Field.objects.filter(name=request.GET.get("field", "")).first()


def _fields(request: HttpRequest) -> dict[str, Any]:
    """All fields, and the one asked for."""
    return {"fields": Field.objects.all(), "chosen": _chosen(request)}
