"""Comments: what experts say to one another about a candidate, after their votes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from labeling.models.adjudication import Adjudication

if TYPE_CHECKING:
    from labeling.models.candidate import Candidate


class CommentQuerySet(models.QuerySet["Comment"]):
    """Questions about comments."""

    def in_discussion(self) -> Self:
        """In order of time, each with `resolved`: whether a curator has decided since."""
        return self.select_related("author").annotate(resolved=_decided_since())

    def unresolved(self) -> Self:
        """Those since which no curator has decided."""
        return self.exclude(_decided_since())

    @transaction.atomic
    def say(self, candidate: Candidate, author: Any, text: str) -> Comment:
        """Add a remark; the author's same words once more, not decided on since, are the same one.

        A browser that gets no answer sends them again.
        """
        # Takes turns with rulings: none resolves a remark that its curator could not have read.
        candidate.lock()
        same = self.unresolved().filter(candidate=candidate, author=author, text=text)
        return same.first() or self.create(candidate=candidate, author=author, text=text)


class Comment(models.Model):
    """A remark in the discussion of a candidate; a curator's decision resolves all before it."""

    candidate = models.ForeignKey("Candidate", models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="comments")
    text = models.TextField(max_length=4000)
    written_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["written_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author} on {self.candidate}"


def _decided_since() -> Exists:
    rulings = Adjudication.objects.filter(
        candidate=OuterRef("candidate"), decided_at__gte=OuterRef("written_at")
    )
    return Exists(rulings)
