"""What is deleted by itself: what the members of a run see, once no queue can need it any more, and
sessions that have run out."""

from __future__ import annotations

import shutil

from django.utils import timezone

from labeling.models import Field, Promotion, Session, TrainingRun
from labeling.models.job import FINISHED


def delete_unused_embeddings() -> list[TrainingRun]:
    """Delete the embeddings of runs whose fields have all gone on; the runs that lost theirs.

    Tens of kilobytes a candidate. Kept are those of runs in use, of those that a roll back would
    bring back, and of those that are newer than what is in use: they may go live yet.
    """
    needed = {run for field in Field.objects.all() for run in _needed_by(field)}
    dropped = []
    for run in TrainingRun.objects.filter(status__in=FINISHED).exclude(pk__in=needed):
        in_use = run.fields.values_list("promoted_run", flat=True)
        gone_on = all(newer is not None and newer > run.pk for newer in in_use)
        if gone_on and run.embeddings_path.exists():
            shutil.rmtree(run.embeddings_path)
            dropped.append(run)
    return dropped


def delete_expired_sessions() -> int:
    """Delete the sessions that nobody can use any more; how many."""
    gone, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return gone


def _needed_by(field: Field) -> list[int]:
    """The run that the field uses, and the one that it would use after a roll back."""
    standing = Promotion.objects.filter(field=field, rolled_back_at=None).order_by("-pk")
    runs = list(dict.fromkeys(standing.values_list("run", flat=True)))
    return runs[:2]
