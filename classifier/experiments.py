"""Experiments: the same training several times, with one thing changed from arm to arm.

Each arm is an ordinary run in a folder of its own, so an experiment that was interrupted goes on
where it was. Source: Wei et al. 2020, sections 4 and 5: crop sizes, label sources, a field that no
label comes from (NGC 1559), each filter left out in turn (figure 7).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from classifier.core.config import (
    FREE_BACKBONES,
    PRESETS,
    STARCNET_PX,
    Preset,
    TrainingConfig,
)
from classifier.core.errors import NotTrainable
from classifier.core.experiment_kinds import CROP_SIZES_PX, ExperimentKind, learning_curve_sizes
from classifier.core.statistics import Proportion
from classifier.core.training_set import UNLABELLED, Manifest
from classifier.data import dataset
from classifier.evaluation.comparison import compare
from classifier.evaluation.metrics import Evaluation, evaluate, evaluation_sample
from classifier.inference.prediction import Predictions, predict
from classifier.runtime.progress import Report
from classifier.training.ensemble import CHECKPOINT_BATCHES, TrainingResult, train

PREDICTIONS = "predictions-2.safetensors"
"""Not `predictions.safetensors`: earlier versions mixed up the candidates of ensembles in it."""

REPORT = "report.json"
FORMAT = "asterism-experiment/1"


@dataclass(frozen=True)
class Arm:
    """One training of an experiment."""

    name: str
    """Says what is particular to it; also names its folder, so letters, digits, - and _ only."""
    config: TrainingConfig
    manifest: Manifest
    """Its train split is learnt, its control split is what the arm is judged on."""

    def __post_init__(self) -> None:
        """Raises ValueError for a name that is no folder's."""
        if not _names_a_folder(self.name):
            raise ValueError(f"{self.name!r} names an arm: write letters, digits, - and _ only.")


@dataclass(frozen=True)
class Outcome:
    """An arm with its training, predictions and evaluation."""

    arm: Arm
    training: TrainingResult
    predictions: Predictions
    evaluation: Evaluation

    @property
    def labels(self) -> int:
        """Number of stamps trained on."""
        return sum(self.training.labelled.values())


def _names_a_folder(text: str) -> bool:
    return re.fullmatch(r"[\w-]+", text, re.ASCII) is not None


def folder_names(texts: Iterable[str]) -> dict[str, str]:
    """A name for each text's folder: letters, digits, - and _, no two the same.

    A text of only those keeps itself for a name, whatever else there is.
    """
    names: dict[str, str] = {}
    for text in sorted(set(texts), key=lambda text: (not _names_a_folder(text), text)):
        plain = name = text
        if not _names_a_folder(text):
            plain = name = re.sub(r"[^\w-]+", "-", text, flags=re.ASCII).strip("-") or "unnamed"
        numbers = count(2)
        while name in names.values():
            name = f"{plain}-{next(numbers)}"
        names[text] = name
    return names


