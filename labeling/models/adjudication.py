"""Adjudications: a curator's ruling where the votes leave a tie."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from labeling.classes import CLASS_CHOICES


class Adjudication(models.Model):
    """A curator's class for one candidate, with the reason. The latest one stands."""

    candidate = models.ForeignKey("Candidate", models.PROTECT, related_name="adjudications")
    curator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="rulings")
    label = models.PositiveSmallIntegerField(choices=CLASS_CHOICES)
    reason = models.TextField()
    decided_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-decided_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.curator} on {self.candidate}: {self.get_label_display()}"
