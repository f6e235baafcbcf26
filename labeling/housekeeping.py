"""Delete what is no longer needed: embeddings of old runs, expired sessions, old uploads."""

from __future__ import annotations

import shutil

from django.conf import settings
from django.db.models.functions import Now

from labeling.models import Field, Promotion, Session, TrainingRun, Upload, UploadConflict
from labeling.models.job import FINISHED


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
    return count


def _promotable_runs(field: Field) -> list[int]:
    """Return the field's promoted run, and the run that a roll back would promote."""
    promotions = Promotion.objects.filter(field=field, rolled_back_at=None).order_by("-pk")
    runs = list(dict.fromkeys(promotions.values_list("run", flat=True)))
    return runs[:2]
