"""Catalogue imports: one survey catalogue read into one field, with its stamp pack."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from labeling.models.field import Field


class CatalogueImport(models.Model):
    """One catalogue file that was read: what it was, how it was read, and what came of it."""

    field = models.ForeignKey(Field, models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=255)
    fingerprint = models.CharField(
        max_length=64, editable=False, help_text="sha256 of the file and of how it was read."
    )
    origin = models.PositiveSmallIntegerField(help_text="Number of the catalogue's first pixel.")
    rows = models.PositiveIntegerField("rows read")
    report = models.JSONField(default=dict, help_text="Counts by what became of the rows.")
    pack = models.CharField("stamp pack", max_length=64, help_text="Folder name in PACKS.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "fingerprint"], name="import_happens_once")
        ]

    def __str__(self) -> str:
        return f"{self.file_name} into {self.field}"

    @property
    def stamp_bands(self) -> dict[str, dict[str, Any]]:
        """Filter, unit and noise of each band, of stamps that were cut elsewhere; else empty."""
        stamps: dict[str, Any] = self.report.get("stamps", {})
        return dict(stamps.get("bands", {}))

    @property
    def pack_path(self) -> Path:
        """The stamp pack on disk."""
        return Path(settings.PACKS) / self.pack
