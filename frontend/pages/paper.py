"""Recall of one network of a run beside that published for networks of the same kind of labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.core.config import PRESETS
from classifier.core.published import PublishedRecall, published_recall
from labeling.models import Experiment, TrainingRun
from labeling.training.label_source import LabelSource


@dataclass(frozen=True)
class RecallRow:
    """Recall of one class, mean and standard deviation over the networks."""

    name: str
    mean: float | None
    std: float | None
    count: int
    published: float
    published_std: float | None


@dataclass(frozen=True)
class PaperComparison:
    """The recalls of a run and those of the paper."""

    where: str
    one_expert: bool
    rows: list[RecallRow]


def recall_of_new_sky(experiment: Experiment) -> tuple[PublishedRecall, bool]:
    """Return the paper's recalls in a field without labels, and whether of one expert's labels."""
    one_expert = any(source.expert is not None for source in experiment.label_sources)
    backbone = experiment.overrides.get("backbone", PRESETS[experiment.preset].backbone)
    return published_recall(backbone, one_expert=one_expert, new_sky=True), one_expert


def paper_comparison(run: TrainingRun, evaluation: Mapping[str, Any]) -> PaperComparison | None:
    """Return the recalls of a run of four classes; None for another number of classes."""
    one_expert = LabelSource(run.label_source).expert is not None
    backbone = run.overrides.get("backbone", PRESETS[run.preset].backbone)
    published = published_recall(backbone, one_expert=one_expert)
    percent, classes = evaluation["confusion"]["percent"], evaluation["classes"]
    if len(classes) != len(published.recall):
        return None
    rows = []
    for i, (name, figures) in enumerate(classes.items()):
        mean, std = percent["mean"][i][i], percent["std"][i][i]
        rows.append(
            RecallRow(
                name,
                None if mean is None else mean / 100,
                None if std is None else std / 100,
                figures["count"],
                published.recall[i],
                published.std[i] if published.std else None,
            )
        )
    return PaperComparison(published.where, one_expert, rows)
