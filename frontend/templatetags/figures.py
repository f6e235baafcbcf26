"""Numbers as people read them, what is not known as a dash; and addresses of pictures."""

from math import isfinite
from pathlib import PurePath
from typing import Any

from django import template

from frontend.pages.experiments import source_words
from labeling.api.candidates import rgb_url

register = template.Library()

NOTHING = "–"

register.filter("rgb_url", rgb_url)
register.filter("label_source", source_words)


@register.filter
def percent(share: Any, places: int = 0) -> str:
    """A share as a percentage with so many decimals."""
    return NOTHING if not _known(share) else f"{share * 100:.{places}f} %"


@register.filter
def points(difference: Any) -> str:
    """A difference of shares in percentage points, with its sign."""
    if not _known(difference):
        return NOTHING
    value = round(difference * 100, 1)
    return f"{value:+.1f}".replace("-", "−") if value else "0.0"


@register.filter
def p_value(probability: Any) -> str:
    """A probability under the null hypothesis, no more exactly than it is worth."""
    if not _known(probability):
        return NOTHING
    return "< 0.001" if probability < 0.001 else f"{probability:.3f}"


@register.filter
def decimal(value: Any, places: int = 2) -> str:
    """A number with so many decimals."""
    return NOTHING if not _known(value) else f"{value:.{places}f}".replace("-", "−")


@register.filter
def file_name(path: str) -> str:
    """The file's own name: where it lies on the server is the server's business."""
    return PurePath(path).name


@register.filter
def duration(seconds: Any) -> str:
    """Seconds in the largest unit that fits: 48 s, 12 min, 3 h 05 min."""
    if not _known(seconds):
        return NOTHING
    if seconds < 300:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)
