"""Import jobs: uploaded files that a worker reads for a preview, and then imports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils.text import capfirst

from labeling import jobs
from labeling.files.json_values import nonfinite_to_none
from labeling.models.catalogue_import import CatalogueImport
from labeling.models.field import Field
from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.job import RunStatus, WorkerJob, WorkerJobQuerySet
from labeling.rules.conflicts import JobConflict


class ImportStage(models.TextChoices):
    """The two parts of an import: a preview that writes nothing, and the import itself."""

    PREVIEW = "preview"
    IMPORT = "import"


class ImportJobQuerySet(WorkerJobQuerySet["ImportJob"]):
    """Queries about import jobs, and the method that makes them."""

    @transaction.atomic
    def request(
        self,
        requested_by: User,
        options: Mapping[str, Any],
        uploads: models.QuerySet[Any],
        key: IdempotencyKey | None = None,
    ) -> ImportJob:
        """Queue the preview of these uploads. Raises JobConflict if one is taken already."""
        job = self.create(requested_by=requested_by, options=dict(options))
        count = uploads.count()
        if uploads.filter(job=None).update(job=job) != count:
            raise JobConflict("One of these files belongs to another import; upload it again.")
        if key:
            key.record(job)
        jobs.send_on_commit(jobs.IMPORT, job.pk)
        return job


class ImportJob(WorkerJob):
    """One import through the page: its options, its preview and what came of it.

    It is queued twice: for the preview, and when a person has confirmed it, for the import.
    """

    stage = models.CharField(choices=ImportStage, default=ImportStage.PREVIEW, max_length=8)
    options = models.JSONField(
        default=dict, help_text="Field, files and columns, as the person has entered them."
    )
    preview = models.JSONField(default=dict, help_text="What the import would do.")
    field = models.ForeignKey(Field, models.SET_NULL, null=True, related_name="import_jobs")
    catalogue_import = models.ForeignKey(
        CatalogueImport, models.SET_NULL, null=True, related_name="jobs"
    )

    objects = ImportJobQuerySet.as_manager()

    task = jobs.IMPORT

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def directory(self) -> Path:
        """The folder of the pictures of its preview."""
        return Path(settings.PREVIEWS) / str(self.pk)

    @property
    def figures(self) -> list[str]:
        """No figures are drawn of an import."""
        return []

    @property
    def awaits_confirmation(self) -> bool:
        """True if its preview is ready, and nothing is imported yet."""
        return self.stage == ImportStage.PREVIEW and self.status == RunStatus.READY

    @property
    def is_imported(self) -> bool:
        """True if the import has ended well."""
        return self.stage == ImportStage.IMPORT and self.status == RunStatus.READY

    @property
    def is_editable(self) -> bool:
        """True if its options can be changed and its preview made again."""
        return self.awaits_confirmation or self.has_stopped

    def revise(self, options: Mapping[str, Any]) -> None:
        """Make the preview again with other options. Raises JobConflict once it is imported."""
        self._queue(ImportStage.PREVIEW, "be changed", options=dict(options), preview={})

    def confirm(self) -> None:
        """Import what the preview shows. Raises JobConflict unless a preview is ready."""
        if not self.awaits_confirmation:
            raise JobConflict(f"{capfirst(str(self))} has no preview that could be imported.")
        self._queue(ImportStage.IMPORT, "be imported")

    def succeed(
        self,
        *,
        preview: Mapping[str, Any] | None = None,
        field: int | None = None,
        catalogue_import: int | None = None,
    ) -> bool:
        """Store the preview or the result; False if it was cancelled or taken over meanwhile."""
        values: dict[str, Any] = {"error": "", "progress": {}}
        if preview is not None:
            values["preview"] = nonfinite_to_none(dict(preview))
        if self.stage == ImportStage.IMPORT:
            values |= {"field_id": field, "catalogue_import_id": catalogue_import}
        return self._end(self._claimed(), RunStatus.READY, **values)

    def refuse(self, sentence: str, preview: Mapping[str, Any]) -> bool:
        """Record why the files are refused, and what was read of them until then."""
        values = {"preview": nonfinite_to_none(dict(preview))} if preview else {}
        return self._end(self._claimed(), RunStatus.FAILED, error=sentence, **values)

    @transaction.atomic
    def _queue(self, stage: ImportStage, verb: str, **values: Any) -> None:
        """Queue one of its two parts, unless a worker is at it or it is imported."""
        waiting = models.Q(stage=ImportStage.PREVIEW, status=RunStatus.READY)
        stopped = models.Q(status__in=(RunStatus.STALLED, RunStatus.FAILED, RunStatus.CANCELLED))
        values |= {"finished_at": None, "error": "", "progress": {}}
        values |= {"attempts": 0, "attempts_without_progress": 0}
        free = self._row().filter(waiting | stopped)
        if not free.update(stage=stage, status=RunStatus.QUEUED, **values):
            self.refresh_from_db()
            raise JobConflict(f"{capfirst(str(self))} cannot {verb}: it is {self.status}.")
        self.refresh_from_db()
        jobs.send_on_commit(self.task, self.pk)
