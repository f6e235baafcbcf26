"""Run experiments: a claimed row becomes arms to train, and their outcomes become its report."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.conf import settings

import classifier
from celery_worker.control_figures import training_overlap
from celery_worker.errors import InvalidJob
from celery_worker.snapshot import read_snapshot, refusals_as_invalid_jobs
from classifier import experiments
from classifier.core.experiment_kinds import ExperimentKind
from classifier.evaluation.figures import reports
from classifier.experiments import Arm
from classifier.training import checkpoints
from labeling.models import Experiment


@refusals_as_invalid_jobs()
def run_job(experiment: Experiment) -> None:
    """Train and evaluate the arms that are not finished, and store the report on all arms.

    Raises RunCancelled if an administrator cancels the experiment meanwhile.
    """
    arms = experiment_arms(experiment)
    experiments.check_arms(arms)
    current: dict[str, Any] = {}

    def numbered_arms() -> Iterator[Arm]:
        for number, arm in enumerate(arms, 1):
            current.update(arm=arm.name, arm_number=number, arms=len(arms))
            yield arm

    def report(progress: classifier.Progress) -> None:
        experiment.record({**asdict(progress), **current})

    outcomes = experiments.run_arms(
        numbered_arms(),
        experiment.directory / "arms",
        report,
        checkpoint_batches=settings.CHECKPOINT_BATCHES,
    )
    content = experiments.build_report(experiment.kind, outcomes)
    checkpoints.write_json(experiment.directory / experiments.REPORT, content)
    figures = reports.draw_experiment(experiment.figures_directory, experiment.kind, outcomes)
    if experiment.kind == ExperimentKind.FIELDS:
        content["training_overlap"] = training_overlap(experiment.fields.all(), outcomes)
    experiment.succeed({**content, "figures": figures})


def experiment_arms(experiment: Experiment) -> list[Arm]:
    """Return the requested arms, with the labels of the experiment's snapshots.

    Raises InvalidJob for a changed snapshot or a configuration that is not valid.
    """
    manifests = {
        snapshot["name"]: read_snapshot(
            experiment.training_set_path(snapshot["name"]), snapshot["sha256"], "experiment"
        )
        for snapshot in experiment.training_sets
    }
    try:
        config = classifier.TrainingConfig.from_dict(experiment.preset, experiment.overrides)
        if experiment.kind == ExperimentKind.SOURCES:
            return list(experiments.source_arms(config, manifests))
        (manifest,) = manifests.values()
        return list(experiments.KINDS[experiment.kind](config, manifest))
    except ValueError as error:
        raise InvalidJob(f"The configuration of this experiment is not valid: {error}") from error
