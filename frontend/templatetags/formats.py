"""Filters that format numbers, with a dash for unknown ones; also names and addresses."""

from math import isfinite
from pathlib import PurePath
from typing import Any

from django import template

from classifier.core.statistics import Interval
from frontend.pages.experiments import label_source_name
from labeling.agreement.bootstrap import RESAMPLES
from labeling.api.candidates import rgb_url

register = template.Library()

UNKNOWN = "–"

register.filter("rgb_url", rgb_url)
register.filter("label_source", label_source_name)


@register.filter
def percent(share: Any, places: int = 0) -> str:
    """Format a share as a percentage."""
    return UNKNOWN if not _is_finite_number(share) else f"{share * 100:.{places}f} %"


@register.simple_tag
def bootstrap_interval(interval: Interval, undefined: int = 0, unit: str = "") -> str:
    """Format a bootstrap interval, in percent if `unit` is "%", with the undefined resamples.

    Empty for a figure that is undefined itself.
    """
    if undefined == RESAMPLES or (not undefined and not isfinite(interval[0])):
        return ""
    if not isfinite(interval[0]):
        return f"no interval ({undefined} undefined)"
    low, high = (percent(end) if unit == "%" else decimal(end) for end in interval)
    return f"{low} – {high} ({undefined} undefined)" if undefined else f"{low} – {high}"


@register.filter
def points(difference: Any) -> str:
    """Format a difference of shares in percentage points, with its sign."""
    if not _is_finite_number(difference):
        return UNKNOWN
    value = round(difference * 100, 1)
    return f"{value:+.1f}".replace("-", "−") if value else "0.0"


@register.filter
def p_value(probability: Any) -> str:
    """Format a p value to three decimals, or as below 0.001."""
    if not _is_finite_number(probability):
        return UNKNOWN
    return "< 0.001" if probability < 0.001 else f"{probability:.3f}"


@register.filter
def decimal(value: Any, places: int = 2) -> str:
    """Format a number with a fixed number of decimals; one that rounds to zero has no sign."""
    return UNKNOWN if not _is_finite_number(value) else f"{value:z.{places}f}".replace("-", "−")


@register.filter
def file_name(path: str) -> str:
    """Return the name of a file without its folder, which is the server's business."""
    return PurePath(path).name


@register.filter
def duration(seconds: Any) -> str:
    """Format seconds in the unit that fits: 48 s, 12 min, 3 h 05 min."""
    if not _is_finite_number(seconds):
        return UNKNOWN
    if seconds < 300:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)
