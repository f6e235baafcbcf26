"""Predictions: what an ensemble says of a candidate."""

from typing import Self

from django.db import models
from django.db.models import F

from labeling.classes import MorphologicalClass


class PredictionQuerySet(models.QuerySet["Prediction"]):
    """Questions about predictions."""

    def promoted(self) -> Self:
        """Those that the queue and the exports use."""
        return self.filter(run=F("candidate__field__promoted_run"))


class Prediction(models.Model):
    """Class probabilities of one candidate by one run's ensemble mean."""

    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="predictions")
    candidate = models.ForeignKey("Candidate", models.CASCADE, related_name="predictions")
    label = models.PositiveSmallIntegerField(choices=MorphologicalClass)
    p_class1 = models.FloatField()
    p_class2 = models.FloatField()
    p_class3 = models.FloatField()
    p_class4 = models.FloatField()
    entropy = models.FloatField("entropy (nats)", help_text="Of the ensemble mean, 0 to ln 4.")
    ensemble_agreement = models.FloatField(help_text="Share of members that name this class.")

    objects = PredictionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "candidate"], name="one_prediction_per_run")
        ]
        indexes = [models.Index(fields=["run", "-entropy"])]

    def __str__(self) -> str:
        return f"{self.candidate} by {self.run}: {self.label}"

    @property
    def probabilities(self) -> tuple[float, float, float, float]:
        """Probability of each class, in the order of the classes."""
        return self.p_class1, self.p_class2, self.p_class3, self.p_class4
