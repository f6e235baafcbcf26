"""Vote imports: one file of votes that were cast elsewhere, read into one field."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q, UniqueConstraint


class VoteImportQuerySet(models.QuerySet["VoteImport"]):
    """Queries about vote imports."""

    def standing(self) -> VoteImportQuerySet:
        """Imports that were not taken back."""
        return self.filter(taken_back_at=None)


class VoteImport(models.Model):
    """One file of votes cast elsewhere: what it was, and what came of its rows."""

    field = models.ForeignKey("Field", models.CASCADE, related_name="vote_imports")
    file_name = models.CharField(max_length=255)
    fingerprint = models.CharField(
        max_length=64, editable=False, help_text="sha256 of the file and of how it was read."
    )
    report = models.JSONField(default=dict, help_text="Counts by what became of the rows.")
    imported_at = models.DateTimeField(auto_now_add=True)
    taken_back_at = models.DateTimeField(null=True, blank=True, editable=False)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = VoteImportQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(
                fields=["field", "fingerprint"],
                condition=Q(taken_back_at=None),
                name="vote_import_happens_once",
            )
        ]

    def __str__(self) -> str:
        return f"votes of {self.file_name} in {self.field}"
