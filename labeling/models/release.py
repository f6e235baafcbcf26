"""Releases: frozen, versioned, checksummed consensus catalogues."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction

from classifier.core.atomic_files import write_atomically
from labeling.export.files import consensus_csv
from labeling.export.rows import catalogue_rows
from labeling.models.candidate import Candidate


class ReleaseQuerySet(models.QuerySet["Release"]):
    """The verb that makes releases."""

    def freeze(self, *, version: str, by: Any, note: str = "") -> "Release":
        """Write the consensus of all fields down as it is now, under a new version."""
        lines = list(consensus_csv(catalogue_rows(Candidate.objects.all())))
        data = "".join(lines).encode()
        with transaction.atomic():
            release = self.create(
                version=version,
                note=note,
                made_by=by,
                rows=len(lines) - 1,
                sha256=sha256(data).hexdigest(),
            )
            write_atomically(release.path, data)
        return release


class Release(models.Model):
    """One consensus catalogue as it was at a moment in time; its file never changes."""

    version = models.SlugField(unique=True)
    note = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, editable=False)
    rows = models.PositiveIntegerField(editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"release {self.version}"

    @property
    def path(self) -> Path:
        """The frozen CSV file."""
        return Path(settings.RELEASES) / f"{self.version}.csv"
