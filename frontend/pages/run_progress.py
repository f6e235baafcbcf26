"""What the page of a training run or an experiment says of its progress, and of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from labeling.models import TrainingRun, WorkerJob

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
    """Work going on: what is done, how far it is (0 to 1), and figures where there are any."""

    what: str
    share: float
    loss: float | None
    rate: float | None
    seconds_left: float | None


def shared(run: TrainingRun) -> HowFar | None:
    """How far a run is on which several workers train side by side; None of any other."""
    reports = run.at_work
    if len(reports) < 2 or run.progress.get("stage") != "train":
        return None
    networks = sorted(told["member"] + 1 for told in reports)
    what = f"training networks {', '.join(map(str, networks[:-1]))} and {networks[-1]}"
    finished = run.taken.filter(trained=True).count()
    under_way = sum(told["batch"] / max(told["batches"], 1) for told in reports)
    losses = [told["loss"] for told in reports if told["loss"] is not None]
    # Each tells its share of the whole, and how long it would take for the rest, were it alone.
    left = max(0.0, 1 - sum(told["fraction"] for told in reports))
    speed = sum(
        (1 - told["fraction"]) / told["seconds_left"] for told in reports if told["seconds_left"]
    )
    return HowFar(
        what=f"{what} of {run.members}, on {len(reports)} workers",
        share=min(1.0, (finished + under_way) / max(run.members, 1)),
        loss=sum(losses) / len(losses) if losses else None,
        rate=sum(told["images_per_second"] or 0 for told in reports),
        seconds_left=left / speed if speed else None,
    )


def how_far(job: WorkerJob, arm_names: Mapping[str, str] = MappingProxyType({})) -> HowFar | None:
    """Where the worker is; None before its first report.

    An experiment is as far as its arms, of which the training is what takes time.
    """
    told = job.progress
    if not told:
        return None
    members = max(told["members"], 1)
    what = STAGES.get(told["stage"], told["stage"])
    if told["stage"] == "train":
        what += f" network {min(told['member'] + 1, members)} of {members}"
        what += f", batch {told['batch']} of {told['batches']}"
    done = told["member"] + told["batch"] / max(told["batches"], 1)
    share = min(1.0, done / members)
    if "arm" in told:
        name = arm_names.get(told["arm"], told["arm"])
        what = f"arm {told['arm_number']} of {told['arms']}, {name}: {what}"
        of_arm = {"prepare": 0.0, "train": share}.get(told["stage"], 1.0)
        share = (told["arm_number"] - 1 + of_arm) / told["arms"]
    return HowFar(
        what=what,
        share=share,
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
