"""Downloads: the catalogue as it is now, the votes, and releases."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from frontend.access import for_role
from frontend.forms import ReleaseForm
from frontend.idempotency import make_once
from frontend.requests import PageRequest
from labeling.auth.roles import Role
from labeling.export.columns import COLUMNS
from labeling.export.files import WRITERS
from labeling.models import Field, Release
from labeling.rules.conflicts import VersionTaken


@for_role(Role.CURATOR)
def exports(request: PageRequest) -> HttpResponse:
    """Formats, columns and releases; a POST makes a new release."""
    form = ReleaseForm(request.POST or None)
    if request.method == "POST":
        try:
            pk = make_once(request, lambda key: form.publish(request.user, key))
        except VersionTaken as taken:
            form.add_error("version", str(taken))
            pk = None
        if pk is not None:
            release = Release.objects.get(pk=pk)
            messages.success(request, f"Release {release.version} is made: {release.rows:,} rows.")
            return redirect("exports")
    context = {
        "form": form,
        "columns": COLUMNS,
        "formats": list(WRITERS),
        "releases": Release.objects.select_related("made_by"),
        "fields": Field.objects.select_related("promoted_run").prefetch_related(
            "promoted_run__fields"
        ),
    }
    return render(request, "frontend/exports.html", context)
