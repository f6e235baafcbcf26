"""Vote imports: one file of votes that were cast elsewhere, read into one field."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Count, Q, UniqueConstraint
from django.db.models.functions import Now

from labeling.models.vote import Vote


class VoteImportQuerySet(models.QuerySet["VoteImport"]):
    """Queries about vote imports."""

    def standing(self) -> VoteImportQuerySet:
        """Imports that were not taken back."""
        return self.filter(taken_back_at=None)

    def with_counts(self) -> VoteImportQuerySet:
        """Imports with `n_votes`, the votes that count, and `n_people`, their voters."""
        live = Q(votes__retracted_at=None, votes__repeat_of=None)
        return self.annotate(
            n_votes=Count("votes", filter=live),
            n_people=Count("votes__voter", filter=live, distinct=True),
        )


class VoteImport(models.Model):
    """One file of votes cast elsewhere: what it was, and what came of its rows."""

    field = models.ForeignKey("Field", models.CASCADE, related_name="vote_imports")
    file_name = models.CharField(max_length=255)
    fingerprint = models.CharField(
        max_length=64, editable=False, help_text="sha256 of the file and of how it was read."
    )
    report = models.JSONField(default=dict, help_text="Counts by what became of the rows.")
    imported_at = models.DateTimeField(auto_now_add=True)
    taken_back_at = models.DateTimeField(null=True, blank=True, editable=False)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = VoteImportQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(
                fields=["field", "fingerprint"],
                condition=Q(taken_back_at=None),
                name="vote_import_happens_once",
            )
        ]

    def __str__(self) -> str:
        return f"votes of {self.file_name} in {self.field}"

    @transaction.atomic
    def take_back(self, by: User | None = None) -> int:
        """Retract the votes and refresh the consensus; return their number.

        Doing so twice changes nothing. Without `by` an administrator did it by a command.
        """
        type(self.field).objects.filter(pk=self.field_id).lock_out_votes()
        votes = Vote.objects.standing().filter(vote_import=self)
        candidates = set(votes.order_by().values_list("candidate", flat=True))
        count = votes.update(retracted_at=Now())
        VoteImport.objects.standing().filter(pk=self.pk).update(
            taken_back_at=Now(), taken_back_by=by
        )
        self.refresh_from_db()
        self.field.refresh_consensus(candidates)
        return count
