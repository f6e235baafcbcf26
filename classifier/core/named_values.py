"""Enumerations whose values have a name for people."""

from enum import StrEnum
from typing import Self


class NamedValue(StrEnum):
    """A value that is stored and sent, and `text`, its name on pages and in messages."""

    text: str

    def __new__(cls, value: str, text: str = "") -> Self:
        """Make a member of its value and its name."""
        member = str.__new__(cls, value)
        member._value_, member.text = value, text
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Return pairs of value and name, for fields of models and forms."""
        return [(member.value, member.text) for member in cls]
