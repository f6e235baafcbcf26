"""Promotions: which run a field uses, and since when."""

from django.conf import settings
from django.db import models

from labeling.models.field import Field
from labeling.rules.conflicts import JobConflict


class NotReady(JobConflict):
    """Only a run that has finished with a result can be promoted."""


class RefusedByGate(JobConflict):
    """The gate refuses the run, for the reasons in the text; an administrator may overrule it."""


class Promotion(models.Model):
    """A run was promoted in a field; `TrainingRun.promote` and `roll_back` make these rows."""

    field = models.ForeignKey(Field, models.CASCADE, related_name="promotions")
    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="promotions")
    promoted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    promoted_at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField(blank=True, help_text="Why the gate was overruled, if it was.")
    rolled_back_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.run} in {self.field}"
