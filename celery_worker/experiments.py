"""Where the two halves meet for experiments: a claimed one becomes arms, its results a report."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.conf import settings

import classifier
from celery_worker.frozen import frozen_manifest, refusals_are_unfit
from celery_worker.unfit import Unfit
from classifier import experiments
from classifier.evaluation.figures import reports
from classifier.experiments import Arm
from classifier.training import checkpoints
from labeling.models import Experiment
from labeling.rules.experiments import Kind


@refusals_are_unfit()
def carry_out(experiment: Experiment) -> None:
    """Train and judge the arms that are not finished, and store the report on all.

    Raises RunCancelled when an administrator stops the experiment meanwhile.
    """
    arms = arms_of(experiment)
    experiments.check(arms)
    at: dict[str, Any] = {}

    def numbered() -> Iterator[Arm]:
        for number, arm in enumerate(arms, 1):
            at.update(arm=arm.name, arm_number=number, arms=len(arms))
            yield arm

    def report(progress: classifier.Progress) -> None:
        experiment.record({**asdict(progress), **at})

    outcomes = experiments.carry_out(
        numbered(),
        experiment.directory / "arms",
        report,
        checkpoint_batches=settings.CHECKPOINT_BATCHES,
    )
    summary = experiments.summary(experiment.kind, outcomes)
    checkpoints.write_json(experiment.directory / experiments.REPORT, summary)
    drawn = reports.draw_experiment(experiment.figures_directory, experiment.kind, outcomes)
    experiment.succeed({**summary, "figures": drawn})


def arms_of(experiment: Experiment) -> list[Arm]:
    """The arms that were asked for, on the frozen labels; Unfit where they cannot be had."""
    manifests = {
        one["name"]: frozen_manifest(
            experiment.training_set_path(one["name"]), one["sha256"], "experiment"
        )
        for one in experiment.training_sets
    }
    try:
        config = classifier.TrainingConfig.from_dict(experiment.preset, experiment.overrides)
        if experiment.kind == Kind.SOURCES:
            return list(experiments.sources(config, manifests))
        (manifest,) = manifests.values()
        return list(experiments.KINDS[experiment.kind](config, manifest))
    except ValueError as error:
        raise Unfit(f"The configuration of this experiment is not valid: {error}") from error
