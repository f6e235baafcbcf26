"""Publish releases: the consensus of all fields, frozen under a version."""

from django.contrib.auth.models import User

from labeling.export.files import consensus_csv
from labeling.export.rows import catalogue_rows
from labeling.models.candidate import Candidate
from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.release import Release


def publish_release(
    *, version: str, by: User, note: str = "", key: IdempotencyKey | None = None
) -> Release:
    """Store the present consensus of all fields under a new version."""
    lines = list(consensus_csv(catalogue_rows(Candidate.objects.all())))
    content = "".join(lines).encode()
    return Release.objects.publish(
        content, rows=len(lines) - 1, version=version, by=by, note=note, key=key
    )
