"""Experiments: several trainings (arms) that differ in one setting or in their labels.

Each arm is an ordinary run in a folder of its own, so an interrupted experiment resumes with the
arms that are not finished. Source: Wei et al. 2020, section 4: label sources (4.1), a field that no
label comes from (NGC 1559, 4.2), crop sizes (4.3), each filter set to zero in turn (4.4, figure 7).
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

from classifier.core.config import FREE_BACKBONES, PRESETS, STARCNET_PX, Preset, TrainingConfig
from classifier.core.errors import NotTrainable
from classifier.core.experiment_kinds import CROP_SIZES_PX, ExperimentKind, learning_curve_sizes
from classifier.core.statistics import Proportion
from classifier.core.training_set import CONTROL, UNLABELLED, Manifest
from classifier.data import dataset
from classifier.data.random_views import empty_share
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
    """Name in the report and of the folder: letters, digits, - and _ only."""
    config: TrainingConfig
    manifest: Manifest
    """Training set; the arm is evaluated on its control split."""
    networks_of: str = ""
    """Name of the arm whose networks it uses; they are its own if this is empty."""
    zeroed: tuple[str, ...] = ()
    """Bands that are replaced by zeros in prediction only."""

    @property
    def trained_in(self) -> str:
        """Name of the folder of its networks."""
        return self.networks_of or self.name

    def __post_init__(self) -> None:
        """Raise ValueError for a name that no folder can have."""
        if not _is_folder_name(self.name):
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


def _is_folder_name(text: str) -> bool:
    return re.fullmatch(r"[\w-]+", text, re.ASCII) is not None


def folder_names(texts: Iterable[str]) -> dict[str, str]:
    """Return a folder name for each text: letters, digits, - and _, all different.

    A text of only these characters is its own folder name.
    """
    names: dict[str, str] = {}
    for text in sorted(set(texts), key=lambda text: (not _is_folder_name(text), text)):
        base = text
        if not _is_folder_name(text):
            base = re.sub(r"[^\w-]+", "-", text, flags=re.ASCII).strip("-") or "unnamed"
        name = base
        numbers = count(2)
        while name in names.values():
            name = f"{base}-{next(numbers)}"
        names[text] = name
    return names


def crop_size_arms(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """Yield arms for 25, 50 and 100 px, and for a random side for each stamp and batch."""
    for side in CROP_SIZES_PX:
        yield Arm(f"{side}-px", replace(config, stamp_px=side, crop_px=()), manifest)
    limits = (CROP_SIZES_PX[0], CROP_SIZES_PX[-1])
    yield Arm("random-px", replace(config, stamp_px=50, crop_px=limits), manifest)


def filter_arms(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """Yield an arm for all bands, and two for each band that is replaced by zeros.

    In the first, as in figure 7, only the stamps to predict lack the band, and the networks are
    those of the arm with all bands. In the second, networks are trained without it.
    """
    whole = Arm("all", config, manifest)
    yield whole
    names = folder_names(config.bands)
    for band in config.bands:
        yield replace(whole, name=f"zeroed-{names[band]}", networks_of=whole.name, zeroed=(band,))
    for band in config.bands:
        yield Arm(f"without-{names[band]}", replace(config, blanked=(band,)), manifest)


def field_arms(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """Yield an arm for each field with control labels, which it does not train on.

    It is evaluated on the control sample of this field: the labels of its pool are of candidates
    that a network chose, and people may have seen what it says of them.
    """
    measured = manifest.labelled(CONTROL)
    fields = np.unique(manifest.field[measured]).tolist()
    names = folder_names(fields)
    for field in fields:
        left_out = manifest.field == field
        # No run trains on the control sample, not even on that of the other fields.
        label = np.where(left_out == (manifest.split == CONTROL), manifest.label, UNLABELLED)
        yield Arm(f"without-{names[field]}", config, manifest.changed(label=label))


def learning_curve_arms(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """Yield arms for 50, 100, 200, … labels and for all; each set contains the smaller ones."""
    labelled = manifest.labelled("train")
    order = np.random.default_rng(config.seed).permutation(labelled)
    for number in learning_curve_sizes(len(labelled)):
        label = manifest.label.copy()
        label[order[number:]] = UNLABELLED
        subset = manifest.changed(label=label) if number < len(labelled) else manifest
        yield Arm(f"{number}-labels", config, subset)


def architecture_arms(config: TrainingConfig, manifest: Manifest) -> Iterator[Arm]:
    """Yield an arm for each backbone; StarcNet's learning rate is at most its preset's."""
    for backbone in FREE_BACKBONES:
        yield Arm(backbone, replace(config, backbone=backbone), manifest)
    starcnet: dict[str, Any] = {
        "backbone": "starcnet",
        "stamp_px": STARCNET_PX,
        "input_px": STARCNET_PX,
        "pretrained": False,
        "learning_rate": min(config.learning_rate, PRESETS[Preset.STARCNET].learning_rate),
    }
    yield Arm("starcnet", replace(config, **starcnet), manifest)


def source_arms(config: TrainingConfig, manifests: Mapping[str, Manifest]) -> Iterator[Arm]:
    """Yield an arm for each label source; `manifests` have the same candidates."""
    for name, manifest in manifests.items():
        yield Arm(name, config, manifest)


KINDS: Mapping[str, Callable[[TrainingConfig, Manifest], Iterator[Arm]]] = MappingProxyType(
    {
        ExperimentKind.CROP_SIZE.value: crop_size_arms,
        ExperimentKind.FILTERS.value: filter_arms,
        ExperimentKind.FIELDS.value: field_arms,
        ExperimentKind.LABELS.value: learning_curve_arms,
        ExperimentKind.ARCHITECTURE.value: architecture_arms,
    }
)
"""Experiments on one manifest, by name."""


def check_arms(arms: Sequence[Arm]) -> None:
    """Check all arms before the first is trained.

    Raises ValueError for two arms of one name, NotTrainable for an arm with too few labels.
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
    """Train, predict and evaluate each arm; return the outcomes in order.

    Arms that are finished are not trained again. Raises what `train` and `predict` raise; then
    finished arms are kept, and of a member in training its latest checkpoint.
    """
    outcomes = []
    for arm in arms:
        training = train(
            arm.config,
            arm.manifest,
            directory / arm.trained_in,
            report,
            checkpoint_batches=checkpoint_batches,
        )
        predictions = _load_or_predict(arm, directory, report)
        evaluation = evaluate(
            predictions, arm.manifest, max_missing_bands=arm.config.max_missing_bands
        )
        outcomes.append(Outcome(arm, training, predictions, evaluation))
    return outcomes


