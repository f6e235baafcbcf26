"""Reference labels: classes from published catalogues, never counted as votes."""

from typing import Self

from django.db import models

from labeling.classes import CLASS_CHOICES


class ReferenceLabelQuerySet(models.QuerySet["ReferenceLabel"]):
    """Questions about reference labels."""

    def of(self, source: str) -> Self:
        """Labels that this source gave."""
        return self.filter(source=source)


class ReferenceLabel(models.Model):
    """The class that a published catalogue gives to a candidate."""

    candidate = models.ForeignKey("Candidate", models.CASCADE, related_name="references")
    source = models.CharField(max_length=80, db_index=True)
    label = models.PositiveSmallIntegerField(choices=CLASS_CHOICES)

    objects = ReferenceLabelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "source"], name="one_label_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.candidate}: {self.label} ({self.source})"
