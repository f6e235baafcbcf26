"""Promotions: which run's predictions a field uses, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from labeling.models.field import Field
from labeling.models.job import FINISHED, JobConflict, RunStatus
from labeling.models.prediction import Prediction

if TYPE_CHECKING:
    from labeling.models.training_run import TrainingRun


class NotReady(JobConflict):
    """Only a run that has finished with a result can be promoted."""


class RefusedByGate(JobConflict):
    """The gate refuses the run, for the reasons in the text; an administrator may overrule it."""


class PromotionQuerySet(models.QuerySet["Promotion"]):
    """The verbs that move a field's pointer; each one locks the field, and so keeps votes out."""

    @transaction.atomic
    def promote(
        self, run: TrainingRun, by: Any, fields: Iterable[Field] | None = None, reason: str = ""
    ) -> None:
        """Make this run the one that its fields use; one that the gate refused, for a reason."""
        if run.status not in FINISHED:
            raise NotReady(f"Run {run.pk} is {run.status}; only a ready run can be promoted.")
        # Its status does not say so where another field uses it already.
        if (reasons := run.verdict.get("reasons")) and not reason:
            raise RefusedByGate(" ".join(reasons))
        names = run.fields.all() if fields is None else fields
        wanted = Field.objects.filter(pk__in=[f.pk for f in names])
        for field in wanted.lock_out_votes():
            if field.promoted_run_id != run.pk:
                before = field.promoted_run
                self.create(field=field, run=run, promoted_by=by, reason=reason)
                why = f", because: “{reason}”" if reason else ""
                run.tell(f"In use in {field}, by {by}{why}.")
                self._point(field, run)
                self._settle(run, before)

    @transaction.atomic
    def roll_back(self, run: TrainingRun) -> None:
        """Give each field that uses this run the one that it used before, if any."""
        for field in Field.objects.filter(promoted_run=run).lock_out_votes():
            standing = self.filter(field=field, rolled_back_at=None).order_by("-pk")
            standing.filter(run=run).update(rolled_back_at=timezone.now())
            run.tell(f"Rolled back in {field}.")
            before = standing.exclude(run=run).select_related("run").first()
            self._point(field, before.run if before else None)
            self._settle(run, field.promoted_run)

    def _point(self, field: Field, run: TrainingRun | None) -> None:
        """Set the run that the field's queue and exports use; the caller holds its lock."""
        before, after = field.promoted_run_id or 0, run.pk if run else 0
        if after < before:
            # Votes have not updated these predictions; from now on they do.
            predictions = Prediction.objects.filter(run__gte=after, run__lt=before)
            predictions.update_queue_of_voted(field)
        field.promoted_run = run
        field.save(update_fields=["promoted_run"])

    def _settle(self, *runs: TrainingRun | None) -> None:
        """Say of these runs whether any field uses them."""
        for run in filter(None, runs):
            used = Field.objects.filter(promoted_run=run).exists()
            run.status = RunStatus.PROMOTED if used else RunStatus.RETIRED
            run.save(update_fields=["status"])


class Promotion(models.Model):
    """A run went live in a field."""

    field = models.ForeignKey(Field, models.CASCADE, related_name="promotions")
    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="promotions")
    promoted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    promoted_at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField(blank=True, help_text="Why the gate was overruled, if it was.")
    rolled_back_at = models.DateTimeField(null=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.run} in {self.field}"
