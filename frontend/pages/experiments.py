"""The kinds of experiments with their costs, and the results of one experiment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from classifier.core.experiment_kinds import ExperimentKind, NotFeasible, number_of_arms
from classifier.core.statistics import Proportion
from labeling.evaluation.control_labels import control_labels
from labeling.models import Candidate, Experiment, Field
from labeling.training.label_source import LabelSource

QUESTIONS: Mapping[ExperimentKind, str] = MappingProxyType(
    {
        ExperimentKind.CROP_SIZE: (
            "How large a stamp does the network need: 25, 50 or 100 px, or a random size from 25 "
            "to 100 px?"
        ),
        ExperimentKind.FILTERS: (
            "What does each filter contribute? Networks that are trained on all five filters "
            "classify the control sample with one filter set to zero (figure 7 of Wei et al. 2020 "
            "does so in a field that they were not trained on); other networks are trained "
            "without that filter."
        ),
        ExperimentKind.FIELDS: (
            "Does a network work in a field without labels? In each arm one field is left out of "
            "the training, and the network is evaluated on the control sample of this field."
        ),
        ExperimentKind.LABELS: (
            "How does accuracy grow with the number of labels: 50, 100, 200, … and all of them?"
        ),
        ExperimentKind.ARCHITECTURE: (
            "Which architecture is best on the same stamps and labels: ResNet18, VGG19-BN, "
            "EfficientNet-Lite0 or StarcNet?"
        ),
        ExperimentKind.SOURCES: (
            "Whose labels are best to train on? Each arm has the labels of one source, and is "
            "evaluated with the labels of every source."
        ),
    }
)
"""The question that each kind of experiment answers."""

FINGERPRINT = "training_set_sha256"
FINGERPRINT_DIGITS = 12
"""Digits shown of a fingerprint, enough to tell a few apart."""

DIFFERENCE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        FINGERPRINT: "training set",
        "weights": "initial weights",
        "blanked": "zero in training and prediction",
        "zeroed_in_prediction": "zero in prediction only",
    }
)
"""Names of the differences between arms that are no settings."""


@dataclass(frozen=True)
class Offer:
    """A kind of experiment with its number of arms, or the reason why it cannot start."""

    kind: ExperimentKind
    question: str
    arms: int | None
    obstacle: str
    members: int

    @property
    def trainings(self) -> int:
        """Number of members to train in all arms."""
        return (self.arms or 0) * self.members


@dataclass(frozen=True)
class Gain:
    """An arm's accuracy minus the first arm's, on the same candidates."""

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class ArmRow:
    """The results of one arm."""

    name: str
    labels: int
    weights: str
    accuracy: Proportion
    member_mean: float | None
    member_std: float | None
    binary_accuracy: Proportion | None
    recalls: list[Proportion]
    cluster_recall: Proportion | None
    """Recall of the classes 1 and 2 taken as one."""
    gain: Gain | None
    networks_of: str = ""
    """Arm whose networks it uses; its own if this is empty."""
    empty_share: float = 0.0
    """Share of the input in training that lies beyond the stored stamps."""


@dataclass(frozen=True)
class CrossTable:
    """Accuracy of the arms of every label source by the labels of every source."""

    count: int
    """Number of candidates, the same for all."""
    sources: list[str]
    rows: list[tuple[str, list[Proportion]]]
    """Training source, and its arm's accuracy by the labels of each source."""


def offers(
    fields: Iterable[Field], label_source: str, sources: Sequence[str], members: int
) -> Iterator[Offer]:
    """Yield every kind with its present cost, or with what it still needs."""
    fields, source = list(fields), LabelSource(label_source)
    labelled = Candidate.objects.filter(field__in=fields).labelled_by(source)
    n_fields = sum(bool(control_labels([field], source).labels) for field in fields)
    n_labels = labelled.training_pool().count()
    for kind, question in QUESTIONS.items():
        n_sources = len(sources) if kind == ExperimentKind.SOURCES else 1
        try:
            arms = number_of_arms(kind, fields=n_fields, labels=n_labels, sources=n_sources)
        except NotFeasible as reason:
            yield Offer(kind, question, None, str(reason), members)
        else:
            yield Offer(kind, question, arms, "", members)


