"""Delete what is no longer needed: files of runs and applications, sessions, old uploads."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from labeling.models import (
    Application,
    Field,
    Promotion,
    Session,
    TrainingRun,
    Upload,
    UploadConflict,
)
from labeling.models.job import ACTIVE, FINISHED, STOPPED

RESUMABLE_FOR = timedelta(days=30)
"""Time for which a stopped application keeps its predicted shards; later they are made again."""


def delete_unused_embeddings() -> list[TrainingRun]:
    """Delete the embeddings of runs that all their fields have replaced; return these runs.

    The embeddings take tens of kilobytes a candidate. Those of promoted runs, of runs that a roll
    back would promote, and of runs newer than the promoted one are kept.
    """
    kept_runs = {run for field in Field.objects.all() for run in _promotable_runs(field)}
    runs = []
    for run in TrainingRun.objects.filter(status__in=FINISHED).exclude(pk__in=kept_runs):
        promoted = run.fields.values_list("promoted_run", flat=True)
        replaced = all(newer is not None and newer > run.pk for newer in promoted)
        if replaced and run.embeddings_path.exists():
            shutil.rmtree(run.embeddings_path)
            runs.append(run)
    return runs


def delete_application_files() -> int:
    """Delete the files of applications that are finished, gone, or stopped long ago; count them.

    A worker deletes them at the end, unless it is killed.
    """
    folders = list(settings.RUNS.glob("*/applications/*"))
    stopped_lately = Q(status__in=STOPPED, finished_at__gt=Now() - RESUMABLE_FOR)
    resumable = Application.objects.filter(Q(status__in=ACTIVE) | stopped_lately)
    kept_folders = {application.directory for application in resumable.select_related("run")}
    unused = [folder for folder in folders if folder not in kept_folders]
    for folder in unused:
        shutil.rmtree(folder, ignore_errors=True)
    return len(unused)


def delete_expired_sessions() -> int:
    """Delete the sessions that have expired; return their number."""
    count, _ = Session.objects.filter(expire_date__lt=Now()).delete()
    return count


def delete_old_uploads() -> int:
    """Delete uploads that nothing has used for UPLOAD_LIFETIME; return their number.

    Mosaics of fields stay.
    """
    count = 0
    for upload in Upload.objects.expired():
        try:
            upload.remove()
        except UploadConflict:
            continue
        shutil.rmtree(settings.PREVIEWS / str(upload.job_id), ignore_errors=True)
        count += 1
    _delete_folders_without_upload()
    return count


def _delete_folders_without_upload() -> None:
    """Delete old folders of uploads that are gone, as of one cancelled while a chunk arrived."""
    limit = time.time() - settings.UPLOAD_LIFETIME.total_seconds()
    folders = settings.UPLOADS.iterdir() if settings.UPLOADS.is_dir() else ()
    old = [folder for folder in folders if folder.stat().st_mtime < limit]
    folders_in_use = Upload.objects.values_list("folder", flat=True) if old else ()
    names_in_use = {folder.hex for folder in folders_in_use}
    for folder in old:
        if folder.name not in names_in_use:
            shutil.rmtree(folder, ignore_errors=True)


def _promotable_runs(field: Field) -> list[int]:
    """Return the field's promoted run, and the run that a roll back would promote."""
    promotions = Promotion.objects.filter(field=field, rolled_back_at=None).order_by("-pk")
    runs = list(dict.fromkeys(promotions.values_list("run", flat=True)))
    return runs[:2]
