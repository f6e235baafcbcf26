"""Disclosures: experts who were shown what others say of a candidate."""

from django.conf import settings
from django.db import models
from django.db.models import UniqueConstraint
from django.utils import timezone


class Disclosure(models.Model):
    """An expert was shown what the network, others or catalogues say of a candidate."""

    candidate = models.ForeignKey(
        "Candidate", models.CASCADE, related_name="disclosures", db_index=False
    )
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="disclosures")
    disclosed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [UniqueConstraint(fields=["candidate", "expert"], name="one_disclosure")]

    def __str__(self) -> str:
        return f"{self.candidate} to {self.expert}"
