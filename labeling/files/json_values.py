"""Values for JSON, which has no NaN and no infinity; PostgreSQL and browsers refuse them."""

from math import isfinite
from typing import Any


def nonfinite_to_none(value: Any) -> Any:
    """Return the value with None for every number that is not finite, at any depth."""
    if isinstance(value, dict):
        return {key: nonfinite_to_none(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [nonfinite_to_none(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value
