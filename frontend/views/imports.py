"""Imports: upload files, look at what they hold, import them, and remove an import."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from frontend.access import for_action
from frontend.idempotency import make_once
from frontend.import_forms import ImportOptionsForm, NewImportForm
from frontend.pages.imports import describe_preview, import_progress
from frontend.requests import PageRequest, wants_part
from labeling.api.uploads import UploadOut
from labeling.auth.actions import Action
from labeling.ingest.removal import NotConfirmed, count_opinions, remove_import
from labeling.models import CatalogueImport, Field, ImportJob, Upload
from labeling.models.job import RunStatus
from labeling.rules.conflicts import JobConflict

_PICTURE = re.compile(r"map|stamp-[1-5]|concentration|magnitude-concentration")
_GIB = 2**30


@require_safe
@for_action(Action.IMPORT)
def imports(request: PageRequest) -> HttpResponse:
    """The imports that are not finished, and all that are."""
    jobs = ImportJob.objects.exclude(stage="import", status=RunStatus.READY)
    finished = CatalogueImport.objects.finished().select_related("field", "imported_by")
    context = {
        "jobs": jobs.select_related("requested_by").prefetch_related("uploads"),
        "imports": finished.order_by("-pk"),
        "fields_without_catalogue": Field.objects.filter(imports=None).order_by("name"),
    }
    return render(request, "frontend/imports.html", context)


@for_action(Action.IMPORT)
def new_import(request: PageRequest) -> HttpResponse:
    """The form of a new import; a POST makes its preview."""
    initial = {"field": request.GET.get("field")}
    form = NewImportForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        pk = make_once(request, lambda key: form.start(request.user, key))
        if pk:
            return redirect("import-job", pk)
    uploads = Upload.objects.unused().filter(account=request.user)
    context = {
        "form": form,
        "uploads": UploadOut(uploads, many=True).data,
        "chunk_bytes": settings.UPLOAD_CHUNK_BYTES // 2,
        "file_gib": settings.UPLOAD_FILE_BYTES // _GIB,
        "total_gib": settings.UPLOAD_TOTAL_BYTES // _GIB,
        "days": settings.UPLOAD_LIFETIME.days,
    }
    return render(request, "frontend/new_import.html", context)


@require_safe
@for_action(Action.IMPORT)
def import_job(request: PageRequest, pk: int) -> HttpResponse:
    """One import; htmx asks for its part of the page again while a worker is at it."""
    job = get_object_or_404(ImportJob.objects.select_related("requested_by", "field"), pk=pk)
    template = "_import_job" if wants_part(request) else "import_job"
    return render(request, f"frontend/{template}.html", _job_context(job))


def _job_context(job: ImportJob, form: ImportOptionsForm | None = None) -> dict[str, Any]:
    return {
        "job": job,
        "progress": import_progress(job),
        "preview": describe_preview(job),
        "form": form or (ImportOptionsForm(None, job=job) if job.is_editable else None),
    }


@require_POST
@for_action(Action.IMPORT)
def act_on_import(request: PageRequest, pk: int, verb: str) -> HttpResponse:
    """Cancel, confirm or try again, or make the preview again with other options."""
    job = get_object_or_404(ImportJob, pk=pk)
    verbs = {"cancel": job.cancel, "confirm": job.confirm, "resume": job.resume}
    if verb == "preview":
        form = ImportOptionsForm(request.POST, job=job)
        if not form.is_valid():
            return render(request, "frontend/import_job.html", _job_context(job, form))
        verbs["preview"] = lambda: job.revise(form.options())
    if verb not in verbs:
        raise Http404("There is no such verb.")
    try:
        verbs[verb]()
    except JobConflict as reason:
        messages.error(request, str(reason))
    return redirect("import-job", pk)


@require_safe
@for_action(Action.IMPORT)
def import_picture(request: PageRequest, pk: int, name: str) -> HttpResponseBase:
    """The map, a stamp or a figure of a preview."""
    job = get_object_or_404(ImportJob, pk=pk)
    path: Path = job.directory / f"{name}.png"
    if not _PICTURE.fullmatch(name) or not path.is_file():
        raise Http404("The pictures of this preview were deleted; make the preview again.")
    headers = {"Cache-Control": "private, no-cache"}
    return FileResponse(path.open("rb"), content_type="image/png", headers=headers)


@for_action(Action.IMPORT)
def remove_catalogue(request: PageRequest, pk: int) -> HttpResponse:
    """What goes with an import; a POST removes it."""
    row = get_object_or_404(CatalogueImport.objects.finished().select_related("field"), pk=pk)
    if request.method == "POST":
        text, confirmation = str(row), request.POST.get("confirmation", "").strip()
        try:
            archive = remove_import(row, removed_by=request.user, confirmation=confirmation)
        except (NotConfirmed, JobConflict) as reason:
            messages.error(request, str(reason))
        else:
            votes = f" Its votes are in the archive, in {archive.name}." if archive else ""
            messages.success(request, f"{text} is removed.{votes}")
            return redirect("imports")
    opinions = {name: n for name, n in count_opinions(row).items() if n}
    return render(request, "frontend/remove_import.html", {"import": row, "opinions": opinions})
