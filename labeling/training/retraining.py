"""Automatic retraining of a field, once enough labels are new since the last training.

New labels are counted against the snapshot of the last run each time, so that none is missed or
counted twice, and a change of the setting holds at once. While experts vote, a training waits, up
to twice as many new labels. Lost labels start no training.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from classifier.core.training_set import TRAIN
from labeling.db.clock import MAX_AHEAD
from labeling.files.stored_files import DamagedFile
from labeling.models import Candidate, Field, TrainingRun, Vote
from labeling.rules.conflicts import TooFewClasses
from labeling.training.label_source import CONSENSUS
from labeling.training.requests import repeat_run
from labeling.training.snapshot import TrainingSnapshot
from labeling.training.training_set import take_snapshot

QUIET = timedelta(minutes=2)
"""Time without votes after which a training may start."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetrainingState:
    """The labels of a field since its last training, and when the next one starts."""

    last_run: TrainingRun | None
    """Latest run on experts' votes, whatever its status: the one to repeat."""
    n_new: int
    """Labels of the training pool that the last run did not have, or had with another class."""
    n_settled: int
    """Settled labels of the training pool: fewer after a change of the rules or retracted votes."""
    threshold: int
    """New labels that start a training; 0 if the field does not retrain automatically."""
    active_run: TrainingRun | None
    """A queued or running run of the field."""
    is_quiet: bool = True
    """True if nobody has voted within QUIET."""
    damage: str = ""
    """Which file of the last run cannot be read, where and why; all labels then count as new."""

    @property
    def has_enough(self) -> bool:
        """True if the new labels start a training when it is quiet."""
        ready = self.last_run is not None and self.active_run is None
        return ready and not self.has_too_few and 0 < self.threshold <= self.n_new

    @property
    def has_too_few(self) -> bool:
        """True if less than half as many labels are settled as the last run used."""
        return self.n_settled < self._fewest

    @property
    def _fewest(self) -> int:
        return (self.last_run.n_training_labels + 1) // 2 if self.last_run else 0

    @property
    def is_due(self) -> bool:
        """True if a training starts now: it is quiet, or the new labels are twice the threshold."""
        return self.has_enough and (self.is_quiet or self.n_new >= 2 * self.threshold)

    @property
    def sentence(self) -> str:
        """Return one sentence about the start of the next training."""
        if self.active_run:
            return f"Run {self.active_run.pk} is {self.active_run.status}."
        if self.last_run is None:
            return "No training yet. An administrator starts the first one."
        plural = "" if self.n_new == 1 else "s"
        new = f"{self.n_new} new label{plural} since run {self.last_run.pk}."
        if not self.threshold:
            return f"{new} An administrator starts the next training."
        if self.has_too_few:
            return (
                f"{new} That run used {self.last_run.n_training_labels} labels, and "
                f"{self.n_settled} are settled now. The next training waits for {self._fewest}."
            )
        if self.is_due:
            return f"{new} The next training starts within a minute."
        if self.has_enough:
            return (
                f"{new} The next training starts after {QUIET.seconds // 60} minutes without votes,"
                f" or after {2 * self.threshold} new labels."
            )
        return (
            f"The next training starts after {self.threshold} new labels "
            f"({self.n_new} so far since run {self.last_run.pk})."
        )


def retraining_state(field: Field) -> RetrainingState:
    """Count the field's new labels, and look for active runs and recent votes."""
    runs = TrainingRun.objects.filter(fields=field, label_source=CONSENSUS.text).order_by("-pk")
    last_run = runs.first()
    n_new, n_settled, is_quiet, damage = 0, 0, True, ""
    if last_run is not None:
        in_fields = Candidate.objects.filter(field__in=last_run.fields.all())
        pool = in_fields.training_pool()
        labels = pool.labels(CONSENSUS)
        try:
            snapshot = last_run.snapshot_labels(TRAIN)
        except DamagedFile as reason:
            snapshot, damage = {}, str(reason)
        n_new = sum(snapshot.get(pk) != label for pk, label in labels.items())
        n_settled = len(labels)
        is_quiet = not _has_recent_votes(last_run)
    active_run = TrainingRun.objects.active().filter(fields=field).order_by("pk").first()
    return RetrainingState(
        last_run, n_new, n_settled, field.retrain_after, active_run, is_quiet, damage
    )


def _has_recent_votes(run: TrainingRun) -> bool:
    """True if a vote in the run's fields was cast or retracted within QUIET."""
    # Times from the future were written while a clock was wrong, and would delay it for long.
    quiet = (Now() - QUIET, Now() + MAX_AHEAD)
    recent = Q(cast_at__range=quiet) | Q(retracted_at__range=quiet)
    return Vote.objects.filter(recent, candidate__field__in=run.fields.all()).exists()


def retrain_due_fields() -> list[TrainingRun]:
    """Repeat the last training of each field that is due, for its requester; return the new runs.

    An error in one field does not stop the others; it is raised at the end.
    """
    runs, errors = [], []
    for field in Field.objects.exclude(retrain_after=0).order_by("pk"):
        try:
            runs.append(_retrain_field(field))
        except Exception as error:
            error.add_note(f"while retraining {field}")
            errors.append(error)
    if errors:
        raise ExceptionGroup("Some fields that are due were not retrained", errors)
    return [run for run in runs if run]


def _retrain_field(field: Field) -> TrainingRun | None:
    state = retraining_state(field)
    if state.last_run is None or not state.is_due:
        return None
    try:
        # This takes seconds in large fields. In the transaction, SQLite would block votes.
        snapshot = take_snapshot(state.last_run.fields.all(), CONSENSUS)
    except TooFewClasses as reason:
        logger.warning("%s is not retrained: %s", field, reason)
        return None
    return _repeat(field, state.last_run, snapshot)


@transaction.atomic
def _repeat(field: Field, last_run: TrainingRun, snapshot: TrainingSnapshot) -> TrainingRun | None:
    """Request a run on this snapshot, unless another sweep has done so."""
    # Locking all fields of the run at once, in one order, prevents deadlocks.
    Field.objects.lock_rows(last_run.fields.all())
    state = retraining_state(field)
    if state.last_run != last_run or not state.is_due:
        return None
    return repeat_run(last_run, last_run.requested_by, automatic=True, snapshot=snapshot)
