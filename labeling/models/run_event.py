"""The log of a run: its events, with their time and worker."""

from django.db import models
from django.utils import timezone


class RunEvent(models.Model):
    """One line of a run's log."""

    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    worker = models.CharField(max_length=120, blank=True, help_text="Host and process.")
    text = models.TextField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.run}, {self.at:%H:%M:%S}: {self.text}"
