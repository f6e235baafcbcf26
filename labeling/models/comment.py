"""Comments: what experts say to one another about a candidate, after their votes."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from labeling.models.adjudication import Adjudication


class CommentQuerySet(models.QuerySet["Comment"]):
    """Queries about comments."""

    def in_discussion(self) -> Self:
        """Comments in order of time, with `resolved`: a curator has ruled since."""
        return self.select_related("author").annotate(resolved=_ruled_since())

    def unresolved(self) -> Self:
        """Comments since which no curator has ruled."""
        return self.exclude(_ruled_since())


class Comment(models.Model):
    """A comment in the discussion of a candidate; a curator's ruling resolves all before it."""

    candidate = models.ForeignKey("Candidate", models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="comments")
    text = models.TextField(max_length=4000)
    written_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["written_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author} on {self.candidate}"


def _ruled_since() -> Exists:
    rulings = Adjudication.objects.standing().filter(
        candidate=OuterRef("candidate"), decided_at__gte=OuterRef("written_at")
    )
    return Exists(rulings)
