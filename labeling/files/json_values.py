"""JSON has no NaN and no infinity; PostgreSQL and browsers refuse them."""

from math import isfinite
from typing import Any


def finite(value: Any) -> Any:
    """The same value with None for every number that is not finite, at any depth."""
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value