def crop_sizes(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """25, 50 and 100 px, and a random side between them for each stamp and batch."""
    for side in CROP_SIZES_PX:
        yield Arm(f"{side}-px", replace(config, stamp_px=side, crop_px=()), manifest)
    yield Arm(
        "random-px",
        replace(config, stamp_px=50, crop_px=(CROP_SIZES_PX[0], CROP_SIZES_PX[-1])),
        manifest,
    )


def filters(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """All bands, and each shown as zeros in turn (figure 7): same networks, same candidates."""
    yield Arm("all", config, manifest)
    names = folder_names(config.bands)
    for band in config.bands:
        yield Arm(f"without-{names[band]}", replace(config, blanked=(band,)), manifest)


def fields(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """Each field as one that no label comes from: trained on the others, judged on all of it.

    A field without a label has nothing to be judged on.
    """
    labelled = np.unique(manifest.field[manifest.label != UNLABELLED]).tolist()
    names = folder_names(labelled)
    for field in labelled:
        away = manifest.field == field
        split = np.where(away, "control", manifest.split)
        # The control sample of other runs is not learnt here either.
        label = np.where(away | (manifest.split == "train"), manifest.label, UNLABELLED)
        yield Arm(f"without-{names[field]}", config, manifest.changed(split=split, label=label))


def label_numbers(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """50, 100, 200, … labels and all of them; each set holds the smaller ones (learning curve)."""
    labelled = manifest.labelled("train")
    order = np.random.default_rng(config.seed).permutation(labelled)
    for number in learning_curve_sizes(len(labelled)):
        label = manifest.label.copy()
        label[order[number:]] = UNLABELLED
        part = manifest.changed(label=label) if number < len(labelled) else manifest
        yield Arm(f"{number}-labels", config, part)


def architectures(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """Each backbone with the same stamps, batches and labels; StarcNet never above its own rate."""
    for backbone in FREE_BACKBONES:
        yield Arm(backbone, replace(config, backbone=backbone), manifest)
    peer: dict[str, Any] = {
        "stamp_px": STARCNET_PX,
        "input_px": STARCNET_PX,
        "pretrained": False,
        "learning_rate": min(config.learning_rate, PRESETS[Preset.STARCNET].learning_rate),
    }
    yield Arm("starcnet", replace(config, backbone="starcnet", **peer), manifest)


def sources(config: TrainingConfig, manifests: Mapping[str, Manifest]) -> Iterator[Arm]:
    """The same candidates with labels from different people, by the name of the source."""
    for name, manifest in manifests.items():
        yield Arm(name, config, manifest)


KINDS: Mapping[str, Callable[[TrainingConfig, Manifest], Iterator[Arm]]] = MappingProxyType(
    {
        ExperimentKind.CROP_SIZE.value: crop_sizes,
        ExperimentKind.FILTERS.value: filters,
        ExperimentKind.FIELDS.value: fields,
        ExperimentKind.LABELS.value: label_numbers,
        ExperimentKind.ARCHITECTURE.value: architectures,
    }
)
"""Experiments on one manifest, by name."""


def check(arms: Sequence[Arm]) -> None:
    """Find out what is wrong with any arm before the first is trained.

    Raises ValueError for two arms of one name, NotTrainable where an arm's labels do not suffice.
    """
    names = Counter(arm.name for arm in arms)
    for arm in arms:
        if names[arm.name] > 1:
            raise ValueError(f"Two arms are called {arm.name!r}, and would share a folder.")
        try:
            dataset.training_positions(arm.manifest, arm.config)
        except NotTrainable as error:
            raise NotTrainable(f"The arm {arm.name} cannot be trained. {error}") from error


def run_arms(
    arms: Iterable[Arm],
    directory: Path,
    report: Report = lambda _: None,
    *,
    checkpoint_batches: int = CHECKPOINT_BATCHES,
) -> list[Outcome]:
    """Train, predict and evaluate each arm that is not finished; all outcomes, in order.

    Raises what `train` and `predict` raise; arms that are finished by then stay finished. So do
    networks in training, every `checkpoint_batches`.
    """
    outcomes = []
    for arm in arms:
        folder = directory / arm.name
        training = train(
            arm.config, arm.manifest, folder, report, checkpoint_batches=checkpoint_batches
        )
        predictions = _predicted(arm, folder, report)
        evaluation = evaluate(
            predictions, arm.manifest, max_missing_bands=arm.config.max_missing_bands
        )
        outcomes.append(Outcome(arm, training, predictions, evaluation))
    return outcomes


def _predicted(arm: Arm, folder: Path, report: Report) -> Predictions:
    """The arm's predictions, made once."""
    path = folder / PREDICTIONS
    if not path.exists():
        predict(folder, arm.manifest, report, device=arm.config.device).write(path)
    return Predictions.read(path)


def summary(kind: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The report: what differed between the arms, what came of each, and each against the first.

    `weights` differ where ImageNet's were wanted, and had for some of the arms only.
    Where sources are compared, also each by the labels of each.
    """
    first, by_source = outcomes[0], kind == ExperimentKind.SOURCES
    differs = differences([outcome.arm for outcome in outcomes]) | _uneven(
        {"weights": [outcome.training.weights for outcome in outcomes]}
    )
    settings = first.arm.config.to_dict()
    return {
        "format": FORMAT,
        "differs": differs,
        "same": {name: value for name, value in settings.items() if name not in differs},
        "arms": [_arm_report(outcome, first) for outcome in outcomes],
        "judged_by_each": asdict(judged_by_each(outcomes)) if by_source else None,
    }


@dataclass(frozen=True)
class JudgedByEach:
    """Accuracy of the arms of K label sources by the labels of each, on the same candidates."""

    count: int
    """Candidates of the control sample that all sources label and all arms can measure."""
    accuracy: list[list[Proportion]]
    """(K, K): rows are the sources that were learnt, columns those that judge."""


def judged_by_each(outcomes: Sequence[Outcome]) -> JudgedByEach:
    """Judge each arm's ensemble by the control labels of each arm."""
    labels, answers = [], []
    for one in outcomes:
        spare = one.arm.config.max_missing_bands
        sample = evaluation_sample(one.predictions, one.arm.manifest, "control", spare)
        candidates = one.predictions.candidate[sample.position].tolist()
        labels.append(dict(zip(candidates, sample.truth.tolist(), strict=True)))
        said = one.predictions.label[sample.position].tolist()
        answers.append(dict(zip(candidates, said, strict=True)))
    common = set.intersection(*map(set, labels))
    right = [[sum(said[i] == true[i] for i in common) for true in labels] for said in answers]
    accuracy = [[Proportion.measure(one, len(common)) for one in row] for row in right]
    return JudgedByEach(len(common), accuracy)


def differences(arms: Sequence[Arm]) -> dict[str, list[Any]]:
    """Settings that are not the same in all arms, one value an arm; so for the training sets."""
    facts = [arm.config.to_dict() | {"training_set_sha256": arm.manifest.sha256} for arm in arms]
    return _uneven({name: [fact[name] for fact in facts] for name in facts[0]})


def _uneven(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Those of the columns, with one value an arm, that are not one value throughout."""
    return {
        name: values
        for name, values in columns.items()
        if any(value != values[0] for value in values)
    }


def _arm_report(outcome: Outcome, first: Outcome) -> dict[str, Any]:
    same = outcome is not first and _judged_alike(outcome.arm.manifest, first.arm.manifest)
    return {
        "name": outcome.arm.name,
        "labels": outcome.training.labelled,
        "weights": outcome.training.weights,
        "seconds": outcome.training.seconds,
        "device": outcome.training.device,
        "evaluation": outcome.evaluation.to_dict(),
        "against_first": compare(
            first.predictions,
            outcome.predictions,
            outcome.arm.manifest,
            # Candidates on which both were measured.
            max_missing_bands=min(arm.config.max_missing_bands for arm in (first.arm, outcome.arm)),
        ).to_dict()
        if same
        else None,
    }


def _judged_alike(one: Manifest, other: Manifest) -> bool:
    """True if the same candidates measure both, by the same labels."""
    rows = [(m.candidate[at], m.label[at]) for m in (one, other) for at in [m.labelled("control")]]
    return all(np.array_equal(a, b) for a, b in zip(*rows, strict=True))
