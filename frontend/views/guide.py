"""The classes, keys and conventions in words."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from classifier.core.published import CLASS_AGREEMENT
from frontend.access import for_role
from frontend.pages.agreement import span
from frontend.pages.class_texts import CLASSES, REASONS
from frontend.pages.keys import key_bindings
from labeling.auth.roles import Role
from labeling.models import Preferences


@for_role(Role.EXPERT)
def guide(request: HttpRequest) -> HttpResponse:
    """What the classes mean, which keys there are, and how the result comes about."""
    context = {
        "classes": CLASSES,
        "agreement": [span(limits) for limits in CLASS_AGREEMENT.values()],
        "reasons": REASONS,
        "key_bindings": key_bindings(Preferences.of(request.user).keys),
    }
    return render(request, "frontend/guide.html", context)
