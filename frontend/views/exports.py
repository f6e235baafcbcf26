"""What can be taken away: the catalogue now, the votes, and frozen releases."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from frontend.access import for_role
from labeling.auth.roles import Role
from labeling.export.columns import COLUMNS
from labeling.export.files import WRITERS
from labeling.models import Field, Release


class ReleaseForm(forms.Form):
    """A new release's name and note."""

    version = forms.SlugField(max_length=50)
    note = forms.CharField(required=False, widget=forms.TextInput(attrs={"size": 50}))

    def clean_version(self) -> str:
        """A version is given once."""
        version: str = self.cleaned_data["version"]
        if Release.objects.filter(version=version).exists():
            raise forms.ValidationError(f"There is a release {version} already.")
        return version


@for_role(Role.CURATOR)
def exports(request: HttpRequest) -> HttpResponse:
    """Formats, columns and releases; POST freezes a new release."""
    form = ReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        release = Release.objects.freeze(by=request.user, **form.cleaned_data)
        messages.success(request, f"{release} is frozen: {release.rows} rows.")
        return redirect("exports")
    context = {
        "form": form,
        "columns": COLUMNS,
        "formats": list(WRITERS),
        "releases": Release.objects.select_related("made_by"),
        "fields": Field.objects.all(),
    }
    return render(request, "frontend/exports.html", context)