def _load_or_predict(arm: Arm, directory: Path, report: Report) -> Predictions:
    """Return the arm's predictions; they are computed once and stored in its folder."""
    path = directory / arm.name / PREDICTIONS
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        predict(
            directory / arm.trained_in,
            arm.manifest,
            report,
            device=arm.config.device,
            zeroed=arm.zeroed,
        ).write(path)
    return Predictions.read(path)


def build_report(kind: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the settings that differ, the results of each arm, and its comparison with the first.

    `weights` differ if ImageNet's were requested and available for some of the arms only. A
    comparison of label sources also has the accuracy of each arm by the labels of each source.
    """
    first, by_source = outcomes[0], kind == ExperimentKind.SOURCES
    differs = arm_differences([outcome.arm for outcome in outcomes]) | _not_constant(
        {"weights": [outcome.training.weights for outcome in outcomes]}
    )
    settings = first.arm.config.to_dict()
    return {
        "format": FORMAT,
        "differs": differs,
        "same": {name: value for name, value in settings.items() if name not in differs},
        "arms": [_arm_report(outcome, first) for outcome in outcomes],
        "judged_by_each": asdict(accuracy_by_source(outcomes)) if by_source else None,
    }


@dataclass(frozen=True)
class AccuracyBySource:
    """Accuracy of the arms of K label sources by the labels of each, on the same candidates."""

    count: int
    """Number of control candidates with a label of each source and a prediction of each arm."""
    accuracy: list[list[Proportion]]
    """(K, K): a row for each arm, a column for the labels of each source."""


def accuracy_by_source(outcomes: Sequence[Outcome]) -> AccuracyBySource:
    """Return the accuracy of each arm's ensemble by the control labels of each arm."""
    labels, answers = [], []
    for outcome in outcomes:
        predictions, arm = outcome.predictions, outcome.arm
        sample = evaluation_sample(
            predictions, arm.manifest, "control", arm.config.max_missing_bands
        )
        candidates = predictions.candidate[sample.position].tolist()
        labels.append(dict(zip(candidates, sample.truth.tolist(), strict=True)))
        predicted = predictions.label[sample.position].tolist()
        answers.append(dict(zip(candidates, predicted, strict=True)))
    common = set.intersection(*map(set, labels))
    right = [[sum(a[pk] == truth[pk] for pk in common) for truth in labels] for a in answers]
    accuracy = [[Proportion.measure(number, len(common)) for number in row] for row in right]
    return AccuracyBySource(len(common), accuracy)


def arm_differences(arms: Sequence[Arm]) -> dict[str, list[Any]]:
    """Return the values that differ of settings, training set's sha256 and zeroed bands."""
    rows = [
        arm.config.to_dict()
        | {"training_set_sha256": arm.manifest.sha256, "zeroed_in_prediction": list(arm.zeroed)}
        for arm in arms
    ]
    return _not_constant({name: [row[name] for row in rows] for name in rows[0]})


def _not_constant(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the columns whose values, one for each arm, are not all equal."""
    return {
        name: values
        for name, values in columns.items()
        if any(value != values[0] for value in values)
    }


def _arm_report(outcome: Outcome, first: Outcome) -> dict[str, Any]:
    comparable = outcome is not first and _same_control_labels(
        outcome.arm.manifest, first.arm.manifest
    )
    return {
        "name": outcome.arm.name,
        "labels": outcome.training.labelled,
        "networks_of": outcome.arm.networks_of,
        "empty_share": empty_share(outcome.arm.config),
        "weights": outcome.training.weights,
        # Networks that several arms use are counted with the arm that trained them.
        "seconds": 0.0 if outcome.arm.networks_of else outcome.training.seconds,
        "device": outcome.training.device,
        "evaluation": outcome.evaluation.to_dict(),
        "against_first": compare(
            first.predictions,
            outcome.predictions,
            outcome.arm.manifest,
            # The stricter limit: only candidates on which both were evaluated.
            max_missing_bands=min(arm.config.max_missing_bands for arm in (first.arm, outcome.arm)),
        ).to_dict()
        if comparable
        else None,
    }


def _same_control_labels(first: Manifest, second: Manifest) -> bool:
    """True if both have the same labelled candidates in the control split, and the same labels."""
    first_rows, second_rows = (manifest.labelled("control") for manifest in (first, second))
    return np.array_equal(
        first.candidate[first_rows], second.candidate[second_rows]
    ) and np.array_equal(first.label[first_rows], second.label[second_rows])
