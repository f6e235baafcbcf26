"""Carry out import jobs, in a process of their own: the preview, or the import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labeling.ingest.errors import BadInput
from labeling.ingest.import_requests import ImportRequest
from labeling.ingest.page_words import for_page
from labeling.ingest.previews import Preview
from labeling.ingest.progress import Progress, StepClock
from labeling.models import ImportJob, ImportStage

Send = Callable[[dict[str, Any]], None]
"""Takes messages for the worker: `progress`, and in the end `result` or `refused`."""


def perform(pk: int, send: Send) -> None:
    """Carry out the part of the job that is queued, and send what comes of it."""
    job = ImportJob.objects.get(pk=pk)
    request = ImportRequest(job)
    preview = Preview(request)
    progress = _progress_sender(send)
    try:
        if job.stage == ImportStage.PREVIEW:
            preview.make(progress)
            send({"result": {"preview": preview.content}})
            return
        field, catalogue_import = request.write(progress)
    except BadInput as error:
        send({"refused": for_page(str(error), job), "preview": preview.content})
        return
    imported = None if catalogue_import is None else catalogue_import.pk
    send({"result": {"field": field.pk, "catalogue_import": imported}})


def _progress_sender(send: Send) -> Progress:
    clock = StepClock()

    def report(complete: int, total: int, step: str) -> None:
        left = clock.seconds_left(complete, total, step)
        values = {"complete": complete, "total": total, "step": step, "seconds_left": left}
        send({"progress": values})

    return report
