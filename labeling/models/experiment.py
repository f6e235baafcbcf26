"""Experiments: requests to train several times with one thing changed, as rows with a lifecycle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils.text import slugify

from classifier.core.config import PRESETS, Preset
from classifier.core.experiment_kinds import ExperimentKind
from labeling import jobs
from labeling.auth.roles import Role, has_role
from labeling.files.json_values import nonfinite_to_none
from labeling.models.field import Field
from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.job import RunStatus, WorkerJob, WorkerJobQuerySet
from labeling.rules.figure_question import FigureScope, scopes_of
from labeling.training.label_source import LabelSource
from labeling.training.snapshot import TrainingSnapshot


class ExperimentQuerySet(WorkerJobQuerySet["Experiment"]):
    """Queries about experiments, and the method that makes them."""

    def open_to(self, user: User) -> Self:
        """Experiments that this user may see: those on one expert's votes only as a curator."""
        return self if has_role(user, Role.CURATOR) else self.filter(personal=False)

    @transaction.atomic
    def request(
        self,
        requested_by: User,
        kind: str,
        preset: str,
        snapshots: Mapping[LabelSource, TrainingSnapshot],
        *,
        fields: Iterable[Field],
        arms: int,
        overrides: Mapping[str, Any] | None = None,
        key: IdempotencyKey | None = None,
    ) -> Experiment:
        """Queue an experiment with this number of arms on snapshots of labels of fields."""
        names = _names(snapshots)
        experiment = self.create(
            requested_by=requested_by,
            kind=kind,
            preset=preset,
            overrides=dict(overrides or {}),
            arms=arms,
            personal=any(source.expert is not None for source in snapshots),
            training_sets=[
                _entry(names[source], source, snapshot) for source, snapshot in snapshots.items()
            ],
        )
        experiment.fields.set(fields)
        if key:
            key.record(experiment)
        for source, snapshot in snapshots.items():
            snapshot.write(experiment.training_set_path(names[source]))
        jobs.send_on_commit(jobs.EXPERIMENT, experiment.pk)
        return experiment


class Experiment(WorkerJob):
    """One request to train and evaluate several arms; it is never promoted."""

    kind = models.CharField(choices=ExperimentKind.choices(), max_length=16)
    fields = models.ManyToManyField(Field, related_name="experiments")
    preset = models.CharField(choices=Preset.choices(), max_length=32)
    overrides = models.JSONField(default=dict, blank=True)
    arms = models.PositiveSmallIntegerField(help_text="Number of ensembles that are trained.")
    training_sets = models.JSONField(
        default=list, help_text="Name, source, sha256 and label counts of each training set."
    )
    personal = models.BooleanField(
        default=False, help_text="One expert's own votes are among the labels: for curators only."
    )
    report = models.JSONField(
        default=dict, help_text="Differences between the arms, and the result of each."
    )

    objects = ExperimentQuerySet.as_manager()

    task = jobs.EXPERIMENT

    @property
    def scopes(self) -> list[FigureScope]:
        """The questions that its figures answer, each with the names of its fields."""
        fields = list(self.fields.all())
        leaves_fields_out = self.kind == ExperimentKind.FIELDS
        trained_fields = [] if leaves_fields_out else [field.name for field in fields]
        overlaps = self.report.get("training_overlap", {})
        return scopes_of(
            FigureScope.of(field.name, field.split, trained_fields, overlaps.get(field.name))
            for field in fields
        )

    def __str__(self) -> str:
        return f"experiment {self.pk}"

    @property
    def directory(self) -> Path:
        """The folder of its training sets, the runs of its arms, and its figures."""
        return Path(settings.EXPERIMENTS) / str(self.pk)

    @property
    def figures(self) -> list[str]:
        """Names of the figures that were drawn at its end."""
        names: list[str] = self.report.get("figures", [])
        return names

    @property
    def label_sources(self) -> list[LabelSource]:
        """The sources of its labels."""
        return [LabelSource(entry["source"]) for entry in self.training_sets]

    @property
    def members(self) -> int:
        """Number of members in each arm."""
        return int(self.overrides.get("members", PRESETS[self.preset].members))

    def training_set_path(self, name: str) -> Path:
        """Return the file of the training set of that name."""
        return self.directory / "training_sets" / f"{name}.csv"

    def succeed(self, report: Mapping[str, Any]) -> bool:
        """Store the report; False if it was cancelled or taken over meanwhile."""
        return self._end(
            self._claimed(), RunStatus.READY, report=nonfinite_to_none(dict(report)), error=""
        )


def _names(sources: Iterable[LabelSource]) -> dict[LabelSource, str]:
    """Return a unique name of letters, digits, - and _ for each source's file and arm."""
    names: dict[LabelSource, str] = {}
    for number, source in enumerate(sources, 1):
        name = slugify(source.text.replace(":", "-"))[:60] or "source"
        names[source] = f"{name}-{number}" if name in names.values() else name
    return names


def _entry(name: str, source: LabelSource, snapshot: TrainingSnapshot) -> dict[str, Any]:
    return {
        "name": name,
        "source": source.text,
        "sha256": snapshot.sha256,
        "label_counts": snapshot.label_counts,
    }
