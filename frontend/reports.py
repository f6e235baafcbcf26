"""What a training run's page says, from the run's row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeling.models import TrainingRun

STAGES = {"prepare": "reading the stamps", "train": "training", "predict": "predicting"}
SHADES = 5


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix: counts of the ensemble, row percentages of the members."""

    count: int
    percent: float | None
    spread: float | None
    shade: int


@dataclass(frozen=True)
class MatrixRow:
    """The candidates that people put in one class, by what the network says of them."""

    name: str
    cells: list[Cell]
    total: int


@dataclass(frozen=True)
class HowFar:
    """A run at work: what it does, how far it is (0 to 1), and figures where there are any."""

    what: str
    share: float
    loss: float | None
    rate: float | None
    seconds_left: float | None


def how_far(run: TrainingRun) -> HowFar | None:
    """Where the worker is; None before its first report."""
    told = run.progress
    if not told:
        return None
    members = max(told["members"], 1)
    what = STAGES.get(told["stage"], told["stage"])
    if told["stage"] == "train":
        what += f" network {min(told['member'] + 1, members)} of {members}"
        what += f", batch {told['batch']} of {told['batches']}"
    done = told["member"] + told["batch"] / max(told["batches"], 1)
    return HowFar(
        what=what,
        share=min(1.0, done / members),
        loss=told.get("loss"),
        rate=told.get("images_per_second"),
        seconds_left=told.get("seconds_left"),
    )


def confusion_rows(confusion: Mapping[str, Any]) -> list[MatrixRow]:
    """The matrix of `classifier.evaluate`, ready for a table; rows are the truth."""
    percent = confusion["percent"]
    return [
        MatrixRow(
            name,
            [
                Cell(count, mean, spread, 0 if mean is None else round(mean / 100 * SHADES))
                for count, mean, spread in zip(
                    counts, percent["mean"][i], percent["std"][i], strict=True
                )
            ],
            sum(counts),
        )
        for i, (name, counts) in enumerate(
            zip(confusion["classes"], confusion["ensemble"], strict=True)
        )
    ]
