"""Refreshes: the order of a field's queue follows new labels between two trainings.

The heads of the run in use are refitted on the labels of today, and what they say becomes the prior
of the queue's order. Nothing else goes by it: exports, the gate and the pages have the run's own.
A run that is no longer in use keeps what its heads said last: should a field go back to it, the
order is there as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from labeling.db.bulk import batches
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.job import HEARTBEAT_LOST
from labeling.models.prediction import UPDATE_PRIORS, Prediction
from labeling.training.training_set import VOTES, labels_to_train_on, pool_labels

if TYPE_CHECKING:
    from labeling.models.training_run import TrainingRun

LEAST_MOVE = 0.002
"""A change of all probabilities below this is not worth a write."""

Priors = Mapping[int, Sequence[float]]


class RefreshQuerySet(models.QuerySet["Refresh"]):
    """Which are due, and the verbs that begin and end them."""

    def in_use(self) -> Self:
        """Those of runs that their fields use."""
        return self.filter(run=F("field__promoted_run"))

    def due(self) -> list[int]:
        """Fields whose order should follow new labels."""
        return [field.pk for field in _followed() if self._latest(field).is_due]

    def _latest(self, field: Field) -> Refresh:
        """The field's own, or an unsaved one as the training of its run has left the field."""
        run = _run_of(field)
        made = self.filter(field=field, run=run).first()
        return made or Refresh(field=field, run=run, n_labels=run.n_learnt)

    def claim(self, field_pk: int) -> Refresh | None:
        """A field's refresh, now this worker's own; None if it is not due or another has it."""
        field = next(iter(_followed(pk=field_pk)), None)
        if field is None:
            return None
        run = _run_of(field)
        refresh, _ = self.get_or_create(field=field, run=run, defaults={"n_labels": run.n_learnt})
        if not refresh.is_due:
            return None
        now = timezone.now()
        free = Q(begun_at=None) | Q(begun_at__lt=now - HEARTBEAT_LOST)
        # As it was when it was due: whoever was faster has written another number.
        same = self.filter(pk=refresh.pk, n_labels=refresh.n_labels)
        if not same.filter(free).update(begun_at=now):
            return None
        refresh.begun_at = now
        return refresh

    @transaction.atomic
    def apply_strategy(self, field: Field) -> None:
        """Set the positions of all runs in the queue anew, after a change of strategy."""
        (locked,) = Field.objects.filter(pk=field.pk).lock_out_votes()
        if not locked.follows_labels:
            self.drop(locked)
        Prediction.objects.filter(candidate__field=locked).update_queue()

    @transaction.atomic
    def stop(self, field: Field) -> None:
        """Drop a field's refreshes, where there may be any."""
        (locked,) = Field.objects.filter(pk=field.pk).lock_out_votes()
        self.drop(locked)

    def drop(self, field: Field) -> None:
        """Let each run order the queue by itself; the caller holds the field's lock."""
        for refresh in self.filter(field=field).select_related("run"):
            refresh.run.predictions.filter(candidate__field=field).forget_priors()
            refresh.delete()


class Refresh(models.Model):
    """How far a field's order follows the labels that came after the training of its run."""

    field = models.ForeignKey(Field, models.CASCADE, related_name="refreshes")
    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="refreshes")
    n_labels = models.PositiveIntegerField(help_text="Labels that the order follows.")
    made_at = models.DateTimeField(null=True, help_text="None: the order is still the run's own.")
    seconds = models.FloatField(null=True)
    begun_at = models.DateTimeField(null=True, help_text="Since when a worker has been at it.")

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
        """Whether so many labels have come, or gone, that the order should follow."""
        now = labels_to_train_on(VOTES, self.run.fields.all())
        return abs(now - self.n_labels) >= self.field.refresh_after

    def labels(self) -> dict[int, int]:
        """The labels of today in the training pool of all the run's fields, by candidate."""
        return pool_labels(self.run.fields.all())

    def candidates(self) -> list[int]:
        """Those that stand in an order: the field's training pool."""
        pool = Candidate.objects.in_play().filter(field=self.field, control=False)
        return list(pool.order_by("pk").values_list("pk", flat=True))

    def reorder(self, priors: Priors, n_labels: int) -> bool:
        """Let the queue follow what heads that were refitted on so many labels say.

        In batches, between which people vote; each row agrees with its votes throughout. False, and
        no further, once another run is in use, or another worker has taken over.
        """
        if not all(self._place(part, priors) for part in batches(sorted(priors))):
            return False
        now = timezone.now()
        seconds = (now - self.begun_at) / timedelta(seconds=1) if self.begun_at else None
        done = {"n_labels": n_labels, "made_at": now, "seconds": seconds, "begun_at": None}
        return bool(self._mine().update(**done))

    @transaction.atomic
    def _place(self, candidates: Sequence[int], priors: Priors) -> bool:
        """PreparedWrite the places of some candidates, with votes kept out."""
        (field,) = Field.objects.filter(pk=self.field_id).lock_out_votes()
        if field.promoted_run_id != self.run_id or not self._mine().exists():
            return False
        moved = []
        there = self.run.predictions.filter(candidate__in=candidates, candidate__field=field)
        for prediction in there.with_queue_inputs():
            prior = priors[prediction.candidate_id]
            pairs = zip(prior, prediction.prior, strict=True)
            if max(abs(new - old) for new, old in pairs) >= LEAST_MOVE:
                prediction.set_prior(prior)
                prediction.set_annotated_queue()
                moved.append(prediction)
        UPDATE_PRIORS(moved)
        return True

    def _mine(self) -> RefreshQuerySet:
        """This row, unless it was dropped or claimed anew since this worker claimed it."""
        return Refresh.objects.filter(pk=self.pk, begun_at=self.begun_at)


def _followed(**which: Any) -> list[Field]:
    """Fields whose order follows votes: their network learnt from votes, and kept what it sees."""
    by_votes = Field.objects.filter(promoted_run__label_source=VOTES, **which)
    fields = [field for field in by_votes.select_related("promoted_run") if field.follows_labels]
    return [field for field in fields if _run_of(field).embeddings_path.exists()]


def _run_of(field: Field) -> TrainingRun:
    """The run in use, of a field that has one."""
    assert field.promoted_run
    return field.promoted_run
