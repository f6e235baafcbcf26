"""Catalogue imports: one survey catalogue read into one field, with its stamp pack."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from classifier.core.bands import BANDS
from classifier.core.pack_locations import Location, pack_in
from labeling.models.field import Field


class CatalogueImportQuerySet(models.QuerySet["CatalogueImport"]):
    """Queries about imports."""

    def finished(self) -> Self:
        """Imports whose candidates are all there."""
        return self.exclude(finished_at=None)

    def finished_keys(self) -> frozenset[int]:
        """Primary keys of the finished ones: they change when candidates appear or vanish."""
        return frozenset(self.finished().values_list("pk", flat=True))

    def unfinished(self) -> Self:
        """Imports that are being written or removed, or that were interrupted."""
        return self.filter(finished_at=None)


class CatalogueImport(models.Model):
    """One catalogue file that was read: what it was, how it was read, and what came of it.

    Its candidates are written in batches, and invisible until it is finished.
    """

    field = models.ForeignKey(Field, models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=255)
    fingerprint = models.CharField(
        max_length=64, editable=False, help_text="sha256 of the file and of how it was read."
    )
    origin = models.PositiveSmallIntegerField(help_text="Number of the catalogue's first pixel.")
    rows = models.PositiveIntegerField("rows read")
    report = models.JSONField(default=dict, help_text="Counts by what became of the rows.")
    pack = models.CharField("stamp pack", max_length=64, help_text="Folder name in PACKS.")
    magnitude_bands = models.CharField(
        max_length=16,
        blank=True,
        editable=False,
        help_text="Bands of which the catalogue has magnitudes, separated by spaces.",
    )
    forced = models.BooleanField(
        "positions not checked", default=False, help_text="Imported with --force."
    )
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Unknown for imports by command.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(
        default=timezone.now,
        null=True,
        blank=True,
        editable=False,
        help_text="When its candidates became visible, all at once.",
    )

    objects = CatalogueImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "fingerprint"], name="import_happens_once")
        ]
        indexes = [models.Index(fields=["finished_at"], name="unfinished_imports")]

    def __str__(self) -> str:
        return f"{self.file_name} into {self.field}"

    @property
    def stamp_bands(self) -> dict[str, dict[str, Any]]:
        """Filter, unit and noise of each band, of stamps that were cut elsewhere; else empty."""
        about: dict[str, dict[str, Any]] = self.report.get("stamps", {}).get("bands", {})
        # PostgreSQL does not keep the order of a JSON object.
        return {band: about[band] for band in BANDS if band in about}

    @property
    def pack_path(self) -> Location:
        """The folder or the URL of the stamp pack."""
        return pack_in(settings.PACKS, self.pack)
