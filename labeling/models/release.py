"""Releases: frozen, versioned, checksummed consensus catalogues."""

from pathlib import Path

from django.conf import settings
from django.db import models


class Release(models.Model):
    """One consensus catalogue as it was at a moment in time; its file never changes."""

    version = models.SlugField(unique=True)
    note = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, editable=False)
    rows = models.PositiveIntegerField(editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"release {self.version}"

    @property
    def path(self) -> Path:
        """The frozen CSV file."""
        return Path(settings.RELEASES) / f"{self.version}.csv"
