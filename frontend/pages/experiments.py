"""What the pages say of experiments: what each kind asks and costs, and what came of one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from labeling.models import Experiment, Field
from labeling.rules.experiments import Kind, NotFeasible, number_of_arms
from labeling.training.training_set import EXPERT, VOTES, fields_with_labels, labels_to_train_on

QUESTIONS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.CROP_SIZE: "How much of a candidate’s surroundings should the network see: 25, 50 or "
        "100 px, or a random size from 25 to 100 px?",
        Kind.FILTERS: "What is each filter worth: all five, and each left out in turn?",
        Kind.FIELDS: "Does a network work on a field that it was never taught: each field left out "
        "of the training in turn, and judged whole?",
        Kind.LABELS: "Are more labels worth the work: 50, 100, 200, … and all that there are?",
        Kind.ARCHITECTURE: "Which network is best: ResNet18, VGG19-BN, EfficientNet-Lite0 or "
        "StarcNet, on the same stamps and labels?",
        Kind.SOURCES: "Whose labels: the same candidates with the labels of each source, each "
        "judged by its own and by the others’?",
    }
)
"""What each kind of experiment asks, in a sentence."""

FINGERPRINT = "training_set_sha256"
CALLED: Mapping[str, str] = MappingProxyType(
    {FINGERPRINT: "training set", "weights": "starting weights"}
)
"""What differs and is no setting, as people say it."""

DIGITS = 12
"""Of a fingerprint, to tell a few apart by eye."""


@dataclass(frozen=True)
class Offer:
    """A kind of experiment that can be started, and what it costs."""

    kind: Kind
    question: str
    arms: int | None
    why_not: str
    networks: int

    @property
    def trainings(self) -> int:
        """Number of networks to train in all."""
        return (self.arms or 0) * self.networks


@dataclass(frozen=True)
class Share:
    """A proportion with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    of: int


@dataclass(frozen=True)
class Gain:
    """An arm's accuracy minus the first arm's, on the same candidates."""

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class ArmRow:
    """What came of one arm."""

    name: str
    labels: int
    weights: str
    accuracy: Share
    member_mean: float | None
    member_std: float | None
    two_classes: Share | None
    recalls: list[Share]
    clusters: Share | None
    """Found of classes 1 and 2 as one."""
    gain: Gain | None


@dataclass(frozen=True)
class CrossTable:
    """Networks trained on each label source, by the labels of each."""

    count: int
    """Candidates, the same for all."""
    judges: list[str]
    rows: list[tuple[str, list[Share]]]
    """By the source that was trained on: accuracy by the labels of each judge."""


def offers(
    fields: Iterable[Field], label_source: str, sources: Sequence[str], networks: int
) -> Iterator[Offer]:
    """Every kind, with its cost as things are, or what is missing for it."""
    fields = list(fields)
    n_fields = fields_with_labels(label_source, fields)
    n_labels = labels_to_train_on(label_source, fields)
    for kind, question in QUESTIONS.items():
        n_sources = len(sources) if kind == Kind.SOURCES else 1
        try:
            arms = number_of_arms(kind, fields=n_fields, labels=n_labels, sources=n_sources)
        except NotFeasible as reason:
            yield Offer(kind, question, None, str(reason), networks)
        else:
            yield Offer(kind, question, arms, "", networks)


def source_words(source: str) -> str:
    """A label source as people say it."""
    if source == VOTES:
        return "our experts’ consensus"
    if source.startswith(EXPERT):
        return f"{source.removeprefix(EXPERT)}’s own votes"
    return source


def arm_names(experiment: Experiment) -> dict[str, str]:
    """Arms that are called otherwise on the page than in the report."""
    if experiment.kind != Kind.SOURCES:
        return {}
    return {one["name"]: source_words(one["source"]) for one in experiment.training_sets}


def arm_rows(experiment: Experiment) -> list[ArmRow]:
    """The report's arms; where sources are compared, under the sources' names."""
    names = arm_names(experiment)
    return [_arm_row(arm, names) for arm in experiment.report["arms"]]


def judged_by_each(experiment: Experiment) -> CrossTable | None:
    """Each source's networks by each source's labels, where the report has it."""
    # Reports from before that do not have it, nor those of other kinds.
    found = experiment.report.get("judged_by_each")
    if not found:
        return None
    names = arm_names(experiment)
    sources = [names.get(arm["name"], arm["name"]) for arm in experiment.report["arms"]]
    rows = [[_share(share) for share in row] for row in found["accuracy"]]
    return CrossTable(found["count"], sources, list(zip(sources, rows, strict=True)))


def differing(experiment: Experiment) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """What differed: names of the settings and of what arms began with, and values arm by arm."""
    # PostgreSQL keeps the names of an object in an order of its own.
    differs = dict(sorted(experiment.report["differs"].items()))
    names = arm_names(experiment)
    arms = [names.get(arm["name"], arm["name"]) for arm in experiment.report["arms"]]
    rows = [
        (arm, [_shown(setting, values[i]) for setting, values in differs.items()])
        for i, arm in enumerate(arms)
    ]
    return [CALLED.get(name, name) for name in differs], rows


def same(experiment: Experiment) -> list[tuple[str, str]]:
    """Settings that all arms shared, and their values."""
    shared = sorted(experiment.report["same"].items())
    return [(name, _shown(name, value)) for name, value in shared]


def untaught(experiment: Experiment) -> list[str]:
    """Arms that should have started from ImageNet's weights, and could not."""
    report, names = experiment.report, arm_names(experiment)
    arms = report["arms"]
    asked = report["differs"].get("pretrained") or [report["same"]["pretrained"]] * len(arms)
    return [
        names.get(arm["name"], arm["name"])
        for arm, pretrained in zip(arms, asked, strict=True)
        if pretrained and arm["weights"] == "random"
    ]


def _arm_row(arm: Mapping[str, Any], names: Mapping[str, str]) -> ArmRow:
    evaluation, two = arm["evaluation"], arm["evaluation"]["binary_accuracy"]
    # Earlier reports do not have them.
    clusters = evaluation.get("clusters")
    return ArmRow(
        name=names.get(arm["name"], arm["name"]),
        labels=sum(arm["labels"].values()),
        weights=arm["weights"],
        accuracy=_share(evaluation["accuracy"]),
        member_mean=evaluation["member_accuracy_mean"],
        member_std=evaluation["member_accuracy_std"],
        two_classes=_share(two) if two else None,
        recalls=[_share(one["recall"]) for one in evaluation["classes"].values()],
        clusters=_share(clusters["recall"]) if clusters else None,
        gain=_gain(arm["against_first"]),
    )


def _share(found: Mapping[str, Any]) -> Share:
    return Share(found["value"], found["low"], found["high"], found["of"])


def _gain(against_first: Mapping[str, Any] | None) -> Gain | None:
    """The comparison the other way round: it is the first arm's accuracy minus this one's."""
    overall = (against_first or {}).get("overall")
    if not overall or overall["difference"] is None:
        return None
    return Gain(-overall["difference"], -overall["high"], -overall["low"], overall["p_value"])


def _shown(name: str, value: Any) -> str:
    """A setting's value as text."""
    if name == FINGERPRINT:
        return str(value)[:DIGITS]
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
