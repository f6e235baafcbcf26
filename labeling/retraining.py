"""When a field trains by itself: enough newly settled labels since those that were last frozen.

Counted against that snapshot each time that somebody asks, so that no label is missed, none counts
twice, and a change of the setting holds at once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import transaction

from labeling.export.training_set import VOTES, NotTrainable, labels_to_train_on
from labeling.models import Field, TrainingRun

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outlook:
    """What a field is waiting for before it trains again."""

    last: TrainingRun | None
    """The run that would be repeated: the last on our experts' labels, however it ended."""
    new_labels: int
    """So many more labels of the training pool are settled than then; below zero, fewer: a change
    of the rules, or votes that were taken back, can open what was settled."""
    wanted: int
    """So many start a training; 0 where nothing trains by itself."""
    active: TrainingRun | None
    """A run of the field that waits or is at work."""

    @property
    def due(self) -> bool:
        """Whether a training should start now."""
        ready = self.last is not None and self.active is None
        return ready and 0 < self.wanted <= abs(self.new_labels)

    @property
    def sentence(self) -> str:
        """What will happen next, in words."""
        if self.active:
            return f"Run {self.active.pk} is {self.active.status}."
        if self.last is None:
            return "No training yet: an administrator starts the first one."
        count = abs(self.new_labels)
        change = "newly" if self.new_labels >= 0 else "no longer"
        since = f"{count} {change} settled label{'' if count == 1 else 's'}"
        if not self.wanted:
            return f"{since} since run {self.last.pk}; an administrator starts the next training."
        if self.due:
            return f"{since} since run {self.last.pk}: the next training starts within a minute."
        return f"{since} since run {self.last.pk}; {self.wanted} start the next training."


def outlook(field: Field) -> Outlook:
    """What the field is waiting for."""
    own = TrainingRun.objects.filter(fields=field, label_source=VOTES).order_by("-pk")
    last = own.first()
    new = 0
    if last is not None:
        new = labels_to_train_on(VOTES, last.fields.all()) - last.n_learnt
    active = TrainingRun.objects.active().filter(fields=field).order_by("pk").first()
    return Outlook(last, new, field.retrain_after, active)


def retrain_where_due() -> list[TrainingRun]:
    """Repeat the last training of each field that is due, in its asker's name; the new runs."""
    trained = Field.objects.exclude(retrain_after=0).order_by("pk")
    return [run for field in trained if (run := _retrain(field))]


@transaction.atomic
def _retrain(field: Field) -> TrainingRun | None:
    (field,) = Field.objects.in_turn([field])
    now = outlook(field)
    if not now.due or now.last is None:
        return None
    try:
        return now.last.request_again(now.last.requested_by, automatic=True)
    except NotTrainable as reason:
        logger.warning("%s does not train again: %s", field, reason)
        return None
