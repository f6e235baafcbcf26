"""The properties of candidates by which accuracy is shown, with titles and units."""

from collections.abc import Mapping
from types import MappingProxyType

PROPERTIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "v": ("V", "mag"),
        "v_i": ("V − I", "mag"),
        "ci": ("concentration index", "mag"),
        "crowding": ("sources within 50 px", ""),
        "nearest": ("distance to the nearest source", "px"),
        "field": ("field", ""),
    }
)
"""Title and unit of each property, by name."""

MIN_IN_BIN = 20
"""Fewest candidates of a bin: with fewer, its interval spans 40 points and more."""

FIELD = "field"
"""The property whose values are names, not numbers."""