def label_source_name(source: LabelSource | str) -> str:
    """Return the name of a label source for people."""
    source = LabelSource(str(source))
    if source.is_consensus:
        return "our experts’ consensus"
    return str(source) if source.expert is None else f"{source.expert}’s own votes"


def arm_names(experiment: Experiment) -> dict[str, str]:
    """Return names for people, by the report's name, of arms that are label sources."""
    if experiment.kind != ExperimentKind.SOURCES:
        return {}
    return {row["name"]: label_source_name(row["source"]) for row in experiment.training_sets}


def _arms(experiment: Experiment) -> list[str]:
    """Return the names of the report's arms for people, in order."""
    names = arm_names(experiment)
    return [names.get(arm["name"], arm["name"]) for arm in experiment.report["arms"]]


def arm_rows(experiment: Experiment) -> list[ArmRow]:
    """Return the results of the arms."""
    rows = zip(_arms(experiment), experiment.report["arms"], strict=True)
    return [_arm_row(name, arm) for name, arm in rows]


def cross_table(experiment: Experiment) -> CrossTable | None:
    """Return the accuracy by every source's labels; None if sources are not compared."""
    # Reports of earlier versions do not have it either.
    report = experiment.report.get("judged_by_each")
    if not report:
        return None
    sources = _arms(experiment)
    rows = [[Proportion(**accuracy) for accuracy in row] for row in report["accuracy"]]
    return CrossTable(report["count"], sources, list(zip(sources, rows, strict=True)))


def differing_settings(experiment: Experiment) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the names of the settings that differ, and arm by arm their values."""
    # PostgreSQL keeps the names of an object in an order of its own.
    differs = dict(sorted(experiment.report["differs"].items()))
    rows = [
        (arm, [_setting_text(name, values[i]) for name, values in differs.items()])
        for i, arm in enumerate(_arms(experiment))
    ]
    return [DIFFERENCE_NAMES.get(name, name) for name in differs], rows


def shared_settings(experiment: Experiment) -> list[tuple[str, str]]:
    """Return the settings that all arms share, with their values."""
    shared = sorted(experiment.report["same"].items())
    return [(name, _setting_text(name, value)) for name, value in shared]


def arms_without_imagenet(experiment: Experiment) -> list[str]:
    """Return the arms that should have started from ImageNet's weights and could not."""
    report = experiment.report
    arms = report["arms"]
    pretrained = report["differs"].get("pretrained") or [report["same"]["pretrained"]] * len(arms)
    return [
        name
        for name, arm, wanted in zip(_arms(experiment), arms, pretrained, strict=True)
        if wanted and arm["weights"] == "random"
    ]


def _arm_row(name: str, arm: Mapping[str, Any]) -> ArmRow:
    evaluation, binary = arm["evaluation"], arm["evaluation"]["binary_accuracy"]
    # Reports of earlier versions do not have them.
    clusters = evaluation.get("clusters")
    return ArmRow(
        name=name,
        labels=sum(arm["labels"].values()),
        weights=arm["weights"],
        accuracy=Proportion(**evaluation["accuracy"]),
        member_mean=evaluation["member_accuracy_mean"],
        member_std=evaluation["member_accuracy_std"],
        binary_accuracy=Proportion(**binary) if binary else None,
        recalls=[Proportion(**label["recall"]) for label in evaluation["classes"].values()],
        cluster_recall=Proportion(**clusters["recall"]) if clusters else None,
        gain=_gain(arm["against_first"]),
        networks_of=arm.get("networks_of", ""),
        empty_share=arm.get("empty_share", 0.0),
    )


def _gain(comparison: Mapping[str, Any] | None) -> Gain | None:
    """Return the difference the other way round: the report has the first arm minus this one."""
    overall = (comparison or {}).get("overall")
    if not overall or overall["difference"] is None:
        return None
    return Gain(-overall["difference"], -overall["high"], -overall["low"], overall["p_value"])


def _setting_text(name: str, value: Any) -> str:
    """Return a setting's value as text."""
    if name == FINGERPRINT:
        return str(value)[:FINGERPRINT_DIGITS]
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
