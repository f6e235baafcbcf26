"""The verbs that make training runs, and those by which workers get them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from django.db import transaction
from django.utils import timezone

from labeling import jobs
from labeling.files.json_values import finite
from labeling.models import job
from labeling.models.field import Field
from labeling.models.job import RunStatus, WorkerJobQuerySet
from labeling.training.training_set import VOTES, TrainingSet, training_set

if TYPE_CHECKING:
    from labeling.models.training_run import TrainingRun


class TrainingRunQuerySet(WorkerJobQuerySet["TrainingRun"]):
    """Training runs, to be asked for, claimed and joined."""

    def taken_in(self, field: Field, network: str, sha256: str) -> Self:
        """What was imported into a field from a file with this content, under this name."""
        return self.filter(fields=field, external=network, outcome__sha256=sha256)

    def request(
        self,
        requested_by: Any,
        preset: str,
        *,
        fields: Iterable[Field] = (),
        label_source: str = VOTES,
        overrides: Mapping[str, Any] | None = None,
        automatic: bool = False,
        frozen: TrainingSet | None = None,
    ) -> TrainingRun:
        """Freeze the labels as they are now, unless they come frozen, and queue a run on them.

        No fields means all of them. The same request again, before a worker has begun, is one
        request: the run that waits gets the labels of now. Raises `training_set.NotTrainable`, with
        what to do, when fewer than two classes are labelled; nothing is left behind then.
        """
        asked = Field.objects.filter(pk__in=[field.pk for field in fields])
        chosen = list(asked or Field.objects.all())
        # Takes seconds in large fields: before the transaction, for which votes wait on SQLite.
        frozen = frozen or training_set(chosen, label_source)
        wish = {
            "preset": preset,
            "label_source": label_source,
            "overrides": dict(overrides or {}),
        }
        with transaction.atomic():
            chosen = Field.objects.lock_rows(chosen)
            run = self._waiting(chosen, wish) or self.create(
                requested_by=requested_by, automatic=automatic, **wish
            )
            run.fields.set(chosen)
            run.freeze(frozen)
            jobs.send_on_commit(jobs.TRAIN, run.pk)
        return run

    def _waiting(self, fields: Iterable[Field], wish: Mapping[str, Any]) -> TrainingRun | None:
        """The run of the same wish that no worker has begun, locked so that none does."""
        # One that is to go on where it stopped has networks of the labels that it began with.
        untouched = self.filter(status=RunStatus.QUEUED, attempts=0, started_at=None, **wish)
        wanted = {field.pk for field in fields}
        for run in untouched.select_for_update():
            if set(run.fields.values_list("pk", flat=True)) == wanted:
                return run
        return None

    @transaction.atomic
    def claim(self, pk: int, message: str = "") -> TrainingRun | None:
        """The queued run, now this worker's own; None while another one works on a field of its.

        It keeps waiting then, for the message at the other's end or the next sweep.
        """
        fields = Field.objects.lock_rows(Field.objects.filter(runs=pk))
        at_work = self.filter(status=RunStatus.RUNNING, fields__in=fields)
        if (fields and at_work.exists()) or not (run := super().claim(pk, message)):
            return None
        # Whoever had a part in an earlier claim learns that it is over when they next report.
        run.taken.all().delete()
        run.finishing_at = None
        run.save(update_fields=["finishing_at"])
        run.tell(f"Taken up, attempt {run.attempts}.", job.worker_name())
        return run

    def join(self, pk: int) -> TrainingRun | None:
        """A run at which another worker is, if a member of it is still free.

        Not for a worker that has given it up: it would take the message from one that can help.
        """
        run = self.filter(pk=pk, status=RunStatus.RUNNING, finishing_at=None).first()
        if run is None or run.was_given_up_by(job.worker_name()):
            return None
        free = run.taken.count() < run.members or run.taken.orphaned().exists()
        return run if free else None

    @transaction.atomic
    def take_in(
        self,
        network: str,
        field: Field,
        predictions: Iterable[Mapping[str, Any]],
        source: Mapping[str, Any],
        by: Any,
    ) -> tuple[TrainingRun, bool]:
        """Keep what somebody else's network says of a field as a run; the run, and if it is new.

        `source` says where it comes from: its `sha256` tells the same file from another. The gate
        judges the run, and it goes live only where a person promotes it.
        """
        # Who takes in the same file waits here; votes only while it gets its last places.
        Field.objects.lock_rows([field])
        if there := self.taken_in(field, network, source["sha256"]).first():
            return there, False
        run = self.create(
            requested_by=by,
            external=network,
            label_source="",
            status=RunStatus.READY,
            finished_at=timezone.now(),
            outcome=finite(dict(source)),
        )
        run.fields.add(field)
        strategies = run.write_predictions(predictions)
        (locked,) = run.fields.lock_out_votes()
        run.update_queue_after_writing(locked, strategies)
        run.judge()
        return run, True
