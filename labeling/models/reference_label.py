"""Reference labels: classes from published catalogues, never counted as votes."""

from typing import Self, cast

from django.db import models

from labeling.classes import CLASS_CHOICES
from labeling.models.catalogue_import import CatalogueImport


class ReferenceLabelQuerySet(models.QuerySet["ReferenceLabel"]):
    """Questions about reference labels."""

    def of(self, source: str) -> Self:
        """Labels that this source gave."""
        return self.filter(source=source)


_ReferenceLabels = models.Manager.from_queryset(ReferenceLabelQuerySet)


class VisibleReferenceLabels(_ReferenceLabels["ReferenceLabel"]):
    """Labels of candidates that are visible: those of finished imports."""

    def get_queryset(self) -> ReferenceLabelQuerySet:
        """Leave out labels of candidates that an import is writing, or has left unfinished."""
        labels = super().get_queryset()
        unfinished = CatalogueImport.objects.unfinished().order_by().values("pk")
        visible = labels.exclude(candidate__catalogue_import__in=unfinished)
        return cast("ReferenceLabelQuerySet", visible)


class ReferenceLabel(models.Model):
    """The class that a published catalogue gives to a candidate."""

    candidate = models.ForeignKey("Candidate", models.CASCADE, related_name="references")
    source = models.CharField(max_length=80, db_index=True)
    label = models.PositiveSmallIntegerField(choices=CLASS_CHOICES)

    objects = VisibleReferenceLabels()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "source"], name="one_label_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.candidate}: {self.label} ({self.source})"
