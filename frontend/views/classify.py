"""The page on which experts vote. Everything about candidates reaches it through the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.access import for_role
from frontend.keys import KEYS, as_json
from frontend.words import CLASSES
from labeling.bands import BANDS
from labeling.models import Field
from labeling.roles import Role


@for_role(Role.EXPERT)
def classify(request: HttpRequest) -> HttpResponse:
    """The classify page, for one field or for all."""
    context = {
        "bands": BANDS,
        "classes": CLASSES,
        "fields": Field.objects.values_list("name", flat=True),
        "chosen": request.GET.get("field", ""),
        "keys": KEYS,
        "keys_json": as_json(),
    }
    return render(request, "frontend/classify.html", context)
