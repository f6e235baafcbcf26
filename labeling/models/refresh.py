"""Refreshes: the order of a field's queue follows new labels between two trainings.

The heads of the promoted run are refitted on the present labels, and their probabilities become the
prior of the queue's order. Exports, the gate and the pages use the run's own probabilities. A run
that is no longer promoted keeps its last priors for a field that is rolled back to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F, Q

from labeling.db.bulk import batches
from labeling.db.clock import database_now
from labeling.models.candidate import Candidate, CandidateQuerySet
from labeling.models.field import Field
from labeling.models.job import silent_since
from labeling.models.prediction import UPDATE_PRIORS, Prediction, set_annotated_queues
from labeling.models.training_run import TrainingRun
from labeling.training.label_source import CONSENSUS

MIN_CHANGE = 0.002
"""Predictions are not rewritten if no probability changes by this much."""

Priors = Mapping[int, Sequence[float]]
"""Four class probabilities by candidate."""


class RefreshQuerySet(models.QuerySet["Refresh"]):
    """Queries about refreshes, and the methods that start and end them."""

    def promoted(self) -> Self:
        """Refreshes of runs that are promoted in their fields."""
        return self.filter(run=F("field__promoted_run"))

    def due(self) -> list[int]:
        """Return the fields whose order should follow new labels."""
        return [field.pk for field in _refreshable_fields() if self._latest(field).is_due]

    def _latest(self, field: Field) -> Refresh:
        """Return the field's refresh, or an unsaved one with the labels of the training."""
        run = _promoted_run(field)
        refresh = self.filter(field=field, run=run).first()
        return refresh or Refresh(field=field, run=run, n_labels=run.n_training_labels)

    def claim(self, field_pk: int) -> Refresh | None:
        """Return a field's refresh, claimed by this worker; None if not due, or claimed."""
        field = next(iter(_refreshable_fields(pk=field_pk)), None)
        if field is None:
            return None
        run = _promoted_run(field)
        refresh, _ = self.get_or_create(
            field=field, run=run, defaults={"n_labels": run.n_training_labels}
        )
        if not refresh.is_due:
            return None
        now = database_now()
        free = Q(claimed_at=None) | silent_since("claimed_at")
        # A worker that was faster has written another number of labels.
        unchanged = self.filter(pk=refresh.pk, n_labels=refresh.n_labels)
        if not unchanged.filter(free).update(claimed_at=now):
            return None
        refresh.claimed_at = now
        return refresh

    @transaction.atomic
    def apply_strategy(self, field: Field) -> None:
        """Set the positions of all runs in the queue again, after a change of strategy."""
        (locked,) = Field.objects.filter(pk=field.pk).lock_out_votes()
        if not locked.follows_labels:
            self._drop(locked)
        Prediction.objects.filter(candidate__field=locked).update_queue()

    @transaction.atomic
    def drop(self, field: Field) -> None:
        """Order the field's queue by the runs' own probabilities again."""
        (locked,) = Field.objects.filter(pk=field.pk).lock_out_votes()
        self._drop(locked)

    def _drop(self, field: Field) -> None:
        for refresh in self.filter(field=field).select_related("run"):
            refresh.run.predictions.filter(candidate__field=field).forget_priors()
            refresh.delete()


class Refresh(models.Model):
    """The state of a field's order, which follows labels newer than the training of its run."""

    field = models.ForeignKey(Field, models.CASCADE, related_name="refreshes")
    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="refreshes")
    n_labels = models.PositiveIntegerField(help_text="Labels that the order follows.")
    made_at = models.DateTimeField(null=True, help_text="Empty if the order is the run's own.")
    seconds = models.FloatField(null=True)
    claimed_at = models.DateTimeField(null=True, help_text="When a worker claimed it.")

    objects = RefreshQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "refreshes"
        constraints = [
            models.UniqueConstraint(fields=["field", "run"], name="one_refresh_of_a_run")
        ]

    def __str__(self) -> str:
        return f"{self.run} in {self.field}, refitted on {self.n_labels} labels"

    @property
    def is_due(self) -> bool:
        """True if enough labels have been added or lost that the order should follow."""
        n_labels = self._pool().labelled_by(CONSENSUS).count()
        return abs(n_labels - self.n_labels) >= self.field.refresh_after

    def labels(self) -> dict[int, int]:
        """Return the present labels in the training pool of all the run's fields, by candidate."""
        return self._pool().labels(CONSENSUS)

    def _pool(self) -> CandidateQuerySet:
        in_fields = Candidate.objects.filter(field__in=self.run.fields.all())
        return in_fields.training_pool()

    def candidates(self) -> list[int]:
        """Return the candidates in the field's training pool."""
        pool = Candidate.objects.in_play().filter(field=self.field, control=False)
        return list(pool.order_by("pk").values_list("pk", flat=True))

    def reorder(self, priors: Priors, n_labels: int) -> bool:
        """Order the queue by these priors, of heads that were refitted on `n_labels` labels.

        Writes in batches, between which people vote; each row agrees with its votes throughout.
        Stops and returns False if another run is promoted or another worker has claimed it.
        """
        if not all(self._reorder(batch, priors) for batch in batches(sorted(priors))):
            return False
        now = database_now()
        seconds = (now - self.claimed_at) / timedelta(seconds=1) if self.claimed_at else None
        values = {"n_labels": n_labels, "made_at": now, "seconds": seconds, "claimed_at": None}
        return bool(self._claimed().update(**values))

    @transaction.atomic
    def _reorder(self, candidates: Sequence[int], priors: Priors) -> bool:
        """Write the priors of some candidates, with votes locked out."""
        (field,) = Field.objects.filter(pk=self.field_id).lock_out_votes()
        if field.promoted_run_id != self.run_id or not self._claimed().exists():
            return False
        changed = []
        predictions = self.run.predictions.filter(candidate__in=candidates, candidate__field=field)
        for prediction in predictions.with_queue_inputs():
            prior = priors[prediction.candidate_id]
            pairs = zip(prior, prediction.prior, strict=True)
            if max(abs(new - old) for new, old in pairs) >= MIN_CHANGE:
                prediction.set_prior(prior)
                changed.append(prediction)
        set_annotated_queues(changed)
        UPDATE_PRIORS(changed)
        return True

    def _claimed(self) -> RefreshQuerySet:
        """This row, unless it was dropped or claimed again since this worker claimed it."""
        return Refresh.objects.filter(pk=self.pk, claimed_at=self.claimed_at)


def _refreshable_fields(**lookups: Any) -> list[Field]:
    """Return the fields whose promoted run learnt from votes and has kept embeddings."""
    # A run that was only applied to a field has kept no embeddings of its candidates.
    voted = Field.objects.filter(
        promoted_run__label_source=CONSENSUS.text, promoted_run__fields=F("pk"), **lookups
    )
    fields = [field for field in voted.select_related("promoted_run") if field.follows_labels]
    return [field for field in fields if _promoted_run(field).embeddings_path.exists()]


def _promoted_run(field: Field) -> TrainingRun:
    """Return the promoted run of a field that has one."""
    assert field.promoted_run
    return field.promoted_run
