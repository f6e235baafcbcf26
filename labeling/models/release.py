"""Releases: frozen, versioned, checksummed consensus catalogues."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction

from classifier.core.atomic_files import write_atomically
from labeling.files.stored_files import read_checked
from labeling.models.idempotency_key import IdempotencyKey
from labeling.rules.conflicts import VersionTaken


class ReleaseQuerySet(models.QuerySet["Release"]):
    """The method that makes releases."""

    def publish(
        self,
        content: bytes,
        *,
        rows: int,
        version: str,
        by: User,
        note: str,
        key: IdempotencyKey | None = None,
    ) -> Release:
        """Store a catalogue of `rows` candidates as a CSV file under a new version.

        Raises VersionTaken if the version exists, as after another request of this moment.
        """
        digest = sha256(content).hexdigest()
        try:
            with transaction.atomic():
                release = self.create(
                    version=version, note=note, made_by=by, rows=rows, sha256=digest
                )
                if key:
                    key.record(release)
                write_atomically(release.path, content)
        except IntegrityError:
            raise VersionTaken(
                f"Release {version} exists already; choose another version."
            ) from None
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
        """The CSV file."""
        return Path(settings.RELEASES) / f"{self.version}.csv"

    def content(self) -> bytes:
        """Return the CSV file. Raises DamagedFile unless it is what was written."""
        return read_checked(self.path, self.sha256)
