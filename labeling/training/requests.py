"""Requests for trainings: a snapshot of the labels, and then a run or an experiment on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from classifier.core.experiment_kinds import ExperimentKind, NotFeasible, number_of_arms
from classifier.core.training_set import TRAIN
from labeling.models.experiment import Experiment
from labeling.models.field import Field
from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.training_run import TrainingRun
from labeling.rules.conflicts import JobConflict
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.snapshot import TrainingSnapshot, check_label_counts
from labeling.training.training_set import all_label_sources, take_snapshot


def request_run(
    requested_by: User,
    preset: str,
    *,
    fields: Iterable[Field] = (),
    source: LabelSource = CONSENSUS,
    overrides: Mapping[str, Any] | None = None,
    snapshot: TrainingSnapshot | None = None,
    key: IdempotencyKey | None = None,
) -> TrainingRun:
    """Queue a run on a snapshot of the labels, taken now unless it is given.

    No fields means all of them. Raises TooFewClasses; nothing is left behind then.
    """
    chosen = list(fields) or list(Field.objects.all())
    # Takes seconds in large fields: outside the transaction, for which votes wait on SQLite.
    snapshot = snapshot or take_snapshot(chosen, source)
    return TrainingRun.objects.request(
        requested_by,
        preset,
        snapshot,
        fields=chosen,
        source=source,
        overrides=overrides,
        key=key,
    )


def repeat_run(
    run: TrainingRun,
    requested_by: User,
    *,
    automatic: bool = False,
    snapshot: TrainingSnapshot | None = None,
    key: IdempotencyKey | None = None,
) -> TrainingRun:
    """Queue the run's configuration on this snapshot, or on the labels of now.

    Raises TooFewClasses, and JobConflict for an imported run.
    """
    if run.external:
        raise JobConflict(
            f"Run {run.pk} was imported and cannot be trained here. Import new predictions of "
            f"{run.external} with manage.py import_run."
        )
    fields = list(run.fields.all())
    return TrainingRun.objects.request(
        requested_by,
        run.preset,
        snapshot or take_snapshot(fields, run.source),
        fields=fields,
        source=run.source,
        overrides=run.overrides,
        automatic=automatic,
        key=key,
    )


def request_experiment(
    requested_by: User,
    kind: str,
    preset: str,
    *,
    fields: Iterable[Field] = (),
    sources: Sequence[LabelSource] = (CONSENSUS,),
    overrides: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> Experiment:
    """Take a snapshot of the labels of each source and queue an experiment on them.

    No fields means all of them. Raises NotFeasible or TooFewClasses, with what to do; nothing is
    left behind then.
    """
    chosen = list(fields) or list(Field.objects.all())
    _check_sources(sources)
    snapshots = {source: take_snapshot(chosen, source) for source in sources}
    arms = _number_of_arms(kind, snapshots)
    return Experiment.objects.request(
        requested_by,
        kind,
        preset,
        snapshots,
        fields=chosen,
        arms=arms,
        overrides=overrides,
        key=key,
    )


def _check_sources(sources: Sequence[LabelSource]) -> None:
    """Raise NotFeasible for no source, an unknown one, and one that is named twice."""
    existing = all_label_sources()
    if not sources:
        raise NotFeasible("label_sources", "Name a label source.")
    for source in sources:
        if source not in existing:
            names = ", ".join(repr(str(name)) for name in existing)
            raise NotFeasible("label_sources", f"{str(source)!r} is unknown; there are {names}.")
    if len(set(sources)) < len(sources):
        raise NotFeasible("label_sources", "A label source is named twice.")


def _number_of_arms(kind: str, snapshots: Mapping[LabelSource, TrainingSnapshot]) -> int:
    """Return the number of arms; raise NotFeasible or TooFewClasses if one cannot be trained."""
    source, first = next(iter(snapshots.items()))
    labels = first.labels(TRAIN).total()
    fields = first.measured_fields
    count = number_of_arms(kind, fields=len(fields), labels=labels, sources=len(snapshots))
    if kind == ExperimentKind.FIELDS:
        for field in fields:
            check_label_counts(first.labels(TRAIN, without=field), source, f"without {field}")
    return count
