"""The figures of a run or an experiment, as pages show them and offer them for download."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.urls import reverse

from classifier.core.properties import PROPERTIES
from frontend.templatetags.formats import decimal, percent
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

PAGE_FORMAT = "svg"
"""The format that a page shows: sharp at every size."""

CAPTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "confusion": (
            "Confusion matrix, four classes",
            "Percent of each true class, mean ± standard deviation over the members; n is the "
            "number of the ensemble’s answers. The column on the right: agreement between people "
            "(Wei et al. 2020).",
        ),
        "confusion-two-classes": (
            "Confusion matrix, cluster or not",
            "The same with classes 1 and 2 taken together, and 3 and 4.",
        ),
        "entropy": (
            "Entropy of right and wrong answers",
            "Candidates of the control sample; dashed lines are the medians.",
        ),
        "coverage": (
            "Accuracy against coverage",
            "Accuracy if the most uncertain candidates are left to people; the band is the 95 % "
            "interval.",
        ),
        "reliability": (
            "Reliability",
            "Share of right answers against the probability given, before and after calibration. "
            "On the dotted line the two are equal.",
        ),
        "properties": (
            "Accuracy by property",
            "In bins of the control candidates, with 95 % intervals; marks are at the median of "
            "each bin. Dotted: all candidates with a value.",
        ),
        "arms": (
            "Arms, ensembles",
            "Accuracy over all classes, over two classes, and in each class, with 95 % intervals.",
        ),
        "arms-members": (
            "Arms, single members",
            "Mean and standard deviation over the members of each arm, as in the paper.",
        ),
        "learning": (
            "Learning curve",
            "Accuracy against the number of training labels, with 95 % intervals; dashed: a "
            "single member.",
        ),
    }
)
"""Title and caption of each figure, by name."""

WIDE = frozenset({"arms", "arms-members", "properties"})
"""Figures as wide as two columns of a journal."""


@dataclass(frozen=True)
class Figure:
    """One figure: a picture for the page, its description, and files to download."""

    title: str
    caption: str
    alt: str
    url: str
    """Address of the picture on the page."""
    files: list[tuple[str, str]]
    """Ending and address of each format."""
    wide: bool


def figures_of(job: WorkerJob, route: str, descriptions: Mapping[str, str]) -> list[Figure]:
    """Return the figures of a run or an experiment, with descriptions by name."""
    return [_figure(job, name, route, descriptions.get(name, "")) for name in job.figures]


def _figure(job: WorkerJob, name: str, route: str, description: str) -> Figure:
    title, caption = CAPTIONS.get(name, (name.replace("-", " ").capitalize(), ""))
    files = [(ending, reverse(route, args=[job.pk, name, ending])) for ending in MEDIA_TYPES]
    return Figure(
        title=title,
        caption=caption,
        alt=f"{title}. {description}".strip(),
        url=dict(files)[PAGE_FORMAT],
        files=files,
        wide=name in WIDE,
    )


def describe_run_figures(outcome: Mapping[str, Any]) -> dict[str, str]:
    """Return a sentence with the numbers of each figure of a run."""
    evaluation, calibration = outcome.get("evaluation", {}), outcome.get("calibration", {})
    if "entropy" not in evaluation:
        return {}
    entropy, area = evaluation["entropy"], evaluation["risk_coverage"]["area"]
    recalls = [
        f"class {label} {percent(numbers['recall']['value'])}"
        for label, numbers in evaluation["classes"].items()
    ]
    binary = evaluation["binary_accuracy"] or {}
    return {
        "confusion": f"Recall: {', '.join(recalls)}.",
        "confusion-two-classes": f"Accuracy {percent(binary.get('value'))}.",
        "entropy": f"Median {decimal(entropy['right_median'])} nat where the ensemble is right, "
        f"{decimal(entropy['wrong_median'])} nat where it is wrong.",
        "coverage": f"Area under 1 − accuracy: {decimal(area, 3)}.",
        "reliability": _calibration_errors(calibration),
        "properties": _trends(outcome.get("properties", [])),
    }


def _trends(properties: list[Mapping[str, Any]]) -> str:
    """Return with which properties the accuracy changes, in a sentence."""
    names = [PROPERTIES[accuracy["name"]][0] for accuracy in properties if accuracy["has_trend"]]
    if names:
        return f"Trend with {', '.join(names)}."
    tested = any(accuracy["p_value"] is not None for accuracy in properties)
    return "No trend is seen." if tested else "Trends were not tested."


def _calibration_errors(calibration: Mapping[str, Any]) -> str:
    """Return the errors before and after calibration in a sentence, without those not measured."""
    errors = [
        f"{decimal(reliability['expected_calibration_error'], 3)} {when}"
        for when in ("before", "after")
        if (reliability := calibration.get(when))
    ]
    return f"Expected calibration error {', '.join(errors)}."


def describe_experiment_figures(report: Mapping[str, Any]) -> dict[str, str]:
    """Return a sentence with the accuracies of the arms for each figure of an experiment."""
    evaluations = {arm["name"]: arm["evaluation"] for arm in report.get("arms", [])}
    ensembles = [f"{name} {percent(e['accuracy']['value'])}" for name, e in evaluations.items()]
    members = [f"{name} {percent(e['member_accuracy_mean'])}" for name, e in evaluations.items()]
    return {
        "arms": f"Accuracy over all classes: {', '.join(ensembles)}.",
        "arms-members": f"Accuracy over all classes: {', '.join(members)}.",
        "learning": f"Accuracy over all classes: {', '.join(ensembles)}.",
    }
