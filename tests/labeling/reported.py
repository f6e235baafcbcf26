"""What a worker leaves of a run or an experiment, of made-up answers instead of trained networks.

Evaluations, reports and figures are the classifier's own.
"""

import atexit
import copy
import shutil
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import classifier
from celery_worker.training import evaluate_run
from classifier import experiments
from classifier.evaluation.figures import reports
from classifier.experiments import Arm, Outcome
from labeling.models import Experiment, RunStatus, TrainingRun

CANDIDATES = 120


def manifest() -> classifier.Manifest:
    """As many candidates of each class, all of the control sample."""
    text = np.full(CANDIDATES, "")
    return classifier.Manifest(
        packs=Path(),
        sha256="",
        candidate=np.arange(CANDIDATES),
        field=text,
        catalogue_id=text,
        pack=text,
        row=np.arange(CANDIDATES),
        split=np.full(CANDIDATES, "control"),
        label=np.arange(CANDIDATES) % 4 + 1,
        votes=np.zeros((CANDIDATES, 0), dtype=np.int64),
    )


def predictions(skill: float = 4, seed: int = 0, members: int = 3) -> classifier.Predictions:
    """Answers that are right the more often, the greater the skill."""
    rng = np.random.default_rng(seed)
    weight_MNK = rng.exponential(size=(members, CANDIDATES, 4))
    weight_MNK[:, np.arange(CANDIDATES), np.arange(CANDIDATES) % 4] *= skill
    return classifier.Predictions(
        candidate=np.arange(CANDIDATES),
        member_probability=weight_MNK / weight_MNK.sum(axis=2, keepdims=True),
        missing_bands=np.zeros(CANDIDATES, dtype=np.int64),
        unreadable=[],
    )


def report_on_run(run: TrainingRun) -> None:
    """Give a run its evaluation, calibration and figures."""
    told, figures = _of_a_run(run.preset)
    shutil.copytree(figures, run.figures_directory)
    run.outcome = {**run.outcome, **copy.deepcopy(told)}
    run.save()


@cache
def _of_a_run(preset: str) -> tuple[dict[str, Any], Path]:
    """What is said of a run, and the folder of its figures: drawn once, which takes seconds."""
    run = SimpleNamespace(figures_directory=_drawer() / f"run-{preset}")
    config = classifier.TrainingConfig.from_dict(preset, {})
    return evaluate_run(run, config, predictions(), manifest()), run.figures_directory  # type: ignore[arg-type]


def report_on_experiment(experiment: Experiment) -> None:
    """Let an experiment of whatever kind have compared four crop sizes."""
    report, figures = _of_an_experiment(experiment.preset, experiment.kind)
    shutil.copytree(figures, experiment.figures_directory)
    experiment.status = RunStatus.READY
    experiment.report = copy.deepcopy(report)
    experiment.save()


@cache
def _of_an_experiment(preset: str, kind: str) -> tuple[dict[str, Any], Path]:
    """The report of an experiment, and the folder of its figures."""
    config = classifier.TrainingConfig.from_dict(preset, {})
    arms = experiments.crop_size_arms(config, manifest())
    outcomes = [_outcome(arm, skill) for arm, skill in zip(arms, (2, 4, 3, 6), strict=True)]
    folder = _drawer() / f"experiment-{preset}-{kind}"
    drawn = reports.draw_experiment(folder, kind, outcomes)
    return {**experiments.build_report(kind, outcomes), "figures": drawn}, folder


@cache
def _drawer() -> Path:
    folder = tempfile.mkdtemp(prefix="asterism-figures-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _outcome(arm: Arm, skill: float) -> Outcome:
    answers = predictions(skill, members=arm.config.members)
    return Outcome(arm, _trained(arm), answers, classifier.evaluate(answers, arm.manifest))


def _trained(arm: Arm) -> classifier.TrainingResult:
    facts: dict[str, Any] = {"weights": "imagenet", "weights_note": "", "device": "cpu"}
    return classifier.TrainingResult(
        members=arm.config.members,
        seconds=120.0,
        images_per_second=100.0,
        labelled={"1": 100, "2": 100, "3": 100, "4": 100},
        left_out=0,
        history=[],
        **facts,
    )
