"""Figures that a worker drew, as pages show them: a picture, words for it, files to take away."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.urls import reverse

from frontend.templatetags.figures import decimal, percent
from labeling.models import WorkerJob

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "application/pdf",
        "png": "image/png",
        "svg": "image/svg+xml",
        "csv": "text/csv; charset=utf-8",
    }
)
"""The formats in which every figure is kept, by file ending."""

SHOWN = "svg"
"""What a page shows: sharp at every size."""

TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "confusion": (
            "Confusion, four classes",
            "Percent of each true class, mean ± standard deviation over the networks; n counts the "
            "ensemble’s answers. The column beside: how often people agree (Wei et al. 2020).",
        ),
        "confusion-two-classes": (
            "Confusion, cluster or not",
            "The same with 1 and 2 taken together, and 3 and 4.",
        ),
        "entropy": (
            "Entropy of right and wrong answers",
            "Candidates of the control sample; dashed lines are the medians.",
        ),
        "coverage": (
            "Accuracy against coverage",
            "What is gained by leaving the most uncertain candidates to people; the band is the "
            "95 % interval.",
        ),
        "reliability": (
            "Reliability",
            "Of the answers given with some probability, the share that is right, before and "
            "after calibration. On the dotted line probabilities mean what they say.",
        ),
        "arms": (
            "The arms, as ensembles",
            "Accuracy over all classes, over two, and in each class, with 95 % intervals.",
        ),
        "arms-members": (
            "The arms, network by network",
            "Mean and standard deviation over the networks of each arm, as in the paper.",
        ),
        "learning": (
            "Learning curve",
            "Accuracy against the number of labels that were trained on, with 95 % intervals; "
            "dashed: one network alone.",
        ),
    }
)
"""Title and caption of each figure that there is."""

WIDE = frozenset({"arms", "arms-members"})
"""Two columns of a journal wide."""


@dataclass(frozen=True)
class Drawing:
    """One figure."""

    title: str
    caption: str
    alt: str
    picture: str
    """Address of what the page shows."""
    files: list[tuple[str, str]]
    """Ending and address of each format."""
    wide: bool


def drawings(job: WorkerJob, route: str, told: Mapping[str, str]) -> list[Drawing]:
    """The figures of a run or an experiment; `told` says in words what each shows."""
    return [_drawing(job, name, route, told.get(name, "")) for name in job.figures]


def _drawing(job: WorkerJob, name: str, route: str, told: str) -> Drawing:
    title, caption = TITLES.get(name, (name.replace("-", " ").capitalize(), ""))
    files = [(ending, reverse(route, args=[job.pk, name, ending])) for ending in MEDIA_TYPES]
    return Drawing(
        title=title,
        caption=caption,
        alt=f"{title}. {told}".strip(),
        picture=dict(files)[SHOWN],
        files=files,
        wide=name in WIDE,
    )


def told_of_run(outcome: Mapping[str, Any]) -> dict[str, str]:
    """What each figure of a run shows, in a sentence with its numbers."""
    evaluation, calibration = outcome.get("evaluation", {}), outcome.get("calibration", {})
    if "entropy" not in evaluation:
        return {}
    entropy, area = evaluation["entropy"], evaluation["risk_coverage"]["area"]
    found = [f"class {k} {percent(c['recall']['value'])}" for k, c in evaluation["classes"].items()]
    two, before, after = (
        evaluation["binary_accuracy"] or {},
        calibration.get("before") or {},
        calibration.get("after") or {},
    )
    return {
        "confusion": f"Found of each true class: {', '.join(found)}.",
        "confusion-two-classes": f"Right: {percent(two.get('value'))} of the candidates.",
        "entropy": f"Median {decimal(entropy['right_median'])} nat where the ensemble is right, "
        f"{decimal(entropy['wrong_median'])} nat where it is wrong.",
        "coverage": f"Area under 1 − accuracy: {decimal(area, 3)}.",
        "reliability": "Expected calibration error "
        f"{decimal(before.get('expected_calibration_error'), 3)} before, "
        f"{decimal(after.get('expected_calibration_error'), 3)} after.",
    }


def told_of_experiment(report: Mapping[str, Any]) -> dict[str, str]:
    """The same of an experiment: the numbers of all arms are in the table of the page."""
    shares = [
        f"{arm['name']} {percent(arm['evaluation']['accuracy']['value'])}"
        for arm in report.get("arms", [])
    ]
    alone = [
        f"{arm['name']} {percent(arm['evaluation']['member_accuracy_mean'])}"
        for arm in report.get("arms", [])
    ]
    return {
        "arms": f"Over all classes: {', '.join(shares)}.",
        "arms-members": f"Over all classes: {', '.join(alone)}.",
        "learning": f"Over all classes: {', '.join(shares)}.",
    }
