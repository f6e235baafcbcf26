"""The guide: classes, keys and conventions."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from classifier.core.published import CLASS_AGREEMENT
from frontend.access import for_role
from frontend.pages.agreement import percent_range
from frontend.pages.class_texts import CLASS_TEXTS, REASONS
from frontend.pages.keys import key_bindings
from frontend.requests import PageRequest
from labeling.auth.roles import Role
from labeling.models import Preferences


@require_safe
@for_role(Role.EXPERT)
def guide(request: PageRequest) -> HttpResponse:
    """The definitions of the classes, this person's keys, and the conventions of the images."""
    context = {
        "classes": CLASS_TEXTS,
        "agreement": [percent_range(limits) for limits in CLASS_AGREEMENT.values()],
        "reasons": REASONS,
        "key_bindings": key_bindings(Preferences.of(request.user).keys),
    }
    return render(request, "frontend/guide.html", context)
