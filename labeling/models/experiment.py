"""Experiments: requests to train several times with one thing changed, as rows with a lifecycle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.utils.text import slugify

from labeling import jobs
from labeling.auth.roles import Role, has_role
from labeling.files.json_values import finite
from labeling.models.field import Field
from labeling.models.job import RunStatus, WorkerJob, WorkerJobQuerySet
from labeling.models.training_run import Preset
from labeling.rules.experiments import Kind, NotFeasible, number_of_arms
from labeling.training.training_set import (
    EXPERT,
    VOTES,
    TrainingSet,
    check_classes,
    label_sources,
    training_set,
)


class ExperimentQuerySet(WorkerJobQuerySet["Experiment"]):
    """Who may see which, and the verb that makes them."""

    def open_to(self, user: Any) -> Self:
        """Those that say nothing of a single expert, to experts; all, to curators."""
        return self if has_role(user, Role.CURATOR) else self.filter(personal=False)

    @transaction.atomic
    def request(
        self,
        requested_by: Any,
        kind: str,
        preset: str,
        *,
        fields: Iterable[Field] = (),
        sources: Sequence[str] = (VOTES,),
        overrides: Mapping[str, Any] | None = None,
    ) -> Experiment:
        """Freeze the labels of each source as they are now and queue an experiment on them.

        No fields means all of them. Raises `NotFeasible` or `training_set.NotTrainable`, with what
        to do, where it could not be carried out; nothing is left behind then.
        """
        chosen = list(fields) or list(Field.objects.all())
        _check_sources(sources)
        frozen = {source: training_set(chosen, source) for source in sources}
        names = _names(sources)
        experiment = self.create(
            requested_by=requested_by,
            kind=kind,
            preset=preset,
            overrides=dict(overrides or {}),
            arms=_arms(kind, frozen),
            personal=any(source.startswith(EXPERT) for source in sources),
            training_sets=[_entry(names[source], source, frozen[source]) for source in sources],
        )
        experiment.fields.set(chosen)
        for source in sources:
            frozen[source].write(experiment.training_set_path(names[source]))
        jobs.send_on_commit(jobs.EXPERIMENT, experiment.pk)
        return experiment


class Experiment(WorkerJob):
    """One request to train and judge several arms; it predicts for nobody and never goes live."""

    kind = models.CharField(choices=Kind, max_length=16)
    fields = models.ManyToManyField(Field, related_name="experiments")
    preset = models.CharField(choices=Preset, max_length=32)
    overrides = models.JSONField(default=dict, blank=True)
    arms = models.PositiveSmallIntegerField(help_text="Number of trainings of an ensemble.")
    training_sets = models.JSONField(
        default=list, help_text="Name, source, sha256 and label counts, one for each label source."
    )
    personal = models.BooleanField(
        default=False, help_text="One expert's own votes are among the labels: for curators only."
    )
    report = models.JSONField(default=dict, help_text="What differed, and what came of each arm.")

    objects = ExperimentQuerySet.as_manager()

    task = jobs.EXPERIMENT

    def __str__(self) -> str:
        return f"experiment {self.pk}"

    @property
    def directory(self) -> Path:
        """Where it keeps its training sets, the runs of its arms, and its figures."""
        return Path(settings.EXPERIMENTS) / str(self.pk)

    @property
    def figures(self) -> list[str]:
        """Names of the figures that were drawn at its end."""
        names: list[str] = self.report.get("figures", [])
        return names

    @property
    def label_sources(self) -> list[str]:
        """Where its labels come from."""
        return [one["source"] for one in self.training_sets]

    @property
    def members(self) -> int:
        """Number of networks in each arm."""
        return int(self.overrides.get("members", Preset(self.preset).members))

    def training_set_path(self, name: str) -> Path:
        """The frozen training set of that name."""
        return self.directory / "training_sets" / f"{name}.csv"

    def succeed(self, report: Mapping[str, Any]) -> bool:
        """Store what came of it; False if it was cancelled or taken over meanwhile."""
        return self._end(self._mine(), RunStatus.READY, report=finite(dict(report)), error="")


def _check_sources(sources: Sequence[str]) -> None:
    """Raises NotFeasible for none, for one that there is not, and for one that is named twice."""
    known = label_sources()
    if not sources:
        raise NotFeasible("label_sources", "Name a label source.")
    for source in sources:
        if source not in known:
            there = ", ".join(map(repr, known))
            raise NotFeasible("label_sources", f"{source!r} is not known; there are {there}.")
    if len(set(sources)) < len(sources):
        raise NotFeasible("label_sources", "A label source is named twice.")


def _arms(kind: str, frozen: Mapping[str, TrainingSet]) -> int:
    """Number of arms; raises NotFeasible or NotTrainable where one could not be trained."""
    (source, first), *others = frozen.items()
    labels = first.labels("train").total()
    fields = first.labelled_fields
    count = number_of_arms(kind, fields=len(fields), labels=labels, sources=1 + len(others))
    if kind == Kind.FIELDS:
        for field in fields:
            check_classes(first.labels("train", without=field), source, f"without {field}")
    return count


def _names(sources: Sequence[str]) -> dict[str, str]:
    """A name for each source's file and arm: letters, digits, - and _, no two the same."""
    names: dict[str, str] = {}
    for number, source in enumerate(sources, 1):
        name = slugify(source.replace(":", "-"))[:60] or "source"
        names[source] = f"{name}-{number}" if name in names.values() else name
    return names


def _entry(name: str, source: str, frozen: TrainingSet) -> dict[str, Any]:
    return {
        "name": name,
        "source": source,
        "sha256": frozen.sha256,
        "label_counts": frozen.label_counts,
    }
