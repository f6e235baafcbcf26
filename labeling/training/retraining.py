"""When a field trains by itself: enough newly settled labels since those that were last frozen.

Counted against that snapshot each time that somebody asks, so that no label is missed, none counts
twice, and a change of the setting holds at once. While people vote it waits, up to twice as many.
Labels that fall away start nothing, and where hardly any are left it waits for others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from labeling.models import Field, TrainingRun, Vote
from labeling.training.training_set import (
    VOTES,
    NotTrainable,
    TrainingSet,
    frozen_labels,
    pool_labels,
    training_set,
)

QUIET = timedelta(minutes=2)
"""So long nobody votes before a training starts by itself."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetrainingState:
    """What a field is waiting for before it trains again."""

    last: TrainingRun | None
    """The run that would be repeated: the last on our experts' labels, however it ended."""
    new_labels: int
    """So many labels of the training pool were not settled then, or otherwise."""
    labels: int
    """So many are settled now: a change of the rules, or votes that were taken back, can open what
    was settled."""
    wanted: int
    """So many start a training; 0 where nothing trains by itself."""
    active: TrainingRun | None
    """A run of the field that waits or is at work."""
    quiet: bool = True
    """Whether nobody has voted for a while."""

    @property
    def enough(self) -> bool:
        """Whether so many labels have come that a training should start once it is quiet."""
        ready = self.last is not None and self.active is None
        return ready and not self.too_few and 0 < self.wanted <= self.new_labels

    @property
    def too_few(self) -> bool:
        """Whether less than half as many labels are left as the last run learnt from."""
        return self.labels < self._fewest

    @property
    def _fewest(self) -> int:
        return (self.last.n_learnt + 1) // 2 if self.last else 0

    @property
    def due(self) -> bool:
        """Whether a training should start now: it is quiet, or there are twice as many labels."""
        return self.enough and (self.quiet or self.new_labels >= 2 * self.wanted)

    @property
    def sentence(self) -> str:
        """What will happen next, in words."""
        if self.active:
            return f"Run {self.active.pk} is {self.active.status}."
        if self.last is None:
            return "No training yet: an administrator starts the first one."
        count = self.new_labels
        since = f"{count} newly settled label{'' if count == 1 else 's'}"
        if not self.wanted:
            return f"{since} since run {self.last.pk}; an administrator starts the next training."
        if self.too_few:
            return (
                f"{since} since run {self.last.pk}. It learnt from {self.last.n_learnt}, and in "
                f"all {self.labels} are settled now: the next training waits for {self._fewest}."
            )
        if self.due:
            return f"{since} since run {self.last.pk}: the next training starts within a minute."
        if self.enough:
            return (
                f"{since} since run {self.last.pk}: the next training starts when nobody has voted "
                f"for {QUIET.seconds // 60} minutes, or at {2 * self.wanted} labels."
            )
        return f"{since} since run {self.last.pk}; {self.wanted} start the next training."


def retraining_state(field: Field) -> RetrainingState:
    """What the field is waiting for."""
    own = TrainingRun.objects.filter(fields=field, label_source=VOTES).order_by("-pk")
    last = own.first()
    new, labels, quiet = 0, 0, True
    if last is not None:
        learnt, now = _learnt(last), pool_labels(last.fields.all())
        new, labels = sum(learnt.get(pk) != label for pk, label in now.items()), len(now)
        quiet = not _just_voted(last)
    active = TrainingRun.objects.active().filter(fields=field).order_by("pk").first()
    return RetrainingState(last, new, labels, field.retrain_after, active, quiet)


def _learnt(run: TrainingRun) -> Mapping[int, int]:
    """Labels that were frozen for a run, by candidate; none where its folder is gone."""
    path = run.manifest_path
    return _read(path, run.manifest_sha256) if path.exists() else {}


@lru_cache(maxsize=16)
def _read(path: Path, _sha256: str) -> Mapping[int, int]:
    """Labels of a training set, which is read once: pages ask for them again and again."""
    return frozen_labels(path)


def _just_voted(run: TrainingRun) -> bool:
    """Whether somebody has voted in the run's fields, or taken a vote back, in these minutes."""
    since = timezone.now() - QUIET
    lately = Q(cast_at__gt=since) | Q(retracted_at__gt=since)
    return Vote.objects.filter(lately, candidate__field__in=run.fields.all()).exists()


def retrain_due_fields() -> list[TrainingRun]:
    """Repeat the last training of each field that is due, in its asker's name; the new runs.

    What fails in one field does not keep the others from training; it is raised at the end.
    """
    made, faults = [], []
    for field in Field.objects.exclude(retrain_after=0).order_by("pk"):
        try:
            made.append(_retrain(field))
        except Exception as fault:
            fault.add_note(f"while {field} was to train again")
            faults.append(fault)
    if faults:
        raise ExceptionGroup("Not every field that was due trains again", faults)
    return [run for run in made if run]


def _retrain(field: Field) -> TrainingRun | None:
    now = retraining_state(field)
    if now.last is None or not now.due:
        return None
    try:
        # Takes seconds in large fields: before the transaction, for which votes wait on SQLite.
        frozen = training_set(now.last.fields.all(), VOTES)
    except NotTrainable as reason:
        logger.warning("%s does not train again: %s", field, reason)
        return None
    return _repeat(field, now.last, frozen)


@transaction.atomic
def _repeat(field: Field, last: TrainingRun, frozen: TrainingSet) -> TrainingRun | None:
    """Train again on these labels, unless another sweep was faster."""
    # All fields of the run at once: who locks one first and then the others can wait for ever.
    Field.objects.in_turn(last.fields.all())
    now = retraining_state(field)
    if now.last != last or not now.due:
        return None
    return last.request_again(last.requested_by, automatic=True, frozen=frozen)
