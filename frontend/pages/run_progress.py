"""The progress of a run or an experiment that a worker is at."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from labeling.models import TrainingRun, WorkerJob

STAGES = {"prepare": "reading the stamps", "train": "training", "predict": "predicting"}


@dataclass(frozen=True)
class JobProgress:
    """The present activity of a job, its share of the whole (0 to 1), and figures of training."""

    activity: str
    share: float
    loss: float | None
    images_per_second: float | None
    seconds_left: float | None


def run_progress(run: TrainingRun) -> JobProgress | None:
    """Return the progress of a run, on one worker or several; None before the first report."""
    reports = run.member_progress
    if len(reports) > 1 and run.progress.get("stage") == "train":
        return _shared_progress(run, reports)
    return job_progress(run)


def _shared_progress(run: TrainingRun, reports: list[Mapping[str, Any]]) -> JobProgress:
    """Return the progress of a run whose members several workers train side by side."""
    numbers = sorted(report["member"] + 1 for report in reports)
    trained = run.member_claims.filter(trained=True).count()
    in_training = sum(report["batch"] / max(report["batches"], 1) for report in reports)
    losses = [report["loss"] for report in reports if report["loss"] is not None]
    # Each report has the worker's share of the whole, and the time for the rest without the others.
    rest = max(0.0, 1 - sum(report["fraction"] for report in reports))
    speed = sum((1 - r["fraction"]) / r["seconds_left"] for r in reports if r["seconds_left"])
    return JobProgress(
        activity=f"training members {', '.join(map(str, numbers[:-1]))} and {numbers[-1]} "
        f"of {run.members}, on {len(reports)} workers",
        share=min(1.0, (trained + in_training) / max(run.members, 1)),
        loss=sum(losses) / len(losses) if losses else None,
        images_per_second=sum(report["images_per_second"] or 0 for report in reports),
        seconds_left=rest / speed if speed else None,
    )


def job_progress(
    job: WorkerJob, arm_names: Mapping[str, str] = MappingProxyType({})
) -> JobProgress | None:
    """Return the progress by the worker's last report; None before the first one.

    An experiment advances by its arms, in which only the training counts.
    """
    report = job.progress
    if not report:
        return None
    members = max(report["members"], 1)
    activity = STAGES.get(report["stage"], report["stage"])
    if report["stage"] == "train":
        activity += f" member {min(report['member'] + 1, members)} of {members}"
        activity += f", batch {report['batch']} of {report['batches']}"
    trained = report["member"] + report["batch"] / max(report["batches"], 1)
    share = min(1.0, trained / members)
    if "arm" in report:
        name = arm_names.get(report["arm"], report["arm"])
        activity = f"arm {report['arm_number']} of {report['arms']}, {name}: {activity}"
        share_of_arm = {"prepare": 0.0, "train": share}.get(report["stage"], 1.0)
        share = (report["arm_number"] - 1 + share_of_arm) / report["arms"]
    return JobProgress(
        activity=activity,
        share=share,
        loss=report.get("loss"),
        images_per_second=report.get("images_per_second"),
        seconds_left=report.get("seconds_left"),
    )
