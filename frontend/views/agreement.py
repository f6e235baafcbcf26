"""Agreement between people, published catalogues and the promoted network."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from classifier.core.published import CLASS_AGREEMENT, COMPACT_AGREEMENT, PAIRS, SOURCE
from frontend.access import for_role
from frontend.forms import FieldForm
from frontend.pages.agreement import BAR_HEIGHT, BAR_WIDTH, class_bars, percent_range, sections
from frontend.pages.diagnosis import diagnosis_context
from frontend.requests import PageRequest
from labeling.agreement.dawid_skene import DiagnosisUnavailable
from labeling.agreement.groups import group_agreements
from labeling.agreement.raters import Raters, read_raters
from labeling.auth.roles import Role, has_role


@require_safe
@for_role(Role.EXPERT)
def agreement(request: PageRequest) -> HttpResponse:
    """All pairs of raters for a curator, their own for an expert; in one field or in all."""
    is_curator = has_role(request.user, Role.CURATOR)
    field_form = FieldForm(request.GET)
    raters = read_raters(field_form.chosen)
    pairs = list(raters.pairs(None if is_curator else request.user.get_username()))
    context = {
        "field_form": field_form,
        "is_curator": is_curator,
        "sections": sections(pairs, personal=not is_curator),
        "bars": class_bars(pairs),
        "box": (BAR_WIDTH, BAR_HEIGHT),
        "published": {
            "source": SOURCE,
            "pairs": PAIRS,
            "ranges": [percent_range(limits) for limits in CLASS_AGREEMENT.values()],
            "compact": percent_range(COMPACT_AGREEMENT),
        },
        "groups": _groups(raters) if is_curator else [],
        "n_people": len(raters.experts),
        "n_compared": len(raters.compared()),
    }
    return render(request, "frontend/agreement.html", context)


@require_safe
@for_role(Role.CURATOR)
def diagnosis(request: PageRequest) -> HttpResponse:
    """Dawid and Skene's model of the votes, fitted for each request."""
    field_form = FieldForm(request.GET)
    raters = read_raters(field_form.chosen)
    context: dict[str, Any] = {"field_form": field_form}
    try:
        if model := raters.diagnosis():
            context |= diagnosis_context(model, raters, request.GET.get("page"))
    except DiagnosisUnavailable as reason:
        context["reason"] = reason
    return render(request, "frontend/diagnosis.html", context)


def _groups(raters: Raters) -> list[tuple[str, Any]]:
    """Return the agreement of the experts as a group, on four classes and on two."""
    experts = raters.experts.values()
    if len(experts) < 2:
        return []
    groups = group_agreements(experts)
    return [("four classes", groups["classes"]), ("1 + 2 or not", groups["compact"])]
