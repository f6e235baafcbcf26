"""Members of a run's ensemble that workers have taken, so that several can share a run."""

from django.db import models


class Member(models.Model):
    """One network of a run that a worker has taken, for as long as the run is claimed."""

    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="taken")
    number = models.PositiveSmallIntegerField()
    worker = models.CharField(max_length=120, help_text="Host and process.")
    taken_at = models.DateTimeField(auto_now_add=True)
    progress = models.JSONField(default=dict, help_text="How far its worker is with it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_worker_per_member")
        ]

    def __str__(self) -> str:
        return f"network {self.number + 1} of {self.run}"
